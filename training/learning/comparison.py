"""Two networks on the same photos: how much better one is, and how sure that is.

A difference is resampled with both together (the paired bootstrap of Efron and Tibshirani, 1993),
group by group, since near-duplicates are one observation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.learning.examples import PRESENT, Examples
from training.learning.metrics import average_precision
from training.learning.wording import percent, points

# How often each photo stands in each resample, [draws, n]. Whole numbers, so that sums are exact
# in float32; in the order of columns, so that a photo's resamples lie side by side in memory.
Counts = NDArray[np.float32]


@dataclass(frozen=True)
class Answers:
    """What one network says of the judged photos.

    `scores` float32 and `shown` bool, both [n, t]. `knows` names the tags it can say at all,
    `learnt` those it learnt here (the others it brought along from the backbone).
    """

    scores: NDArray[np.float32]
    shown: NDArray[np.bool_]
    knows: frozenset[str]
    learnt: frozenset[str]


@dataclass(frozen=True)
class Difference:
    """Candidate minus live: the value itself and the bounds of its 95 % interval."""

    name: str
    candidate: float
    live: float
    low: float
    high: float

    @property
    def points(self) -> float:
        """Return the difference, 0.01 for one point."""
        return self.candidate - self.live

    def in_words(self) -> str:
        """Return for example `macro-F1 81.2 % against 79.0 %, +2.2 points (-0.3 to +4.6)`."""
        return (
            f"{self.name} {percent(self.candidate)} against {percent(self.live)}, "
            f"{points(self.points)} ({points(self.low, unit=False)} to "
            f"{points(self.high, unit=False)})"
        )


def compare(
    test: Examples, candidate: Answers, live: Answers, columns: Sequence[int], *, draws: int
) -> list[Difference]:
    """Return the differences of macro-F1 and mean average precision over these tags, or nothing
    where no tag can be compared. The resampling is seeded: the same input, the same bounds."""
    judged = [column for column in columns if (test.answers[:, column] == PRESENT).any()]
    if not judged:
        return []
    counts = _resample(test.groups, draws)
    mine, theirs = (
        {
            "macro-F1": _nan_mean(_f1(test, answers, judged, counts)),
            "mean average precision": _nan_mean(_areas(test, answers, judged, counts)),
        }
        for answers in (candidate, live)
    )
    differences = []
    for name, values in mine.items():
        change = values - theirs[name]
        if not np.isnan(change[0]):
            low, high = np.nanpercentile(change[1:], [2.5, 97.5])
            differences.append(
                Difference(name, float(values[0]), float(theirs[name][0]), float(low), float(high))
            )
    return differences


def f1_of(test: Examples, answers: Answers, column: int) -> float:
    """Return the F1 of one tag on these photos as they are; NaN where none shows it."""
    once = np.ones((1, len(test.photos)), dtype=np.float32)
    return float(_f1(test, answers, [column], once)[0, 0])


def _resample(groups: Sequence[str], draws: int) -> Counts:
    """Return the counts of the photos as they are, and below them those of each resample of
    whole groups."""
    names, group_of = np.unique(np.array(groups), return_inverse=True)
    random = np.random.default_rng(len(names))
    drawn = np.ones((len(names), draws + 1), dtype=np.float32)
    for draw in range(1, draws + 1):
        picked = random.integers(len(names), size=len(names))
        drawn[:, draw] = np.bincount(picked, minlength=len(names))
    return drawn[group_of].T


def _f1(
    test: Examples, answers: Answers, columns: Sequence[int], counts: Counts
) -> NDArray[np.float64]:
    """Return the F1 of each resample and tag, [draws, tags]."""
    known = test.answers[:, columns] != 0
    present = test.answers[:, columns] == PRESENT
    said = answers.shown[:, columns] & known
    right, told, there = (
        (counts @ each.astype(np.float32)).astype(np.float64)
        for each in (said & present, said, present)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        result: NDArray[np.float64] = np.where(there > 0, 2 * right / (told + there), np.nan)
    return result


def _areas(
    test: Examples, answers: Answers, columns: Sequence[int], counts: Counts
) -> NDArray[np.float64]:
    """Return the average precision of each resample and tag, [draws, tags]."""
    return np.stack([_area(test, answers, column, counts) for column in columns], axis=1)


def _area(test: Examples, answers: Answers, column: int, counts: Counts) -> NDArray[np.float64]:
    known = np.flatnonzero(test.answers[:, column])
    present = test.answers[known, column] == PRESENT
    if present.all():
        return np.full(len(counts), np.nan)
    drawn = counts if len(known) == counts.shape[1] else counts.T[known].T
    return average_precision(present, answers.scores[known, column], drawn)


def _nan_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over tags of each resample; a tag without a photo in it has no say."""
    counted = (~np.isnan(values)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: NDArray[np.float64] = np.where(
            counted > 0, np.nansum(values, axis=1) / counted, np.nan
        )
    return result
