"""What every engine promises, and the checks that all of them share."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from tagging.backbones.cards import BackboneCard
from tagging.backbones.prepared import (
    GOLDEN_TOLERANCE,
    PreparedBackbone,
    golden_difference,
    golden_distance,
)

Images = npt.NDArray[np.uint8]
Embeddings = npt.NDArray[np.float32]
Head = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
Precision = Literal["float32", "float16", "bfloat16"]

THREADS_VARIABLE = "EYES_ENGINE_THREADS"
# Beyond this one photo gains little; several workers are the better use of more cores.
_MOST_THREADS = 8

_UNIT_ROUNDOFF = {"float16": 2.0**-11, "bfloat16": 2.0**-8}
_HALF_TOLERANCE = 32
"""How many unit roundoffs the golden outputs of a half precision may be off, as a share of their
length. Rounding errors of a chain of layers add up like a random walk, to about the square root of
the number of operations in a row (Higham and Mary 2019, doi:10.1137/18M1226312): ten for a hundred
layers. Our drawn golden images are harder than photos: in bfloat16 EfficientNet-Lite0 was off by
19 roundoffs and VGG16 by 2, in float16 by 16 and 3. What must be found is far beyond: exchanged
channels are off by 75 roundoffs of bfloat16 and 600 of float16."""


class EngineMismatch(RuntimeError):
    """Raised when an engine does not reproduce the golden outputs of its backbone."""


class Engine(Protocol):
    """What serves a backbone.

    Not to be carried across a fork: open it where it is used. `embed` may be called by one thread
    at a time; whoever has several opens an engine in each, or takes turns. Decoding beside it in
    other threads is fine: an engine lets them run while it computes.
    """

    @property
    def card(self) -> BackboneCard:
        """Return the facts of the backbone that this engine serves."""

    @property
    def name(self) -> str:
        """Return "onnx", "keras" or "openvino"."""

    @property
    def precision(self) -> Precision:
        """Return what the network computes in; what it returns is float32 in any case."""

    def embed(self, images: Images) -> Embeddings:
        """Return float32 [n, dimension] for uint8 [n, size, size, 3]; n may be 0."""

    def imagenet_head(self) -> Head | None:
        """Return (kernel [top_features, 1000], bias [1000]), or None without a top."""


def check_golden(engine: Engine, prepared: PreparedBackbone) -> None:
    """Raise EngineMismatch unless the engine gives the embeddings that Keras gave in float32.

    In float32 the largest single difference counts (GOLDEN_TOLERANCE). In half precision single
    numbers scatter, so there the distance as a whole counts, against what rounding alone explains.
    """
    found = engine.embed(prepared.golden_images)
    if engine.precision == "float32":
        difference = golden_difference(found, prepared.golden_embeddings)
        limit, unit = GOLDEN_TOLERANCE, "scale"
    else:
        difference = golden_distance(found, prepared.golden_embeddings)
        limit, unit = _HALF_TOLERANCE * _UNIT_ROUNDOFF[engine.precision], "length"
    if not difference <= limit:
        raise EngineMismatch(
            f"The {engine.name} engine of {engine.card.key} is off by {difference:.2g} of the "
            f"golden outputs' {unit} in {engine.precision}; at most {limit:g} is accepted."
        )


def embed_in_parts(
    images: Images, card: BackboneCard, run: Callable[[Images], Embeddings]
) -> Embeddings:
    """Return float32 [n, dimension] for uint8 [n, size, size, 3], `cpu_batch` images a call.

    What `run` returns is copied, so that it may write its next answer into the same memory.
    """
    check_images(images, card)
    result = np.empty((len(images), card.dimension), dtype=np.float32)
    for start in range(0, len(images), card.cpu_batch):
        part = np.ascontiguousarray(images[start : start + card.cpu_batch])
        result[start : start + len(part)] = run(part)
    return result


def check_images(images: Images, card: BackboneCard) -> None:
    """Raise ValueError for pixels of another shape or type than the card wants."""
    expected = (card.input_size, card.input_size, 3)
    if images.ndim != 4 or images.shape[1:] != expected or images.dtype != np.uint8:
        raise ValueError(
            f"{card.key} takes uint8 images of shape (n, {expected[0]}, {expected[1]}, 3), "
            f"not {images.dtype} {images.shape}."
        )


def thread_count() -> int:
    """Return the threads for one photo: the environment's wish, else the cores we may use.

    Raises ValueError for a wish that is not a positive whole number.
    """
    wish = os.environ.get(THREADS_VARIABLE, "").strip()
    if wish:
        if not wish.isdigit() or int(wish) == 0:
            raise ValueError(f"{THREADS_VARIABLE}={wish!r} is not a positive whole number.")
        return int(wish)
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)
