"""Figures against numbers worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from training.learning.examples import Examples
from training.learning.metrics import (
    average_precision,
    expected_calibration_error,
    measure,
    reliability,
)


def examples(answers: list[list[int]], contests: list[tuple[int, ...]] | None = None) -> Examples:
    size, tags = len(answers), len(answers[0])
    names = tuple(f"{row:02d}" for row in range(size))
    return Examples(
        photos=names,
        tags=tuple("abcdefg"[:tags]),
        answers=np.array(answers, dtype=np.int8),
        sides=("test",) * size,
        groups=names,
        contests=tuple(contests or [()] * size),
    )


def test_precision_recall_and_f1_of_a_tag() -> None:
    told = examples([[1], [1], [1], [-1], [-1], [0]])
    scores = np.array([[0.9], [0.8], [0.1], [0.7], [0.2], [0.99]], dtype=np.float32)
    figures = measure(told, scores, scores >= 0.5).per_tag["a"]
    assert (figures.present, figures.absent) == (3, 2)
    assert figures.precision == pytest.approx(2 / 3)
    assert figures.recall == pytest.approx(2 / 3)
    assert figures.f1 == pytest.approx(2 / 3)
    assert figures.average_precision == pytest.approx((1 + 1 + 3 / 5) / 3)


def test_unknown_answers_are_in_no_figure() -> None:
    known = examples([[1], [-1]])
    more = examples([[1], [-1], [0], [0]])
    scores = np.array([[0.9], [0.2], [0.95], [0.6]], dtype=np.float32)
    assert measure(more, scores, scores >= 0.5).per_tag == (
        measure(known, scores[:2], scores[:2] >= 0.5).per_tag
    )
    assert measure(more, scores, scores >= 0.5).decisions == 2


def test_a_tag_that_is_never_said_has_no_precision_and_no_recall() -> None:
    figures = measure(
        examples([[1], [-1]]), np.zeros((2, 1), np.float32), np.zeros((2, 1), np.bool_)
    )
    tag = figures.per_tag["a"]
    assert (tag.precision, tag.recall, tag.f1) == (None, 0.0, 0.0)
    assert figures.macro_f1 == 0.0


def test_equal_scores_cannot_flatter_by_their_order() -> None:
    scores = np.array([0.5, 0.5, 0.5, 0.5], dtype=np.float32)
    for order in ([True, True, False, False], [False, False, True, True]):
        area = average_precision(np.array(order), scores, np.ones((1, 4)))
        assert area[0] == pytest.approx(0.5)


def test_a_resample_counts_a_photo_as_often_as_it_was_drawn() -> None:
    present = np.array([True, False, True])
    scores = np.array([0.9, 0.8, 0.7], dtype=np.float32)
    drawn = average_precision(present, scores, np.array([[2.0, 1.0, 1.0]]))
    by_hand = average_precision(
        np.array([True, True, False, True]),
        np.array([0.9, 0.9, 0.8, 0.7], dtype=np.float32),
        np.ones((1, 4)),
    )
    assert drawn == pytest.approx(by_hand)


def test_top_1_and_confusion_count_photos_with_one_right_answer_in_a_closed_world() -> None:
    world = (0, 1)
    told = examples(
        [[1, -1, 0], [1, -1, 0], [-1, 1, 0], [1, 1, 0], [1, 0, 0], [1, -1, -1]],
        [world, world, world, world, world, ()],
    )
    # The third tag always scores highest, but belongs to no world here.
    scores = np.array([[0.9, 0.1, 1], [0.2, 0.3, 1], [0.1, 0.9, 1]] + [[0.9, 0.1, 1]] * 3)
    figures = measure(told, scores.astype(np.float32), scores >= 0.5)
    assert figures.top1_photos == 3
    assert figures.top1 == pytest.approx(2 / 3)
    assert figures.confusion.counts.tolist() == [[1, 1, 0], [0, 1, 0], [0, 0, 0]]
    assert figures.confusion.as_json()["cells"] == [[0, 0, 1], [0, 1, 1], [1, 1, 1]]


def test_calibration_error_is_the_gap_between_score_and_truth() -> None:
    scores = np.array([0.8] * 10 + [0.1] * 10, dtype=np.float32)
    present = np.array([True] * 6 + [False] * 4 + [True] * 1 + [False] * 9)
    assert expected_calibration_error(scores, present) == pytest.approx((0.2 + 0.0) / 2, abs=1e-6)
    assert reliability(scores[:0], present[:0]) == ()
    assert expected_calibration_error(scores[:0], present[:0]) is None


def test_a_reliability_diagram_has_a_bin_per_tenth_that_was_said() -> None:
    told = examples([[1, 0], [1, -1], [-1, 1], [0, -1]])
    scores = np.array([[0.95, 0.5], [1.0, 0.02], [0.93, 0.3], [0.5, 0.06]], dtype=np.float32)
    figures = measure(told, scores, scores >= 0.5)
    assert figures.as_json()["reliability"] == [
        {"low": 0.0, "high": 0.1, "count": 2, "score": 0.04, "present": 0.0},
        {"low": 0.3, "high": 0.4, "count": 1, "score": 0.3, "present": 1.0},
        {"low": 0.9, "high": 1.0, "count": 3, "score": 0.96, "present": 0.6667},
    ]
    assert sum(each.count for each in figures.reliability) == figures.decisions


def test_a_network_is_not_called_dishonest_about_tags_it_does_not_know() -> None:
    told = examples([[1, 1], [-1, 1]])
    scores = np.array([[1.0, 0.0], [0.0, 0.0]], dtype=np.float32)
    assert measure(told, scores, scores >= 0.5).calibration_error == pytest.approx(0.5)
    assert measure(told, scores, scores >= 0.5, knows={"a"}).calibration_error == 0.0
