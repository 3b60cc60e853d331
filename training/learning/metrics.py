"""How well scores agree with what people know. Entries nobody answered are left out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.learning.examples import ABSENT, PRESENT, Examples


@dataclass(frozen=True)
class TagFigures:
    """One tag on the judged photos. A figure that nothing can be said of is None."""

    present: int
    absent: int
    precision: float | None
    recall: float | None
    f1: float | None
    average_precision: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the figures rounded to a hundredth of a point, for files and pages."""
        return {
            "present": self.present,
            "absent": self.absent,
            "precision": _round(self.precision),
            "recall": _round(self.recall),
            "f1": _round(self.f1),
            "average_precision": _round(self.average_precision),
        }


@dataclass(frozen=True)
class Confusion:
    """Photos sorted into exactly one tag of a closed world: rows are what they show, columns
    what scored highest within their world. Counts, [t, t]."""

    labels: tuple[str, ...]
    counts: NDArray[np.int64]

    def as_json(self) -> dict[str, Any]:
        """Return labels and the non-zero cells as [row, column, count]."""
        cells = [[int(row), int(column), int(self.counts[row, column])]
                 for row, column in np.argwhere(self.counts)]  # fmt: skip
        return {"labels": list(self.labels), "cells": cells}


@dataclass(frozen=True)
class ReliabilityBin:
    """The decisions whose scores lie between `low` and `high`: how many, their mean score, and
    the share of them in which the tag was there. The last two agree where scores are honest."""

    low: float
    high: float
    count: int
    score: float
    present: float

    def as_json(self) -> dict[str, float]:
        """Return the bin for files and pages."""
        return {
            "low": self.low,
            "high": self.high,
            "count": self.count,
            "score": round(self.score, 4),
            "present": round(self.present, 4),
        }


@dataclass(frozen=True)
class Figures:
    """Everything measured on one set of photos. Calibration is that of all decisions on tags that
    the network can say, together: per tag there are too few of them."""

    photos: int
    decisions: int
    macro_f1: float | None
    mean_average_precision: float | None
    top1: float | None
    top1_photos: int
    calibration_error: float | None
    reliability: tuple[ReliabilityBin, ...]
    per_tag: Mapping[str, TagFigures]
    confusion: Confusion

    def as_json(self) -> dict[str, Any]:
        """Return the figures for the metrics file, the report and the pages."""
        return {
            "photos": self.photos,
            "decisions": self.decisions,
            "macro_f1": _round(self.macro_f1),
            "map": _round(self.mean_average_precision),
            "top1": _round(self.top1),
            "top1_photos": self.top1_photos,
            "calibration_error": _round(self.calibration_error),
            "reliability": [each.as_json() for each in self.reliability],
            "per_tag": {tag: figures.as_json() for tag, figures in self.per_tag.items()},
            "confusion": self.confusion.as_json(),
        }


def measure(
    examples: Examples,
    scores: NDArray[np.float32],
    shown: NDArray[np.bool_],
    *,
    knows: Collection[str] | None = None,
) -> Figures:
    """Return the figures of scores [n, t] and of what would be shown [n, t] on these photos.

    `knows` names the tags that the network can say, all by default: it claims nothing about the
    others, so that their scores of 0 are not held against its calibration.
    """
    per_tag = {
        tag: _measure_tag(examples.answers[:, column], scores[:, column], shown[:, column])
        for column, tag in enumerate(examples.tags)
    }
    known = examples.answers != 0
    confusion = confuse(examples, scores)
    contested = int(confusion.counts.sum())
    claimed = known & np.array([knows is None or tag in knows for tag in examples.tags])
    claims = scores[claimed], examples.answers[claimed] == PRESENT
    return Figures(
        photos=len(examples.photos),
        decisions=int(known.sum()),
        macro_f1=_mean([figures.f1 for figures in per_tag.values()]),
        mean_average_precision=_mean([each.average_precision for each in per_tag.values()]),
        top1=int(np.trace(confusion.counts)) / contested if contested else None,
        top1_photos=contested,
        calibration_error=expected_calibration_error(*claims),
        reliability=reliability(*claims),
        per_tag=per_tag,
        confusion=confusion,
    )


def confuse(examples: Examples, scores: NDArray[np.float32]) -> Confusion:
    """Return what scores highest against what is there, for photos with one right answer.

    Counted are photos sorted in a closed world with exactly one of its tags curated and every
    other known to be absent; the contest is between the tags of that world alone.
    """
    size = len(examples.tags)
    counts = np.zeros((size, size), dtype=np.int64)
    rows_of: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for row, contest in enumerate(examples.contests):
        rows_of[contest].append(row)
    for contest, rows in rows_of.items():
        if len(contest) < 2:
            continue
        block, columns = np.ix_(rows, contest), np.array(contest, dtype=np.intp)
        answers = examples.answers[block]
        right = (answers == PRESENT).sum(axis=1) == 1
        right &= (answers == ABSENT).sum(axis=1) == len(contest) - 1
        truth = columns[answers[right].argmax(axis=1)]
        guess = columns[scores[block][right].argmax(axis=1)]
        np.add.at(counts, (truth, guess), 1)
    return Confusion(labels=examples.tags, counts=counts)


def average_precision(
    present: NDArray[np.bool_], scores: NDArray[np.float32], counts: NDArray[np.floating[Any]]
) -> NDArray[np.float64]:
    """Return the average precision of each resample, float64 [draws]; NaN without a positive.

    The area under the precision-recall steps, without interpolation. Photos with equal scores
    come in together, so that their order cannot flatter. `counts` is [draws, n]: how often each
    photo stands in a resample; pass ones of shape [1, n] for the plain figure.
    """
    if not present.any():
        return np.full(len(counts), np.nan)
    order = np.argsort(-scores, kind="stable")
    hits = np.flatnonzero(present[order])
    ends, first_hits = _steps(scores[order], hits)
    starts = np.concatenate([[0], ends[:-1] + 1])
    drawn = np.take(counts.T, order[: ends[-1] + 1], axis=0)
    gained = np.add.reduceat(drawn[hits], first_hits, axis=0)
    seen = np.add.reduceat(drawn, starts, axis=0).cumsum(axis=0)
    found = gained.cumsum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        area = (gained * np.where(seen > 0, found / seen, 0)).sum(axis=0, dtype=np.float64)
        result: NDArray[np.float64] = np.where(found[-1] > 0, area / found[-1], np.nan)
    return result


def _steps(
    ordered: NDArray[np.float32], hits: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where each step of recall ends, going down the scores, and its first hit in `hits`.

    Recall grows only at scores that some photo with the tag has; what lies between two of them
    counts as seen and is summed up in one go. It makes a bootstrap ten times as fast.
    """
    last_of_its_score = np.flatnonzero(np.append(np.diff(ordered) != 0, True))
    end_of_hit = last_of_its_score[np.searchsorted(last_of_its_score, hits)]
    return np.unique(end_of_hit, return_index=True)


def reliability(
    scores: NDArray[np.float32], present: NDArray[np.bool_], bins: int = 10
) -> tuple[ReliabilityBin, ...]:
    """Return a reliability diagram of equal bins, those without any decision left out."""
    bin_of = np.minimum((scores * bins).astype(np.intp), bins - 1)
    sizes = np.bincount(bin_of, minlength=bins)
    said = np.bincount(bin_of, weights=scores.astype(np.float64), minlength=bins)
    true = np.bincount(bin_of, weights=present.astype(np.float64), minlength=bins)
    return tuple(
        ReliabilityBin(
            low=place / bins,
            high=(place + 1) / bins,
            count=int(sizes[place]),
            score=float(said[place] / sizes[place]),
            present=float(true[place] / sizes[place]),
        )
        for place in np.flatnonzero(sizes).tolist()
    )


def expected_calibration_error(
    scores: NDArray[np.float32], present: NDArray[np.bool_], bins: int = 10
) -> float | None:
    """Return the mean gap between score and truth over ten equal bins, weighted by their size
    (Guo et al., 2017); None without any decision."""
    if not len(scores):
        return None
    told = reliability(scores, present, bins)
    return sum(each.count * abs(each.score - each.present) for each in told) / len(scores)


def _measure_tag(
    answers: NDArray[np.int8], scores: NDArray[np.float32], shown: NDArray[np.bool_]
) -> TagFigures:
    known = answers != 0
    present = answers[known] == PRESENT
    said, judged = shown[known], scores[known]
    positives, negatives = int(present.sum()), int((~present).sum())
    right = int((said & present).sum())
    told = int(said.sum())
    area = float(average_precision(present, judged, np.ones((1, len(judged))))[0])
    return TagFigures(
        present=positives,
        absent=negatives,
        precision=right / told if told else None,
        recall=right / positives if positives else None,
        f1=2 * right / (told + positives) if positives else None,
        average_precision=area if positives and negatives else None,
    )


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)
