"""Whether a candidate may go live: every reason in words, preset `community`.

The candidate and the live network are judged on the same photos, and a difference is resampled
with both together (the paired bootstrap of Efron and Tibshirani, 1993), group by group, since
near-duplicates are one observation.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagging.policy import Policy
from training.learning.examples import PRESENT, Examples
from training.learning.metrics import Figures, average_precision, measure

_MOST_NAMED = 8


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
class GateLine:
    """One condition: its name, whether it holds, and a sentence that says why."""

    name: str
    passed: bool
    sentence: str


@dataclass(frozen=True)
class Verdict:
    """All lines, whether every one holds, and the sentence that goes with the decision."""

    lines: tuple[GateLine, ...]
    passed: bool
    reason: str


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
            f"{self.name} {_percent(self.candidate)} against {_percent(self.live)}, "
            f"{_points(self.points)} ({_points(self.low, unit=False)} to "
            f"{_points(self.high, unit=False)})"
        )


def decide(
    test: Examples,
    candidate: Answers,
    live: Answers,
    policy: Policy,
    *,
    never_show: Iterable[str] = (),
    speed_ratio: float | None = None,
) -> Verdict:
    """Return the verdict on the test side.

    Compared are the tags that both networks know; a tag the live one has not learnt yet counts as
    new. `speed_ratio` is the candidate's time per photo divided by the live one's, given when the
    backbone changes.
    """
    figures = measure(test, candidate.scores, candidate.shown)
    shared = [column for column, tag in enumerate(test.tags) if tag in live.knows]
    differences = compare(test, candidate, live, shared, draws=policy.gate_draws)
    lines = [
        *_not_worse(differences, policy),
        _something_better(test, figures, live, differences, policy),
        _no_tag_falls(test, candidate, live, shared, policy),
        _is_calibrated(figures, policy),
        _never_show_is_clean(test.tags, never_show),
        *_fast_enough(speed_ratio, policy),
        *_what_is_forgotten(candidate, live),
    ]
    failed = [line.sentence for line in lines if not line.passed]
    passed = not failed
    better = next(line for line in lines if line.name == "something better")
    return Verdict(tuple(lines), passed, better.sentence if passed else " ".join(failed))


def compare(
    test: Examples, candidate: Answers, live: Answers, columns: list[int], *, draws: int
) -> list[Difference]:
    """Return the differences of macro-F1 and mean average precision over these tags, or nothing
    where no tag can be compared. The resampling is seeded: the same input, the same bounds."""
    judged = [column for column in columns if (test.answers[:, column] == PRESENT).any()]
    if not judged:
        return []
    counts = np.concatenate([np.ones((1, len(test.photos))), _resample(test.groups, draws)])
    both = []
    for answers in (candidate, live):
        f1 = np.stack([_f1(test, answers, column, counts) for column in judged], axis=1)
        area = np.stack([_area(test, answers, column, counts) for column in judged], axis=1)
        both.append({"macro-F1": _nan_mean(f1), "mean average precision": _nan_mean(area)})
    mine, theirs = both
    differences = []
    for name, values in mine.items():
        change = values - theirs[name]
        if not np.isnan(change[0]):
            low, high = np.nanpercentile(change[1:], [2.5, 97.5])
            differences.append(
                Difference(name, float(values[0]), float(theirs[name][0]), float(low), float(high))
            )
    return differences


def _not_worse(differences: list[Difference], policy: Policy) -> list[GateLine]:
    lines = []
    for difference in differences:
        drop = difference.points < -policy.gate_worst_drop
        surely_worse = difference.high < 0
        words = difference.in_words()
        if drop:
            sentence = f"Worse than the live network: {words}."
        elif surely_worse:
            sentence = f"Worse than the live network beyond chance: {words}."
        else:
            sentence = f"Not worse than the live network: {words}."
        lines.append(GateLine(f"{difference.name} holds", not (drop or surely_worse), sentence))
    if not lines:
        lines.append(
            GateLine(
                "nothing to compare",
                True,
                "The live network knows none of these tags, so there is nothing to lose.",
            )
        )
    return lines


def _something_better(
    test: Examples,
    figures: Figures,
    live: Answers,
    differences: list[Difference],
    policy: Policy,
) -> GateLine:
    name = "something better"
    gains = [each for each in differences if each.points >= policy.gate_least_gain]
    f1_of_new = {tag: figures.per_tag[tag].f1 or 0.0 for tag in test.tags if tag not in live.learnt}
    new = [tag for tag, f1 in f1_of_new.items() if f1 >= policy.gate_new_tag_f1]
    if new:
        new.sort(key=lambda tag: (-f1_of_new[tag], tag))
        told = _list(f"{tag} (F1 {_percent(f1_of_new[tag])})" for tag in new)
        return GateLine(name, True, f"It learnt {_count(len(new), 'new tag')}: {told}.")
    if gains:
        told = "; ".join(each.in_words() for each in gains)
        return GateLine(name, True, f"Better than the live network: {told}.")
    words = f"Nothing got better by {_points(policy.gate_least_gain)} or more"
    if f1_of_new:
        best = max(f1_of_new, key=lambda tag: f1_of_new[tag])
        words += (
            f", and no new tag reaches F1 {_percent(policy.gate_new_tag_f1)}"
            f" (the best, {best}, has {_percent(f1_of_new[best])})"
        )
    return GateLine(name, False, f"{words}.")


def _no_tag_falls(
    test: Examples, candidate: Answers, live: Answers, columns: list[int], policy: Policy
) -> GateLine:
    name = "no tag falls"
    fallen = []
    one = np.ones((1, len(test.photos)))
    for column in columns:
        if (test.answers[:, column] == PRESENT).sum() >= policy.gate_tag_photos:
            now = float(_f1(test, candidate, column, one)[0])
            before = float(_f1(test, live, column, one)[0])
            if before - now > policy.gate_tag_drop:
                fallen.append(f"{test.tags[column]} ({_percent(before)} to {_percent(now)})")
    if fallen:
        limit = _points(policy.gate_tag_drop, sign=False)
        return GateLine(name, False, f"F1 falls by more than {limit} for {_list(fallen)}.")
    limit = f"{policy.gate_tag_photos} or more test photos"
    return GateLine(name, True, f"No tag with {limit} loses much.")


def _is_calibrated(figures: Figures, policy: Policy) -> GateLine:
    name = "calibrated"
    error = figures.calibration_error
    if error is None or figures.decisions < policy.gate_calibration_decisions:
        sentence = (
            f"Calibration is not judged on {figures.decisions} decisions; it takes "
            f"{policy.gate_calibration_decisions:,}."
        )
        return GateLine(name, True, sentence)
    passed = error <= policy.gate_calibration_error
    words = "mean what they say" if passed else "do not mean what they say"
    limit = _points(policy.gate_calibration_error, sign=False)
    sentence = f"Scores {words}: off by {_points(error, sign=False)} on average, {limit} allowed."
    return GateLine(name, passed, sentence)


def _never_show_is_clean(tags: tuple[str, ...], never_show: Iterable[str]) -> GateLine:
    name = "never-show list"
    offenders = sorted(set(tags) & set(never_show))
    if offenders:
        sentence = f"It would say what a machine must never say: {_list(offenders)}."
        return GateLine(name, False, sentence)
    return GateLine(name, True, "No tag of the never-show list is among its words.")


def _fast_enough(speed_ratio: float | None, policy: Policy) -> list[GateLine]:
    if speed_ratio is None:
        return []
    passed = speed_ratio <= policy.gate_speed_ratio
    sentence = (
        f"The new backbone takes {speed_ratio:.2f} times as long per photo; "
        f"{policy.gate_speed_ratio:g} times are allowed."
    )
    return [GateLine("speed", passed, sentence)]


def _what_is_forgotten(candidate: Answers, live: Answers) -> list[GateLine]:
    """Say, without refusing, which tags are no longer taught: people took their photos back."""
    forgotten = sorted(live.learnt - candidate.learnt)
    if not forgotten:
        return []
    sentence = f"No longer taught, for want of curated photos: {_list(forgotten)}."
    return [GateLine("no longer taught", True, sentence)]


def _resample(groups: tuple[str, ...], draws: int) -> NDArray[np.float64]:
    """Return how often each photo stands in each resample of whole groups, [draws, n]."""
    names, group_of = np.unique(np.array(groups), return_inverse=True)
    random = np.random.default_rng(len(names))
    share = np.full(len(names), 1 / len(names))
    return random.multinomial(len(names), share, size=draws)[:, group_of].astype(np.float64)


def _f1(
    test: Examples, answers: Answers, column: int, counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    known = test.answers[:, column] != 0
    present = test.answers[known, column] == PRESENT
    said = answers.shown[known, column]
    drawn = counts[:, known]
    right, told, there = drawn @ (said & present), drawn @ said, drawn @ present
    with np.errstate(invalid="ignore", divide="ignore"):
        result: NDArray[np.float64] = np.where(there > 0, 2 * right / (told + there), np.nan)
    return result


def _area(
    test: Examples, answers: Answers, column: int, counts: NDArray[np.float64]
) -> NDArray[np.float64]:
    known = test.answers[:, column] != 0
    present = test.answers[known, column] == PRESENT
    if present.all():
        return np.full(len(counts), np.nan)
    return average_precision(present, answers.scores[known, column], counts[:, known])


def _nan_mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean over tags of each resample; a tag without a photo in it has no say."""
    counted = (~np.isnan(values)).sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        result: NDArray[np.float64] = np.where(
            counted > 0, np.nansum(values, axis=1) / counted, np.nan
        )
    return result


def _percent(share: float) -> str:
    return f"{share * 100:.1f} %"


def _points(share: float, *, sign: bool = True, unit: bool = True) -> str:
    number = f"{share * 100:+.1f}" if sign else f"{share * 100:.1f}"
    return f"{number} points" if unit else number


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _list(words: Iterable[str]) -> str:
    """Return the words with commas; a sentence that names them all would not be read."""
    told = list(words)
    more = len(told) - _MOST_NAMED
    return ", ".join(told) if more <= 1 else f"{', '.join(told[:_MOST_NAMED])} and {more} more"
