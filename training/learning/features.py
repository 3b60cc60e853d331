"""From stored embeddings to what the head reads."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

# A feature that (almost) never changes carries nothing; dividing by its spread would blow up noise.
_LEAST_SPREAD = 1e-4


def standardisation(
    embeddings: NDArray[np.float16],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return (mean, scale), each float32 [d], such that (x - mean) / scale has spread one.

    Sums run in float64: in float16 a mean over thousands of photos would be off by whole digits.
    """
    mean = embeddings.mean(axis=0, dtype=np.float64)
    # The chunks keep the float64 copy small next to a matrix of a hundred thousand photos.
    squares = np.zeros_like(mean)
    for start in range(0, len(embeddings), 4096):
        squares += ((embeddings[start : start + 4096].astype(np.float64) - mean) ** 2).sum(axis=0)
    spread = np.sqrt(squares / max(1, len(embeddings)))
    scale = np.where(spread < _LEAST_SPREAD, 1.0, spread)
    return mean.astype(np.float32), scale.astype(np.float32)


def standardise(
    embeddings: NDArray[np.float16], mean: NDArray[np.float32], scale: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return (x - mean) / scale as float32 [n, d]."""
    features = embeddings.astype(np.float32)
    features -= mean
    features /= scale
    return features
