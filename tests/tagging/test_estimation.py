"""Intervals hold what they promise: checked against samples whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from tagging.estimation import Interval, Sample, stratified_share, wilson_interval


def holds(interval: Interval | None, truth: float) -> bool:
    return interval is not None and interval.low <= truth <= interval.high


def test_wilson_gives_the_published_numbers() -> None:
    interval = wilson_interval(81, 263)  # Newcombe (1998), table I
    assert interval is not None
    assert (interval.value, interval.low, interval.high) == pytest.approx(
        (0.3080, 0.2553, 0.3662), abs=5e-5
    )


@pytest.mark.parametrize(("yes", "answers"), [(0, 10), (10, 10), (1, 1)])
def test_an_interval_never_leaves_0_to_1(yes: int, answers: int) -> None:
    interval = wilson_interval(yes, answers)
    assert interval is not None and 0 <= interval.low <= interval.value <= interval.high <= 1


def test_without_answers_nothing_is_said() -> None:
    assert wilson_interval(0, 0) is None
    assert stratified_share({}, "shown") is None
    unanswered = {"shown": Sample(9, 10, 100), "silent": Sample(0, 0, 5000)}
    assert stratified_share(unanswered, "shown") is None
    nothing_true = {"shown": Sample(0, 10, 100), "silent": Sample(0, 50, 5000)}
    assert stratified_share(nothing_true, "shown") is None


def test_an_empty_stratum_takes_part_in_nothing() -> None:
    strata = {
        "shown": Sample(9, 10, 100),
        "offered": Sample(0, 0, 0),
        "silent": Sample(1, 100, 1000),
    }
    recall = stratified_share(strata, "shown")
    assert recall is not None and recall.value == pytest.approx(90 / (90 + 10))
    none_shown = {"shown": Sample(0, 0, 0), "silent": Sample(1, 100, 1000)}
    recall = stratified_share(none_shown, "shown")
    assert recall == Interval(0.0, 0.0, 0.0)


def test_the_same_answers_give_the_same_interval() -> None:
    strata = {"shown": Sample(90, 100, 1000), "silent": Sample(3, 300, 90_000)}
    assert stratified_share(strata, "shown") == stratified_share(strata, "shown")


@pytest.mark.parametrize(
    ("shares", "pairs", "answers"),
    [
        ((0.90, 0.45, 0.01), (3000, 4000, 90_000), (150, 150, 300)),
        ((0.95, 0.60, 0.002), (500, 300, 20_000), (100, 100, 200)),
    ],
)
def test_of_a_hundred_intervals_about_ninety_five_hold_the_truth(
    shares: tuple[float, ...], pairs: tuple[int, ...], answers: tuple[int, ...]
) -> None:
    random = np.random.default_rng(7)
    true = [round(share * number) for share, number in zip(shares, pairs, strict=True)]
    precision, recall = true[0] / pairs[0], true[0] / sum(true)
    names, draws = ("shown", "offered", "silent"), 400
    held = {"precision": 0, "recall": 0}
    for _ in range(draws):
        strata = {
            name: Sample(int(random.hypergeometric(there, number - there, asked)), asked, number)
            for name, there, number, asked in zip(names, true, pairs, answers, strict=True)
        }
        shown = strata["shown"]
        held["precision"] += holds(wilson_interval(shown.yes, shown.answers), precision)
        held["recall"] += holds(stratified_share(strata, "shown"), recall)
    for name, number in held.items():
        assert 0.92 <= number / draws <= 0.985, (name, number / draws)
