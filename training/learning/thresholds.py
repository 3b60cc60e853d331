"""From what score on a tag is shown, and from what score on it is offered to people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

# A threshold above any probability: the tag is never shown (or never offered).
NEVER = 2.0


@dataclass(frozen=True)
class ThresholdRules:
    """What a threshold must keep. `least_answers` known answers of each kind earn a tag its own.

    The floors stand because known negatives are few and mostly from the same import: on them
    alone a separable tag would earn a threshold near zero and then turn up on every other photo.
    """

    show_precision: float
    suggest_precision: float
    show_floor: float
    suggest_floor: float
    least_answers: int


@dataclass(frozen=True)
class Thresholds:
    """Per tag, float32 [t]; `suggest` is never above `show`. `is_own` tells which tags had enough
    known answers for thresholds of their own; the others use the pooled pair."""

    show: NDArray[np.float32]
    suggest: NDArray[np.float32]
    is_own: NDArray[np.bool_]


def choose_thresholds(
    scores: NDArray[np.float32], answers: NDArray[np.int8], rules: ThresholdRules
) -> Thresholds:
    """Return the thresholds for out-of-fold scores [n, t] and known answers [n, t].

    Scores of entries that were fitted on would flatter; these must come from folds that did not
    see the photo's near-duplicate group. A tag for which no threshold keeps the promised
    precision is never shown, which the report says.
    """
    known = answers != 0
    pooled = _choose_pair(scores[known], answers[known] > 0, rules)
    pairs, is_own = [], []
    for column in range(answers.shape[1]):
        rows = known[:, column]
        present = answers[rows, column] > 0
        enough = min(int(present.sum()), int((~present).sum())) >= rules.least_answers
        pairs.append(_choose_pair(scores[rows, column], present, rules) if enough else pooled)
        is_own.append(enough)
    show, suggest = np.array(pairs, dtype=np.float32).reshape(-1, 2).T
    return Thresholds(show=show, suggest=suggest, is_own=np.array(is_own, dtype=np.bool_))


def _choose_pair(
    scores: NDArray[np.float32], present: NDArray[np.bool_], rules: ThresholdRules
) -> tuple[float, float]:
    candidates, precision, recall = _curve(scores, present)
    show = NEVER
    passes = precision >= rules.show_precision
    if passes.any():
        # Many thresholds keep the promise where a tag is easy; the one with the best balance
        # of precision and recall wins, so that ease is not spent on wrong tags.
        balance = np.where(passes, 2 * precision * recall / (precision + recall + 1e-12), -1.0)
        show = max(float(candidates[int(balance.argmax())]), rules.show_floor)
    suggest = NEVER
    passes = precision >= rules.suggest_precision
    if passes.any():
        suggest = max(float(candidates[passes].min()), rules.suggest_floor)
    return show, min(show, suggest)


def _curve(
    scores: NDArray[np.float32], present: NDArray[np.bool_]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return thresholds half-way between neighbouring scores, with precision and recall of each.

    Half-way, because a threshold on a score itself would turn on the last bit of that score.
    """
    order = np.argsort(-scores, kind="stable")
    ordered, hits = scores[order].astype(np.float64), present[order]
    last_of_its_score = np.flatnonzero(np.append(np.diff(ordered) != 0, len(ordered) > 0))
    found = np.cumsum(hits)[last_of_its_score]
    precision = found / (last_of_its_score + 1)
    recall = found / max(1, int(hits.sum()))
    below = np.append(ordered, 0.0)[last_of_its_score + 1]
    return (ordered[last_of_its_score] + below) / 2, precision, recall
