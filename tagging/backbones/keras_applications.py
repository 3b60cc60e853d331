"""Inception v3 and VGG16 as keras.applications defines them, behind our embedding interface."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import numpy.typing as npt

from tagging.backbones.cards import IMAGENET_CLASSES, BackboneCard

_BUILDERS = {
    "inception_v3": keras.applications.InceptionV3,
    "vgg16": keras.applications.VGG16,
}
# The last layer whose output is still a map; its global average is the embedding. For Inception
# v3 that is also what its own classification layer reads; VGG16's reads a flattened 7 x 7 map.
_LAST_MAP = {"inception_v3": "mixed10", "vgg16": "block5_pool"}
_LINEAR_TOP = frozenset({"inception_v3"})
# Behind the averages the maxima of the same map (see the card).
_WITH_MAXIMA = frozenset({"vgg16"})


def load_application(
    card: BackboneCard, path: Path
) -> tuple[keras.Model, dict[str, npt.NDArray[Any]] | None]:
    """Return the embedding network with its weights, and its ImageNet head where it has one.

    The network takes uint8 [n, size, size, 3] and gives float32 [n, dimension]. The head is
    {"kernel": [top_features, 1000], "bias": [1000]}, or None when the file came without top or
    the top is not linear on the averages. Raises ValueError for a file of another network.
    """
    with_top = _has_top(path)
    body = _BUILDERS[card.key](
        include_top=with_top,
        weights=None,
        input_shape=(card.input_size, card.input_size, 3),
        classifier_activation=None,
    )
    _load_weights(body, path)
    head = None
    if with_top and card.key in _LINEAR_TOP:
        kernel, bias = body.get_layer("predictions").get_weights()
        head = {"kernel": kernel.astype(np.float32), "bias": bias.astype(np.float32)}
    return _embedding_network(card, body), head


def build_application(card: BackboneCard) -> keras.Model:
    """Return the embedding network with random weights."""
    shape = (card.input_size, card.input_size, 3)
    body = _BUILDERS[card.key](include_top=False, weights=None, input_shape=shape)
    return _embedding_network(card, body)


def _embedding_network(card: BackboneCard, body: keras.Model) -> keras.Model:
    pixels = keras.Input((card.input_size, card.input_size, 3), dtype="uint8", name="pixels")
    maps = keras.Model(body.inputs, body.get_layer(_LAST_MAP[card.key]).output, name="body")
    last_map = maps(_scale(card, pixels))
    embedding = keras.layers.GlobalAveragePooling2D(name="averages")(last_map)
    if card.key in _WITH_MAXIMA:
        maxima = keras.layers.GlobalMaxPooling2D(name="maxima")(last_map)
        embedding = keras.layers.Concatenate(name="embedding")([embedding, maxima])
    return keras.Model(pixels, embedding, name=card.key)


def _scale(card: BackboneCard, pixels: Any) -> Any:
    """Return the pixels as the network was trained on them (see `cards.Scaling`)."""
    if card.scaling == "signed_unit":
        return keras.layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(pixels)
    # Blue, green, red, each minus its ImageNet mean, as the Caffe release of VGG wants them. The
    # exchange of channels is a fixed 1 x 1 convolution, which every engine runs the same way.
    exchange = keras.layers.Conv2D(3, 1, name="caffe_scaling", trainable=False)
    floats = keras.layers.Rescaling(1.0, name="scaling")(pixels)
    scaled = exchange(floats)
    reverse = np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3)
    exchange.set_weights([reverse, np.array([-103.939, -116.779, -123.68], dtype=np.float32)])
    return scaled


def _has_top(path: Path) -> bool:
    """Return whether an HDF5 file holds a matrix with one column per ImageNet class."""
    found: list[str] = []

    def look(name: str, item: object) -> None:
        if isinstance(item, h5py.Dataset) and len(item.shape) == 2:
            found.extend([name] if item.shape[1] == IMAGENET_CLASSES else [])

    try:
        with h5py.File(path) as file:
            file.visititems(look)
    except OSError as error:
        raise ValueError(f"{path.name} is not an HDF5 weights file: {error}") from error
    return bool(found)


def _load_weights(body: keras.Model, path: Path) -> None:
    """Load either of Keras' two weight formats, which Keras tells apart by the file's name only."""
    with h5py.File(path) as file:
        is_old = "layer_names" in file.attrs
    with tempfile.TemporaryDirectory() as folder:
        named = Path(folder) / ("old.h5" if is_old else "new.weights.h5")
        named.symlink_to(path.resolve())
        try:
            body.load_weights(named)
        except (ValueError, KeyError) as error:
            raise ValueError(f"{path.name} does not fit {body.name}: {error}") from error
