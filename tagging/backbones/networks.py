"""The Keras door: everything that other code needs from Keras and TensorFlow to embed photos.

Importing this module imports TensorFlow (seconds, hundreds of MB), so others reach it by an
import inside a function.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
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

CannotCompute = tf.errors.OpError
"""What TensorFlow raises for an operation that this machine has not, or has no memory for."""

_POLICIES = {"float16": "mixed_float16", "bfloat16": "mixed_bfloat16", "float32": "float32"}


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
    own = tuned(pixels)
    if card.is_mirrored:
        own = keras.layers.Average(name="views")([own, tuned(pixels[:, :, ::-1, :])])
    embedding = keras.layers.Concatenate(name="embedding")([before, own])
    return keras.Model(pixels, embedding, name=card.key.replace("+", "_"))


@contextmanager
def computing_in(precision: str) -> Iterator[None]:
    """Let networks that are built meanwhile compute in "float32", "float16" or "bfloat16".

    Weights stay float32 in any case, so that the same files are loaded.
    """
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(_POLICIES[precision])
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def compile_embedder(
    network: keras.Model, *, batches: Sequence[int] = (), jit_compile: bool = False
) -> Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]:
    """Return a function that runs the network on a batch as one traced graph, to float32.

    Without `batches` one graph takes any number of photos; with them there is one graph for each
    of these sizes, traced here, and no other size is taken (KeyError). `jit_compile` hands the
    graph to XLA. `network.predict` would add a quarter of a second to every call.
    """
    shape = network.input_shape[1:]
    traced = tf.function(
        lambda pixels: tf.cast(network(pixels, training=False), tf.float32),
        jit_compile=jit_compile,
    )
    graphs = {
        batch: traced.get_concrete_function(tf.TensorSpec((batch, *shape), tf.uint8))
        for batch in batches or (None,)
    }

    def embed(images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        graph = graphs[len(images) if batches else None]
        result: npt.NDArray[np.float32] = graph(tf.constant(images)).numpy()
        return result

    return embed


def prepare_gpus() -> None:
    """Let memory on a GPU grow as it is needed, and let float32 mean float32.

    Without it TensorFlow takes all memory at the start, and computes float32 products in TF32
    with ten bits of twenty-three, which misses the golden outputs; half precision is the way to
    be quick. The memory part must come before the first computation; after it nothing changes.
    """
    tf.config.experimental.enable_tensor_float_32_execution(False)
    for gpu in tf.config.list_physical_devices("GPU"):
        try:
            tf.config.experimental.set_memory_growth(gpu, enable=True)
        except RuntimeError:  # this process has computed on it already
            return


def sees_gpu() -> bool:
    """Return whether TensorFlow finds a GPU it can use."""
    return bool(tf.config.list_physical_devices("GPU"))
