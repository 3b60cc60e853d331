"""Passed, refused, or left to a moderator: what the gate makes of few and of many test photos."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tagging.policy import COMMUNITY, PUBLIC
from tests.training.test_gate import answering, line, world
from training.learning.canaries import CanaryCheck
from training.learning.comparison import Answers, compare
from training.learning.examples import Examples
from training.learning.gate import Outcome, decide

# The same rules, binding from a size that a test can afford.
STRICT = replace(PUBLIC, gate_lower_bound_photos=400, gate_draws=200)


def test_on_few_photos_a_public_site_asks_a_moderator_and_shows_the_figures() -> None:
    test = world(100)
    verdict = decide(test, answering(test, 5), answering(test, 10), PUBLIC)
    assert verdict.outcome is Outcome.A_MODERATOR_DECIDES
    assert not verdict.passed
    assert verdict.reason.startswith("200 test photos cannot show by themselves that nothing got")
    assert "macro-F1 97.4 % against 94.7 %, +2.7 points" in verdict.reason
    assert "(3,000 could)" in verdict.reason
    assert "A moderator decides. Better than the live network" in verdict.reason
    assert [each.name for each in verdict.lines if each.asks] == ["enough test photos"]
    assert decide(test, answering(test, 5), answering(test, 10), COMMUNITY).passed


def test_what_is_clearly_wrong_is_refused_without_asking() -> None:
    test = world(100)
    better, worse = answering(test, 5), answering(test, 10)
    assert decide(test, worse, better, PUBLIC).outcome is Outcome.REFUSED
    assert decide(test, better, better, PUBLIC).outcome is Outcome.REFUSED
    assert decide(test, better, worse, PUBLIC, never_show={"dog"}).outcome is Outcome.REFUSED
    canary = CanaryCheck(4, "cat", is_expected=False, is_shown=True)
    verdict = decide(test, better, worse, PUBLIC, canaries=[canary])
    assert verdict.outcome is Outcome.REFUSED
    assert verdict.reason == "Canary 4 must never show cat, and would."


def test_on_many_photos_a_sure_gain_goes_live_by_itself() -> None:
    test = world(200)
    verdict = decide(test, answering(test, 5), answering(test, 25), STRICT)
    assert verdict.outcome is Outcome.PASSED
    assert not any(each.asks for each in verdict.lines)


def test_on_many_photos_a_gain_that_may_be_a_loss_is_refused() -> None:
    test = world(200)
    live, candidate = answering(test, 25, tag=0), answering(test, 21, tag=1)
    assert decide(test, candidate, live, COMMUNITY).passed
    verdict = decide(test, candidate, live, STRICT)
    assert verdict.outcome is Outcome.REFUSED
    assert "It may be worse than the live network by 0.5 points or more: macro-F1" in verdict.reason


def test_the_first_tags_of_a_public_site_need_nobody_to_decide() -> None:
    test = world(100)
    nobody = answering(test, 0, learnt=frozenset(), knows=frozenset())
    assert decide(test, answering(test, 20), nobody, PUBLIC).outcome is Outcome.PASSED


def test_a_tag_without_test_photos_is_told_and_the_rest_goes_on() -> None:
    test = world(100)
    answers = np.hstack([test.answers, np.full((200, 1), -1, np.int8)])
    tags = (*test.tags, "heron")
    test = Examples(test.photos, tags, answers, test.sides, test.groups, test.contests)
    known = frozenset(tags)
    live = answering(test, 10, tag=0, learnt=known, knows=known)
    candidate = answering(test, 5, tag=0, learnt=known, knows=known)
    verdict = decide(test, candidate, live, COMMUNITY)
    assert verdict.passed
    assert line(verdict, "not judged") == (
        True,
        "No test photo shows it any more, so nothing is said of heron.",
    )
    unanswered = np.hstack([answers[:, :2], np.zeros((200, 1), np.int8)])
    test = replace(test, answers=unanswered)
    verdict = decide(test, candidate, live, COMMUNITY)
    assert verdict.passed
    assert "heron" in line(verdict, "not judged")[1]


def test_a_tag_that_can_no_longer_be_taught_is_told_with_what_it_needs() -> None:
    test = world()
    live = answering(test, 10, learnt=frozenset({"cat", "dog", "heron"}))
    missing = {"heron": "needs 3 more distinct photos to judge it on", "owl": "12 of 20"}
    verdict = decide(test, answering(test, 5), live, COMMUNITY, missing=missing)
    assert verdict.passed
    assert line(verdict, "no longer taught")[1] == (
        "No longer taught, for want of curated photos: "
        "heron (needs 3 more distinct photos to judge it on)."
    )


def test_the_bounds_hold_the_truth_nineteen_times_in_twenty() -> None:
    """Two equal networks: about one interval in twenty leaves out the zero."""
    missed, repeats = 0, 120
    for seed in range(repeats):
        random = np.random.default_rng(seed)
        test = world(60)
        right = test.answers == 1
        live, candidate = (
            np.where(random.random(right.shape) < 0.15, ~right, right) for _ in range(2)
        )
        both = [
            Answers(said.astype(np.float32), said, frozenset(test.tags), frozenset(test.tags))
            for said in (candidate, live)
        ]
        (f1, _) = compare(test, *both, [0, 1], draws=200)
        missed += not f1.low <= 0 <= f1.high
    assert 1 <= missed <= 14


def test_near_duplicates_are_one_observation() -> None:
    test = world(100)
    live, candidate = answering(test, 20), answering(test, 10)
    (alone, _) = compare(test, candidate, live, [0, 1], draws=400)
    copies = Examples(
        photos=tuple(f"{copy}{photo}" for copy in range(4) for photo in test.photos),
        tags=test.tags,
        answers=np.tile(test.answers, (4, 1)),
        sides=test.sides * 4,
        groups=test.groups * 4,
        contests=test.contests * 4,
    )
    four = [
        Answers(np.tile(a.scores, (4, 1)), np.tile(a.shown, (4, 1)), a.knows, a.learnt)
        for a in (candidate, live)
    ]
    (copied, _) = compare(copies, *four, [0, 1], draws=400)
    assert copied.points == pytest.approx(alone.points)
    assert copied.high - copied.low == pytest.approx(alone.high - alone.low, rel=0.01)
