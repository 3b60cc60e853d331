"""The networks of keras.applications as their cards describe them, as embedding networks."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from tagging.backbones.card import IMAGENET_CLASSES, Application, BackboneCard, CardError, Part
from tagging.backbones.plain_operations import in_plain_operations
from tagging.backbones.weight_files import examine_weight_file, load_weights


def load_application(
    card: BackboneCard, path: Path
) -> tuple[keras.Model, dict[str, npt.NDArray[Any]] | None]:
    """Return the embedding network with its weights, and its ImageNet head where it has one.

    The network takes uint8 [n, size, size, 3] and gives float32 [n, dimension]. The head is
    {"kernel": [top_features, 1000], "bias": [1000]}, or None when the file came without top or
    the top is not linear on the embedding. Raises CardError for a card that does not fit the
    network, and ValueError for a file that is unsafe or of another network.
    """
    application = _application(card)
    file = examine_weight_file(path)
    if application.needs_top and not file.has_top:
        raise ValueError(
            f"{path.name} came without the top of {application.name}, and {card.key} reads layers "
            "that belong to it. Give the file with top."
        )
    body = _build_body(card, with_top=file.has_top)
    load_weights(body, path, file)
    head = _linear_top(card, body) if file.has_top else None
    return _embedding_network(card, in_plain_operations(body)), head


def build_application(card: BackboneCard) -> keras.Model:
    """Return the embedding network with random weights; raises CardError."""
    body = _build_body(card, with_top=_application(card).needs_top)
    return _embedding_network(card, in_plain_operations(body))


def with_cuts(card: BackboneCard, layers: tuple[str, ...]) -> BackboneCard:
    """Return the card with the averages of further maps joined at the end of its embedding.

    The last features of a network that learnt with smoothed labels serve other subjects worse
    than its accuracy promises (Kornblith et al. 2019, arXiv:1805.08974), so earlier maps are worth
    comparing. Raises CardError for a backbone that is not of keras.applications or has no such map.
    """
    application = _application(card)
    cuts = tuple(Part(layer, "averages") for layer in layers)
    body = _build_body(card, with_top=application.needs_top)
    further = sum(_width(cut, _taken(card, body, cut)) for cut in cuts)
    parts = replace(application, parts=application.parts + cuts)
    return replace(card, application=parts, dimension=card.dimension + further)


def part_widths(card: BackboneCard) -> list[tuple[str, int]]:
    """Return each part of the embedding in words, with how many numbers it has, in order."""
    application = _application(card)
    body = _build_body(card, with_top=application.needs_top)
    return [(str(part), _width(part, _taken(card, body, part))) for part in application.parts]


def _application(card: BackboneCard) -> Application:
    if card.application is None:
        raise CardError(f"{card.key} is no network of keras.applications.")
    return card.application


def _build_body(card: BackboneCard, *, with_top: bool) -> keras.Model:
    """Return the network as keras.applications builds it, with random weights and no softmax."""
    name = _application(card).name
    build = getattr(keras.applications, name, None) if name[:1].isupper() else None
    if build is None:
        known = ", ".join(name for name in dir(keras.applications) if name[0].isupper())
        raise CardError(f"The card of {card.key} names {name!r}; keras.applications has: {known}.")
    return build(
        include_top=with_top,
        weights=None,
        input_shape=(card.input_size, card.input_size, 3),
        classifier_activation=None,
    )


def _embedding_network(card: BackboneCard, body: keras.Model) -> keras.Model:
    """Return the network from uint8 pixels to the card's parts, joined in their order."""
    pixels = keras.Input((card.input_size, card.input_size, 3), dtype="uint8", name="pixels")
    parts = _application(card).parts
    taken = {(part.layer, part.take == "input"): _taken(card, body, part) for part in parts}
    maps = keras.Model(body.inputs, list(taken.values()), name="body")(_scale(card, pixels))
    found = dict(zip(taken, maps, strict=True))
    pooled = [_POOLS[part.take]()(found[part.layer, part.take == "input"]) for part in parts]
    joined = keras.layers.Concatenate(name="embedding")(pooled) if len(pooled) > 1 else pooled[0]
    if joined.shape != (None, card.dimension):
        raise CardError(
            f"The parts of {card.key} are {joined.shape[-1]} numbers, its card says "
            f"{card.dimension}."
        )
    return keras.Model(pixels, joined, name=card.key)


_POOLS = {
    "averages": keras.layers.GlobalAveragePooling2D,
    "maxima": keras.layers.GlobalMaxPooling2D,
    "input": keras.layers.Flatten,
}


def _taken(card: BackboneCard, body: keras.Model, part: Part) -> Any:
    """Return the tensor inside the network that a part is taken of; raise CardError if none is."""
    layer = _layer(card, body, part.layer)
    tensor = layer.input if part.take == "input" else layer.output
    if isinstance(tensor, list) or (part.take != "input" and len(tensor.shape) != 4):
        raise CardError(
            f"The card of {card.key} takes {part}, but that is no map of channels: "
            f"{[one.shape for one in keras.tree.flatten(tensor)]}."
        )
    return tensor


def _layer(card: BackboneCard, body: keras.Model, name: str) -> keras.layers.Layer:
    """Return the layer of this name; raise CardError that names the last ones."""
    names = [layer.name for layer in body.layers]
    if name not in names:
        raise CardError(
            f"The card of {card.key} names the layer {name!r}, which {body.name} does not have. "
            f"Its last ones: {', '.join(names[-8:])}."
        )
    return body.get_layer(name)


def _width(part: Part, tensor: Any) -> int:
    """Return how many numbers of the embedding come of a tensor."""
    return math.prod(tensor.shape[1:]) if part.take == "input" else int(tensor.shape[-1])


def _linear_top(card: BackboneCard, body: keras.Model) -> dict[str, npt.NDArray[Any]] | None:
    """Return the last layer of the network's own top as a matrix; a 1 x 1 convolution is one."""
    name = _application(card).top
    if name is None:
        return None
    layer = _layer(card, body, name)
    if not isinstance(layer, keras.layers.Dense | keras.layers.Conv2D):
        raise CardError(f"The card of {card.key} names {name} as its top, which is not linear.")
    kernel, bias = (numbers.astype(np.float32) for numbers in layer.get_weights())
    matrix = kernel.reshape(-1, kernel.shape[-1])
    if matrix.shape != (card.top_features, IMAGENET_CLASSES):
        raise CardError(
            f"The top of {card.key} is a matrix of {matrix.shape}, but its card says that it "
            f"reads {card.top_features} numbers."
        )
    return {"kernel": matrix, "bias": bias}


def _scale(card: BackboneCard, pixels: Any) -> Any:
    """Return the pixels as the network takes them (see `card.Scaling`)."""
    if card.scaling == "signed_unit":
        return keras.layers.Rescaling(1 / 127.5, offset=-1, name="scaling")(pixels)
    floats = keras.layers.Rescaling(1.0, name="scaling")(pixels)
    if card.scaling == "inside":
        return floats
    # Blue, green, red, each minus its ImageNet mean, as the Caffe release of VGG wants them. The
    # exchange of channels is a fixed 1 x 1 convolution, which every engine runs the same way.
    exchange = keras.layers.Conv2D(3, 1, name="caffe_scaling", trainable=False)
    scaled = exchange(floats)
    reverse = np.eye(3, dtype=np.float32)[::-1].reshape(1, 1, 3, 3)
    exchange.set_weights([reverse, np.array([-103.939, -116.779, -123.68], dtype=np.float32)])
    return scaled
