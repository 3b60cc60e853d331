"""Who may go live, and the words it is told in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tagging.policy import COMMUNITY
from training.learning.comparison import Answers
from training.learning.examples import Examples
from training.learning.gate import Verdict, decide

TAGS = ("cat", "dog")


def world(each: int = 100) -> Examples:
    """Return a test side of cats and dogs."""
    names = tuple(f"{row:04d}" for row in range(2 * each))
    answers = np.array([[1, -1]] * each + [[-1, 1]] * each, dtype=np.int8)
    return Examples(names, TAGS, answers, ("test",) * len(names), names, ((0, 1),) * len(names))


def answering(
    test: Examples,
    wrong: int,
    *,
    tag: int | None = None,
    learnt: frozenset[str] = frozenset(TAGS),
    knows: frozenset[str] = frozenset(TAGS),
    sure: float = 0.98,
) -> Answers:
    """Return a network that errs on so many photos (of one tag), evenly spread."""
    right = test.answers == 1
    columns = range(len(test.tags)) if tag is None else [tag]
    said = right.copy()
    for column in columns:
        of_tag = np.flatnonzero(right[:, column])
        said[of_tag[np.linspace(0, len(of_tag) - 1, wrong).astype(int)], column] = False
    scores = np.where(said, sure, 1 - sure).astype(np.float32)
    return Answers(scores, said, knows, learnt)


def line(verdict: Verdict, name: str) -> tuple[bool, str]:
    found = next(each for each in verdict.lines if each.name == name)
    return found.passed, found.sentence


def test_a_better_network_passes_and_says_by_how_much() -> None:
    test = world()
    verdict = decide(test, answering(test, 5), answering(test, 10), COMMUNITY)
    assert verdict.passed
    assert "Better than the live network: macro-F1 97.4 % against 94.7 %, +2.7 points" in (
        verdict.reason
    )


def test_the_same_network_again_is_refused_for_nothing_got_better() -> None:
    test = world()
    verdict = decide(test, answering(test, 5), answering(test, 5), COMMUNITY)
    assert not verdict.passed
    assert verdict.reason == "Nothing got better by +0.3 points or more."


def test_a_worse_network_is_refused_with_the_figures() -> None:
    test = world()
    verdict = decide(test, answering(test, 10), answering(test, 5), COMMUNITY)
    assert not verdict.passed
    assert "Worse than the live network: macro-F1 94.7 % against 97.4 %" in verdict.reason


def test_a_drop_within_half_a_point_is_let_through_beside_a_new_tag() -> None:
    test = world(400)
    live = answering(test, 3, learnt=frozenset({"cat"}), knows=frozenset({"cat"}))
    verdict = decide(test, answering(test, 4), live, COMMUNITY)
    assert verdict.passed
    assert verdict.reason == "It learnt 1 new tag: dog (F1 99.5 %)."
    assert "-0.1 points" in line(verdict, "macro-F1 holds")[1]


def test_a_small_drop_that_is_certain_is_refused() -> None:
    # 40 more mistakes in 10,000 cats: under half a point, but far beyond chance.
    test = world(10_000)
    live = answering(test, 0, learnt=frozenset({"cat"}), knows=frozenset({"cat"}))
    few_draws = replace(COMMUNITY, gate_draws=50)
    verdict = decide(test, answering(test, 40, tag=0), live, few_draws)
    assert not verdict.passed
    passed, sentence = line(verdict, "macro-F1 holds")
    assert not passed
    assert sentence.startswith("Worse than the live network beyond chance")


def test_a_new_tag_must_be_worth_having() -> None:
    test = world()
    live = answering(test, 5, learnt=frozenset({"cat"}), knows=frozenset({"cat"}))
    candidate = answering(test, 5, tag=0)
    candidate.shown[:, 1] = False
    candidate.shown[100:110, 1] = True
    verdict = decide(test, candidate, live, COMMUNITY)
    assert not verdict.passed
    assert "no new tag reaches F1 50.0 % (the best, dog, has 18.2 %)" in verdict.reason


def test_the_first_tags_have_nothing_to_be_compared_with() -> None:
    test = world()
    nobody = answering(test, 0, learnt=frozenset(), knows=frozenset())
    verdict = decide(test, answering(test, 20), nobody, COMMUNITY)
    assert verdict.passed
    assert line(verdict, "nothing to compare")[0]
    assert verdict.reason == "It learnt 2 new tags: cat (F1 88.9 %), dog (F1 88.9 %)."


def test_a_first_day_tag_is_compared_and_may_still_graduate() -> None:
    test = world()
    first_day = answering(test, 5, learnt=frozenset())
    assert decide(test, answering(test, 5), first_day, COMMUNITY).passed
    assert not decide(test, answering(test, 15), first_day, COMMUNITY).passed


def test_no_large_tag_may_fall_even_if_the_mean_rises() -> None:
    test = world()
    live, candidate = answering(test, 60, tag=0), answering(test, 25, tag=1)
    verdict = decide(test, candidate, live, COMMUNITY)
    assert line(verdict, "macro-F1 holds")[0]
    assert line(verdict, "no tag falls") == (
        False,
        "F1 falls by more than 10.0 points for dog (100.0 % to 85.7 %).",
    )
    assert not verdict.passed


def test_a_tag_with_few_test_photos_may_fall_beside_a_better_one() -> None:
    test = world(40)
    verdict = decide(test, answering(test, 10, tag=1), answering(test, 24, tag=0), COMMUNITY)
    assert line(verdict, "no tag falls")[0]


def test_scores_that_boast_are_refused_once_there_are_enough_decisions() -> None:
    test = world(300)
    better = answering(test, 60, sure=0.999)
    worse = answering(test, 200)
    verdict = decide(test, better, worse, COMMUNITY)
    assert line(verdict, "calibrated") == (
        False,
        "Scores do not mean what they say: off by 10.0 points on average, 5.0 points allowed.",
    )
    small = world(100)
    verdict = decide(small, answering(small, 20, sure=0.999), answering(small, 60), COMMUNITY)
    assert line(verdict, "calibrated")[0]


def test_a_word_no_machine_may_say_is_refused() -> None:
    test = world()
    verdict = decide(
        test, answering(test, 5), answering(test, 10), COMMUNITY, never_show={"dog", "ape"}
    )
    assert not verdict.passed
    assert verdict.reason == "It would say what a machine must never say: dog."


def test_a_slow_backbone_is_refused() -> None:
    test = world()
    for ratio, passed in ((1.05, True), (1.2, False)):
        verdict = decide(
            test, answering(test, 5), answering(test, 10), COMMUNITY, speed_ratio=ratio
        )
        assert verdict.passed is passed


def test_what_is_no_longer_taught_is_told_and_refuses_nothing() -> None:
    test = world()
    live = answering(test, 10, learnt=frozenset({*TAGS, "heron"}))
    verdict = decide(test, answering(test, 5), live, COMMUNITY)
    assert verdict.passed
    told = line(verdict, "no longer taught")[1]
    assert told == "No longer taught, for want of curated photos: heron."


def test_the_same_photos_give_the_same_bounds() -> None:
    test = world()
    first = decide(test, answering(test, 5), answering(test, 10), COMMUNITY)
    again = decide(test, answering(test, 5), answering(test, 10), COMMUNITY)
    assert first == again


def test_a_long_list_of_new_tags_names_the_best_and_counts_the_rest() -> None:
    tags = tuple(f"tag {n:02d}" for n in range(12))
    names = tuple(f"{row:04d}" for row in range(120))
    answers = np.where(np.arange(120)[:, None] % 12 == np.arange(12), 1, -1).astype(np.int8)
    test = Examples(names, tags, answers, ("test",) * 120, names, ((),) * 120)
    nobody = answering(test, 0, learnt=frozenset(), knows=frozenset())
    candidate = answering(test, 1, tag=0, learnt=frozenset(tags), knows=frozenset(tags))
    reason = decide(test, candidate, nobody, COMMUNITY).reason
    assert reason.startswith("It learnt 12 new tags: tag 01 (F1 100.0 %), tag 02")
    assert reason.endswith("tag 08 (F1 100.0 %) and 4 more.")


def test_forgetting_a_photo_is_something_better_and_excuses_nothing() -> None:
    test = world()
    equal = decide(test, answering(test, 5), answering(test, 5), COMMUNITY, forgets=2)
    assert equal.passed
    assert equal.reason.startswith("It forgets 2 photos, since taken back")
    worse = decide(test, answering(test, 10), answering(test, 5), COMMUNITY, forgets=2)
    assert not worse.passed
    assert "Worse than the live network" in worse.reason


def test_who_asked_for_fine_tuning_agreed_to_its_speed() -> None:
    test = world()
    better, live = answering(test, 5), answering(test, 10)
    assert not decide(test, better, live, COMMUNITY, speed_ratio=1.9).passed
    verdict = decide(test, better, live, COMMUNITY, speed_ratio=1.9, speed_is_agreed=True)
    assert verdict.passed
    assert "1.90 times as long per photo" in line(verdict, "speed")[1]
