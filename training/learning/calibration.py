"""Making a score mean what it says: of all photos scored 0.8, four in five show the tag."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# With fewer known answers of either kind two parameters would follow noise; the tag then uses
# the pair fitted on all tags together.
LEAST_ANSWERS = 25
_SLOPES = (0.1, 10.0)


@dataclass(frozen=True)
class Calibration:
    """Per tag: calibrated logit = slope * logit + offset. Both float32 [t]; slopes positive, so
    that the order of photos stays. It folds into the kernel and bias of the head."""

    slope: NDArray[np.float32]
    offset: NDArray[np.float32]


def calibrate(logits: NDArray[np.float32], answers: NDArray[np.int8]) -> Calibration:
    """Return the calibration fitted on out-of-fold logits [n, t] and known answers [n, t].

    Platt scaling with his smoothed targets (Platt, 1999; Newton's method as in Lin, Lin and Weng,
    2007). A tag without enough known answers takes the pair of all tags together; where even
    those are too few nothing is changed.
    """
    known = answers != 0
    pooled = _fit_platt(logits[known], answers[known] > 0) or (1.0, 0.0)
    pairs = []
    for column in range(answers.shape[1]):
        rows = known[:, column]
        own = _fit_platt(logits[rows, column], answers[rows, column] > 0)
        pairs.append(own or pooled)
    slopes, offsets = np.array(pairs, dtype=np.float32).reshape(-1, 2).T
    return Calibration(slope=slopes, offset=offsets)


def _fit_platt(
    logits: NDArray[np.float32], present: NDArray[np.bool_]
) -> tuple[float, float] | None:
    """Return (slope, offset), or None where the answers are too few or say nothing."""
    positives = int(present.sum())
    negatives = len(present) - positives
    if min(positives, negatives) < LEAST_ANSWERS:
        return None
    targets = np.where(present, (positives + 1) / (positives + 2), 1 / (negatives + 2))
    inputs = np.stack([logits.astype(np.float64), np.ones(len(logits))], axis=1)
    pair = np.array([1.0, 0.0])
    loss = _loss(inputs, targets, pair)
    for _ in range(50):
        probabilities = 1 / (1 + np.exp(-np.clip(inputs @ pair, -500, 500)))
        gradient = inputs.T @ (probabilities - targets)
        curvature = (inputs * (probabilities * (1 - probabilities))[:, None]).T @ inputs
        step = np.linalg.solve(curvature + 1e-9 * np.eye(2), gradient)
        pair, loss, moved = _walk(inputs, targets, pair, loss, step)
        if not moved:
            break
    slope, offset = float(pair[0]), float(pair[1])
    # A slope near or below zero says that the scores do not order the photos at all.
    return (slope, offset) if _SLOPES[0] <= slope <= _SLOPES[1] else None


def _walk(
    inputs: NDArray[np.float64],
    targets: NDArray[np.float64],
    pair: NDArray[np.float64],
    loss: float,
    step: NDArray[np.float64],
) -> tuple[NDArray[np.float64], float, bool]:
    """Return the pair after the longest of ever shorter steps that lowers the loss."""
    for halvings in range(12):
        tried = pair - step * 0.5**halvings
        tried_loss = _loss(inputs, targets, tried)
        if tried_loss < loss - 1e-10:
            return tried, tried_loss, True
    return pair, loss, False


def _loss(
    inputs: NDArray[np.float64], targets: NDArray[np.float64], pair: NDArray[np.float64]
) -> float:
    logits = inputs @ pair
    return float((np.logaddexp(0, logits) - targets * logits).sum())
