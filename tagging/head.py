"""The trained head: one matrix product from an embedding to a probability per tag."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagging.familiarity import Familiarity
from tagging.plain_npz import read_npz, write_npz

Vector = NDArray[np.float32]
Matrix = NDArray[np.float32]


class BrokenHead(ValueError):
    """Raised for a head whose parts do not fit together; the message says which."""


@dataclass(frozen=True, eq=False)
class Spoken:
    """What a head says of n photos: probabilities float32 [n, t], and which tags are certain
    enough to be shown or offered, bool [n, t]. Neither is any where `familiar` [n] is false."""

    scores: Matrix
    shown: NDArray[np.bool_]
    offered: NDArray[np.bool_]
    familiar: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Head:
    """What a version knows: d numbers of an embedding in, t probabilities out.

    `mean` and `scale` [d] standardise the embedding, `kernel` [d, t] and `bias` [t] are fitted
    (calibration is folded into them), `show` and `suggest` [t] are the per-tag thresholds on the
    probability. A threshold above 1 means never. All float32. `familiarity` says of which photos
    the head speaks at all.
    """

    labels: tuple[str, ...]
    mean: Vector
    scale: Vector
    kernel: Matrix
    bias: Vector
    show: Vector
    suggest: Vector
    familiarity: Familiarity = field(default_factory=Familiarity.of_everything)

    def __post_init__(self) -> None:
        for name in self._array_names():
            array = np.ascontiguousarray(getattr(self, name), dtype=np.float32)
            object.__setattr__(self, name, array)
        self._check()

    @classmethod
    def _array_names(cls) -> list[str]:
        return [each.name for each in fields(cls) if each.name not in {"labels", "familiarity"}]

    def _check(self) -> None:
        if len(set(self.labels)) != len(self.labels):
            raise BrokenHead("A tag stands twice among the labels.")
        d, t = self.mean.size, len(self.labels)
        expected = {
            "mean": (d,), "scale": (d,), "kernel": (d, t), "bias": (t,), "show": (t,),
            "suggest": (t,),
        }  # fmt: skip
        for name, shape in expected.items():
            array = getattr(self, name)
            if array.shape != shape:
                raise BrokenHead(f"{name} has shape {array.shape}, expected {shape}.")
            if not np.isfinite(array).all():
                raise BrokenHead(f"{name} holds a number that is not finite.")
        if not (self.scale > 0).all():
            raise BrokenHead("scale must be positive everywhere.")
        anchors = self.familiarity.anchors
        if anchors.ndim != 2 or anchors.shape[1] > d or not np.isfinite(anchors).all():
            raise BrokenHead(f"anchors of shape {anchors.shape} do not fit {d} numbers.")

    @property
    def dimension(self) -> int:
        """Return how many numbers an embedding must have."""
        return int(self.mean.size)

    @cached_property
    def folded(self) -> tuple[Matrix, Vector]:
        """Return kernel [d, t] and bias [t] of the same head for raw embeddings: ((x - mean) /
        scale) @ kernel + bias multiplied out, so that scoring is a single product."""
        kernel = self.kernel / self.scale[:, None]
        return kernel, self.bias - self.mean @ kernel

    def scores(self, embeddings: NDArray[np.floating[Any]]) -> Matrix:
        """Return a probability per photo and tag, float32 [n, t], for embeddings [n, d].

        Raises BrokenHead when the embeddings have another length than the head was fitted on.
        """
        if embeddings.ndim != 2 or embeddings.shape[1] != self.dimension:
            raise BrokenHead(
                f"Embeddings have shape {embeddings.shape}, expected [n, {self.dimension}]."
            )
        kernel, bias = self.folded
        logits = embeddings.astype(np.float32, copy=False) @ kernel + bias
        return sigmoid(logits)

    def speak(self, embeddings: NDArray[np.floating[Any]]) -> Spoken:
        """Return what is said of the photos of these embeddings [n, d]; raises as `scores`."""
        scores = self.scores(embeddings)
        familiar = self.familiarity.covers(embeddings)
        return Spoken(
            scores=scores,
            shown=(scores >= self.show) & familiar[:, None],
            offered=(scores >= np.minimum(self.suggest, self.show)) & familiar[:, None],
            familiar=familiar,
        )

    def to_bytes(self) -> bytes:
        """Return the head as a `.npz` file: the same head always gives the same bytes."""
        labels = json.dumps(self.labels, ensure_ascii=False).encode()
        arrays: dict[str, NDArray[Any]] = {
            name: getattr(self, name) for name in self._array_names()
        }
        return write_npz(
            {
                **arrays,
                "labels": np.frombuffer(labels, dtype=np.uint8),
                "anchors": self.familiarity.anchors.astype(np.float16),
                "floor": np.array([self.familiarity.floor], dtype=np.float64),
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> Head:
        """Return the head in these bytes of `to_bytes`; raise BrokenHead when it is not one."""
        try:
            arrays = read_npz(data)
            labels = tuple(json.loads(arrays.pop("labels").tobytes()))
            anchors = arrays.pop("anchors").astype(np.float32)
            familiarity = Familiarity(anchors, float(arrays.pop("floor").item()))
            return cls(labels=labels, familiarity=familiarity, **arrays)
        except BrokenHead:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenHead(f"Not a head file: {error}") from error


@dataclass(frozen=True, eq=False)
class GoldenOutputs:
    """A few embeddings [n, d] and the scores [n, t] that a version must give for them."""

    embeddings: Matrix
    scores: Matrix

    @classmethod
    def of(cls, head: Head, embeddings: NDArray[np.floating[Any]]) -> GoldenOutputs:
        """Return what this head says now of these embeddings, to be published beside it."""
        inputs = np.asarray(embeddings, dtype=np.float32)
        return cls(inputs, head.scores(inputs))

    def largest_difference(self, head: Head) -> float:
        """Return how far this head's probabilities are from the recorded ones, at most 1.

        Raises BrokenHead when the head has another shape than the recorded outputs.
        """
        scores = head.scores(self.embeddings)
        if scores.shape != self.scores.shape:
            raise BrokenHead(f"Scores have shape {scores.shape}, expected {self.scores.shape}.")
        return float(np.abs(scores - self.scores).max(initial=0.0))

    def to_bytes(self) -> bytes:
        """Return both arrays as a `.npz` file with reproducible bytes."""
        return write_npz({"embeddings": self.embeddings, "scores": self.scores})

    @classmethod
    def from_bytes(cls, data: bytes) -> GoldenOutputs:
        """Return the outputs in these bytes; raise BrokenHead when they are something else."""
        try:
            arrays = read_npz(data)
            return cls(arrays["embeddings"], arrays["scores"])
        except (ValueError, KeyError) as error:
            raise BrokenHead(f"Not a file of golden outputs: {error}") from error


def sigmoid(logits: Matrix) -> Matrix:
    """Return 1 / (1 + exp(-x)) elementwise, float32, without overflow at either end."""
    small: Matrix = np.exp(-np.abs(logits)).astype(np.float32, copy=False)
    upper: Matrix = np.where(logits >= 0, np.float32(1), small)
    return upper / (np.float32(1) + small)
