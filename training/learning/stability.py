"""Whether scores are still distributed as they were. Pure numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

# Fifths instead of the customary tenths: with as few photos as a small site sees in a week the
# index of ten bins is above 0.1 by chance alone every third time.
BINS = 5
# Added to each bin, so that an empty one does not make the logarithm infinite (Jeffreys' prior).
SMOOTHING = 0.5
# With a hundred photos and no drift at all the index is above 0.1 in 4 weeks of 100, above 0.2 in
# fewer than 1 of 1,000 (simulated).
LEAST_SCORES = 100


def stability_index(
    reference: NDArray[np.floating[Any]], present: NDArray[np.floating[Any]]
) -> float:
    """Return the population stability index of two sets of scores, 0 for the same distribution.

    The sum over bins of (p - r) · ln(p / r), where r and p are the shares of either set (Siddiqi,
    Credit Risk Scorecards, 2006; Jeffreys' divergence). Bins are fifths of the reference; scores
    that many photos share make them fewer. Below 0.1 is customarily called stable, from 0.2 on a
    shift. Raises ValueError without any score on either side.
    """
    if not len(reference) or not len(present):
        raise ValueError("There must be scores on either side.")
    edges = np.unique(np.quantile(reference, np.arange(1, BINS) / BINS))
    expected, found = (_shares(scores, edges) for scores in (reference, present))
    return float(((found - expected) * np.log(found / expected)).sum())


def _shares(
    scores: NDArray[np.floating[Any]], edges: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    bins = len(edges) + 1
    counts = np.bincount(np.searchsorted(edges, scores, side="right"), minlength=bins) + SMOOTHING
    result: NDArray[np.float64] = counts / counts.sum()
    return result
