"""Have we labelled enough? What the end of a learning curve says, in words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagging.policy import Policy
from training.learning.wording import percent, points

# What a doubling of the work should bring to be called worth it; below the gain that the gate
# asks of a version (`gate_least_gain`) it would not even go live.
_WORTH_IT = 0.01
# A power law through fewer points, or farther from them than this, is a guess.
_LEAST_POINTS = 4
_LARGEST_MISFIT = 0.01
_EXPONENTS = (0.05, 2.0)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LastDoubling:
    """What doubling the photos per tag to their present number brought; 0.01 is one point.

    `noise` is how much the choice of photos changes macro-F1 at the last number of which several
    draws were taken, and `forecast` what another doubling would bring, None where that cannot be
    told.
    """

    photos: float
    before: float
    after: float
    noise: float
    forecast: float | None

    @property
    def gain(self) -> float:
        """Return by how much macro-F1 rose."""
        return self.after - self.before


def answer(curve: Sequence[Mapping[str, Any]], policy: Policy) -> str:
    """Return the answer of a curve (the points of `CurvePoint.as_json`) to "have we labelled
    enough?"."""
    last = last_doubling(curve)
    if last is None:
        return (
            "Cannot be told yet: there are too few photos to compare a number of them with half "
            "of it."
        )
    brought = (
        f"The last doubling, from {last.photos / 2:.0f} to {last.photos:.0f} curated photos per "
        f"tag, changed macro-F1 by {points(last.gain)} ({percent(last.before)} to "
        f"{percent(last.after)})."
    )
    return f"{_verdict(last, policy)} {brought} {_outlook(last)}"


def last_doubling(curve: Sequence[Mapping[str, Any]]) -> LastDoubling | None:
    """Return what the end of the curve says, or None where it does not reach over a doubling."""
    numbers = np.array([point["per_tag"] for point in curve], dtype=np.float64)
    heights = np.array([point["macro_f1"] for point in curve], dtype=np.float64)
    if len(numbers) < 2 or numbers[-1] < 2 * numbers[0]:
        return None
    half = float(np.interp(math.log(numbers[-1] / 2), np.log(numbers), heights))
    drawn = [point for point in curve if point["repeats"] > 1]
    noise = (drawn[-1]["macro_f1_high"] - drawn[-1]["macro_f1_low"]) / 2 if drawn else 0.0
    return LastDoubling(
        photos=float(numbers[-1]),
        before=half,
        after=float(heights[-1]),
        noise=float(noise),
        forecast=forecast(numbers, heights),
    )


def forecast(numbers: Floats, heights: Floats) -> float | None:
    """Return what another doubling would add by a power law with a floor, or None.

    The errors 1 - F1 of many learners fall as c + a·n^-b (Hestness et al., 2017). It is fitted by
    least squares for each of a row of floors c, and believed only where it passes within a point
    of all it has seen and falls neither at once nor never.
    """
    errors = 1 - heights
    if len(numbers) < _LEAST_POINTS or errors.min() <= 0:
        return None
    fits = [_fit(numbers, errors, floor) for floor in np.linspace(0, errors.min() * 0.98, 50)]
    misfit, floor, factor, exponent = min(fits)
    if misfit > _LARGEST_MISFIT or not _EXPONENTS[0] <= exponent <= _EXPONENTS[1]:
        return None
    last, doubled = (floor + factor * n**-exponent for n in (numbers[-1], 2 * numbers[-1]))
    return float(last - doubled)


def _fit(numbers: Floats, errors: Floats, floor: float) -> tuple[float, float, float, float]:
    """Return (root mean square misfit, c, a, b) for one floor c."""
    slope, level = np.polyfit(np.log(numbers), np.log(errors - floor), 1)
    told = floor + np.exp(level) * numbers**slope
    misfit = float(np.sqrt(((told - errors) ** 2).mean()))
    return misfit, float(floor), float(np.exp(level)), float(-slope)


def _verdict(last: LastDoubling, policy: Policy) -> str:
    # Noise that is smaller than any gain worth having leaves nothing in doubt.
    if last.noise >= policy.gate_least_gain and abs(last.gain) <= last.noise:
        return (
            "Hard to tell: which photos they are still changes more than how many "
            f"(by {points(last.noise, sign=False)} either way)."
        )
    if last.gain >= _WORTH_IT:
        return "Not yet: more curated photos still pay."
    if last.gain >= policy.gate_least_gain:
        return "Almost: more curated photos bring little."
    return (
        "Yes, for these tags: more photos of the same kind would hardly change anything. New tags, "
        "or photos that differ from those there are, would."
    )


def _outlook(last: LastDoubling) -> str:
    if last.forecast is None:
        return "How it goes on cannot be told from these points."
    return f"If it goes on like this, another doubling would bring {points(last.forecast)}."
