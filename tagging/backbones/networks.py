"""The Keras door: everything that other code needs from Keras and TensorFlow to embed photos.

Importing this module imports TensorFlow (seconds, hundreds of MB), so others reach it by an
import inside a function.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from tagging.backbones.cards import BackboneCard, CardError, get_card
from tagging.backbones.efficientnet_lite0 import build_efficientnet_lite0, load_efficientnet_lite0
from tagging.backbones.keras_applications import build_application, load_application
from tagging.backbones.weight_files import load_weights
from tagging.backbones.weights import BackboneUnavailable, verified_weights

Arrays = dict[str, npt.NDArray[Any]]


def load_network(card: BackboneCard, store: Path) -> tuple[keras.Model, Arrays | None]:
    """Return the embedding network with its checked weights, and its ImageNet head or None.

    The network takes uint8 [n, size, size, 3] and gives float32 [n, dimension]. A fine-tuned one
    holds its base as well (`tuned`). Raises BackboneUnavailable when weights are missing, damaged
    or of another network.
    """
    head: Arrays | None
    path, _ = verified_weights(card, store)
    try:
        if card.tuned_from:
            base, head = load_network(get_card(card.tuned_from), store)
            network = compose(card, base, load_tuned(get_card(card.tuned_from), path))
        elif card.application is None:
            network, head = load_efficientnet_lite0(path)
        else:
            network, head = load_application(card, path)
    except CardError as error:
        raise BackboneUnavailable(str(error)) from error
    except ValueError as error:
        raise BackboneUnavailable(f"The weights of {card.key} cannot be used: {error}") from error
    if network.output_shape != (None, card.dimension):
        raise BackboneUnavailable(
            f"{card.key} gives {network.output_shape[-1]} numbers, its card says {card.dimension}."
        )
    return network, head


def build_network(card: BackboneCard) -> keras.Model:
    """Return the same network with random weights, for tests and for training from scratch."""
    if card.tuned_from:
        base = get_card(card.tuned_from)
        return compose(card, build_network(base), build_network(base))
    if card.application is None:
        return build_efficientnet_lite0()
    return build_application(card)


def load_tuned(base: BackboneCard, path: Path) -> keras.Model:
    """Return a network like `base` with the weights of a fine-tuned file; ValueError for others."""
    network = build_network(base)
    try:
        load_weights(network, path)
    except ValueError as error:
        raise ValueError(f"{path.name} is no fine-tuned {base.key}: {error}") from error
    return network


def compose(card: BackboneCard, base: keras.Model, tuned: keras.Model) -> keras.Model:
    """Return one network that says what the base says of a photo, then what the tuned one says.

    float32 [n, top_features + base dimension]. One graph instead of two spaces: whatever reads
    the first `top_features` numbers (first-day words, near-duplicates, familiarity) reads exactly
    what it read before, and a roll-back loses nothing. Layers that tuning left alone are the same
    in both halves; the export merges them.
    """
    tuned.name = f"{base.name}_tuned"
    pixels = keras.Input(base.input_shape[1:], dtype="uint8", name="pixels")
    before = base(pixels)[:, : card.top_features]
    embedding = keras.layers.Concatenate(name="embedding")([before, tuned(pixels)])
    return keras.Model(pixels, embedding, name=card.key.replace("+", "_"))


def compile_embedder(
    network: keras.Model,
) -> Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]:
    """Return a function that runs the network on a batch as one traced graph.

    `network.predict` would add a quarter of a second to every call.
    """
    shape = network.input_shape
    traced = tf.function(
        lambda pixels: network(pixels, training=False),
        input_signature=[tf.TensorSpec(shape, tf.uint8)],
    )

    def embed(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        result: npt.NDArray[np.float32] = traced(tf.constant(images)).numpy()
        return result

    return embed


def sees_gpu() -> bool:
    """Return whether TensorFlow finds a GPU it can use."""
    return bool(tf.config.list_physical_devices("GPU"))
