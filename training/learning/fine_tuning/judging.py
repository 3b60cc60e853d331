"""How good the network is on the photos that only judge."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

_TEMPERATURES = np.geomspace(0.25, 4, 17)


def judged_loss(logits: Floats, targets: Floats, weights: Floats) -> float:
    """Return the weighted cross-entropy per photo, at the best of some temperatures.

    Arrays are [n, t]. The head is fitted and calibrated again on what was learnt, so how sure this
    one is must not decide: without a temperature, smoothed labels alone would look like progress
    on one scale and like a loss on the other.
    """
    losses = []
    for temperature in _TEMPERATURES:
        scaled = logits.astype(np.float64) / temperature
        entropy = np.logaddexp(0, scaled) - scaled * targets
        losses.append((entropy * weights).sum() / len(logits))
    return float(min(losses))


def top1_of(logits: Floats, targets: Floats) -> float:
    """Return the share of photos whose highest score is a right tag, among those that have one."""
    some = targets.max(axis=1) > 0.5
    if not some.any():
        return 0.0
    highest = logits[some].argmax(axis=1)
    return float((targets[some][np.arange(len(highest)), highest] > 0.5).mean())
