"""Whether a photo is like anything that a head has learnt from. Pure numbers.

A head that was taught cats and dogs calls every photo one or the other. So it remembers some of
what it has seen, and of a photo that is near none of it, it says nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Familiarity:
    """Remembered photos and how near to one of them a photo has to be.

    `anchors` is float32 [m, k]: unit vectors of the first k numbers of embeddings. `floor` is a
    cosine. Without anchors everything counts as familiar.
    """

    anchors: Vectors
    floor: float

    @classmethod
    def of_everything(cls) -> Familiarity:
        """Return the rule that finds no photo unfamiliar."""
        return cls(np.empty((0, 0), dtype=np.float32), -1.0)

    def covers(self, embeddings: NDArray[np.floating[Any]]) -> NDArray[np.bool_]:
        """Return for embeddings [n, d] which photos are near enough, bool [n]."""
        if not len(self.anchors):
            return np.ones(len(embeddings), dtype=np.bool_)
        nearest = (unit_vectors(embeddings, self.anchors.shape[1]) @ self.anchors.T).max(axis=1)
        result: NDArray[np.bool_] = nearest >= self.floor
        return result


def unit_vectors(embeddings: NDArray[np.floating[Any]], compared: int) -> Vectors:
    """Return the first `compared` numbers of embeddings [n, d] brought to length one, float32."""
    part = embeddings[:, :compared].astype(np.float32)
    lengths = np.linalg.norm(part, axis=1, keepdims=True)
    result: Vectors = part / np.maximum(lengths, np.float32(1e-12))
    return result
