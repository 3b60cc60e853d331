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

from tagging.backbones.cards import BackboneCard, CardError
from tagging.backbones.efficientnet_lite0 import build_efficientnet_lite0, load_efficientnet_lite0
from tagging.backbones.keras_applications import build_application, load_application
from tagging.backbones.weights import BackboneUnavailable

Arrays = dict[str, npt.NDArray[Any]]


def load_network(card: BackboneCard, path: Path) -> tuple[keras.Model, Arrays | None]:
    """Return the embedding network with the weights in `path`, and its ImageNet head or None.

    The network takes uint8 [n, size, size, 3] and gives float32 [n, dimension]. Raises
    BackboneUnavailable when the file is damaged or belongs to another network.
    """
    head: Arrays | None
    try:
        if card.application is None:
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
    if card.application is None:
        return build_efficientnet_lite0()
    return build_application(card)


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
