"""Scores that mean what they say, and the thresholds that follow from them."""

from __future__ import annotations

import numpy as np
import pytest

from training.learning.calibration import calibrate
from training.learning.metrics import expected_calibration_error
from training.learning.thresholds import NEVER, ThresholdRules, choose_thresholds

RULES = ThresholdRules(
    show_precision=0.9, suggest_precision=0.6, show_floor=0.05, suggest_floor=0.05, least_answers=5
)


def column(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)[:, None]


def answers(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int8)[:, None]


def test_a_shown_tag_is_right_nine_times_in_ten() -> None:
    random = np.random.default_rng(1)
    truth = random.random((4000, 1)) < 0.3
    scores = np.clip(random.normal(0.35 + 0.3 * truth, 0.15), 0, 1).astype(np.float32)
    chosen = choose_thresholds(scores, np.where(truth, 1, -1).astype(np.int8), RULES)
    for threshold, promise in ((chosen.show[0], 0.9), (chosen.suggest[0], 0.6)):
        assert truth[scores >= threshold].mean() >= promise
    # A little lower the promise would be broken: nothing is given away.
    assert truth[scores >= chosen.suggest[0] - 0.02].mean() < 0.61
    assert chosen.suggest[0] < chosen.show[0]


def test_an_easy_tag_does_not_spend_its_ease_on_wrong_tags() -> None:
    scores = column(*[0.9] * 20, *[0.1] * 20)
    chosen = choose_thresholds(scores, answers(*[1] * 20, *[-1] * 20), RULES)
    assert chosen.show[0] == pytest.approx(0.5)


def test_a_tag_that_cannot_keep_the_promise_is_never_shown() -> None:
    scores = column(*[0.9] * 10, *[0.9] * 10)
    chosen = choose_thresholds(scores, answers(*[1] * 10, *[-1] * 10), RULES)
    assert chosen.show[0] == NEVER
    assert chosen.suggest[0] == NEVER


def test_a_small_tag_shares_the_thresholds_of_all() -> None:
    scores = np.array([[0.8, 0.99]] * 20 + [[0.2, 0.01]] * 20, dtype=np.float32)
    known = np.array([[1, 1]] * 4 + [[1, 0]] * 16 + [[-1, -1]] * 20, dtype=np.int8)
    chosen = choose_thresholds(scores, known, RULES)
    assert chosen.is_own.tolist() == [True, False]
    assert chosen.show[0] == pytest.approx(0.5)
    pooled = choose_thresholds(scores[:, :1], known[:, :1], RULES).show[0]
    assert chosen.show[1] == pytest.approx(pooled)


def test_entries_nobody_answered_have_no_say() -> None:
    scores = column(*[0.9] * 10, *[0.1] * 10, *[0.5] * 100)
    chosen = choose_thresholds(scores, answers(*[1] * 10, *[-1] * 10, *[0] * 100), RULES)
    assert chosen.show[0] == pytest.approx(0.5)


def test_thresholds_never_fall_below_their_floors() -> None:
    rules = ThresholdRules(0.9, 0.6, show_floor=0.5, suggest_floor=0.25, least_answers=5)
    scores = column(*[0.3] * 10, *[0.001] * 10)
    chosen = choose_thresholds(scores, answers(*[1] * 10, *[-1] * 10), rules)
    assert (chosen.show[0], chosen.suggest[0]) == (0.5, 0.25)


def test_overconfident_scores_are_calibrated() -> None:
    random = np.random.default_rng(2)
    honest = random.normal(size=(5000, 1)).astype(np.float32) * 2
    truth = random.random((5000, 1)) < 1 / (1 + np.exp(-honest))
    boasting = honest * 4 + 3
    known = np.where(truth, 1, -1).astype(np.int8)
    fitted = calibrate(boasting, known)
    scores = 1 / (1 + np.exp(-(boasting * fitted.slope + fitted.offset)))
    before = expected_calibration_error((1 / (1 + np.exp(-boasting)))[:, 0], truth[:, 0])
    after = expected_calibration_error(scores[:, 0], truth[:, 0])
    assert before is not None and before > 0.15
    assert after is not None and after < 0.02
    assert fitted.slope[0] == pytest.approx(0.25, rel=0.1)


def test_too_few_answers_change_nothing() -> None:
    fitted = calibrate(column(1, 2, -1, -2), answers(1, 1, -1, -1))
    assert fitted.slope.tolist() == [1.0]
    assert fitted.offset.tolist() == [0.0]


def test_scores_that_order_nothing_are_left_alone() -> None:
    logits = column(*np.linspace(-3, 3, 200))
    upside_down = answers(*[1] * 100, *[-1] * 100)
    assert calibrate(logits, upside_down).slope.tolist() == [1.0]
