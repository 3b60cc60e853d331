"""What a head shall remember of the photos that taught it, and how far from them it may speak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagging.familiarity import Familiarity, Vectors, unit_vectors

# Enough pairs for a steady mean; all of them would be a matrix of photos by photos.
_SAMPLED = 2000


@dataclass(frozen=True)
class FamiliarityRules:
    """`anchors` photos are remembered at most. The floor is the `quantile` of how near the photos
    that taught are to others, lowered by `margin` of its distance from the median."""

    anchors: int
    quantile: float
    margin: float


def learn_familiarity(
    embeddings: NDArray[np.floating[Any]],
    groups: Sequence[str],
    compared: int,
    rules: FamiliarityRules,
) -> Familiarity:
    """Return the rule for photos with these embeddings [n, d] and near-duplicate groups.

    Each photo is compared with the nearest anchor outside its own group, as a new photo would
    be. Photos that are all alike (a burst, one wall) would make the rule too narrow, so the floor
    never lies above half-way between two photos taken at random and equality. `compared` is how
    many numbers of an embedding count.
    """
    vectors = unit_vectors(embeddings, compared)
    rows = spread_out(vectors, rules.anchors)
    # What is written to disk is what is measured.
    anchors = vectors[rows].astype(np.float16).astype(np.float32)
    cosines = vectors @ anchors.T
    names = np.array(groups)
    cosines[names[:, None] == names[rows][None, :]] = -1.0
    nearest = cosines.max(axis=1)
    nearest = nearest[nearest > -1.0]
    if not len(nearest):
        return Familiarity.of_everything()
    low, middle = np.quantile(nearest, [rules.quantile, 0.5])
    ceiling = (1 + unrelated_cosine(vectors)) / 2
    return Familiarity(anchors, float(min(low - rules.margin * (middle - low), ceiling)))


def spread_out(vectors: Vectors, most: int) -> NDArray[np.intp]:
    """Return up to `most` rows such that every photo is near one of them.

    The greedy k-centre of Gonzalez (1985): each time the photo that is farthest from those
    chosen, beginning with the first. So a rare tag is remembered as well as a common one.
    """
    rows = [0]
    nearest = vectors @ vectors[0]
    while len(rows) < min(most, len(vectors)):
        rows.append(int(nearest.argmin()))
        nearest = np.maximum(nearest, vectors @ vectors[rows[-1]])
    return np.array(rows, dtype=np.intp)


def unrelated_cosine(vectors: Vectors) -> float:
    """Return the mean cosine of photos that follow each other in an order without meaning."""
    sample = vectors[:_SAMPLED]
    return float((sample * np.roll(sample, 1, axis=0)).sum(axis=1).mean())
