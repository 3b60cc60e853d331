"""Whether a candidate may go live: every reason in words.

The candidate and the live network are judged on the same photos (`comparison`). Three things can
come out: it passes, it is refused, or the test photos are too few for this policy to be sure and
a moderator decides with the figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from tagging.policy import Policy
from training.learning.canaries import CanaryCheck, tell_canaries
from training.learning.comparison import Answers, Difference, compare, f1_of
from training.learning.examples import PRESENT, Examples
from training.learning.metrics import Figures, measure
from training.learning.wording import count, enumerate_words, percent, points

_BETTER = "something better"


class Outcome(Enum):
    """What the gate lets happen to a candidate."""

    PASSED = "passed"
    A_MODERATOR_DECIDES = "a moderator decides"
    REFUSED = "refused"


@dataclass(frozen=True)
class GateLine:
    """One condition: its name, whether it holds, and a sentence that says why.

    One that does not hold refuses the candidate, unless it only `asks` a moderator.
    """

    name: str
    passed: bool
    sentence: str
    asks: bool = False


@dataclass(frozen=True)
class Verdict:
    """All lines, what follows from them, and the sentence that goes with the decision."""

    lines: tuple[GateLine, ...]
    outcome: Outcome
    reason: str

    @property
    def passed(self) -> bool:
        """Return whether the candidate may go live by itself: every line holds."""
        return self.outcome is Outcome.PASSED


def decide(
    test: Examples,
    candidate: Answers,
    live: Answers,
    policy: Policy,
    *,
    never_show: Iterable[str] = (),
    speed_ratio: float | None = None,
    speed_is_agreed: bool = False,
    forgets: int = 0,
    canaries: Sequence[CanaryCheck] = (),
    missing: Mapping[str, str] | None = None,
) -> Verdict:
    """Return the verdict on the test side.

    Compared are the tags that both networks know; a tag the live one has not learnt yet counts as
    new. `speed_ratio` is the candidate's time per photo divided by the live one's, given when the
    backbone changes; where the slower one was asked for it only says so. `forgets` is how many
    photos the live network has learnt from that were taken back, and this one has not: that is
    something better, whatever the figures say. `missing` says of tags outside the dataset what
    they need.
    """
    figures = measure(test, candidate.scores, candidate.shown)
    shared = [column for column, tag in enumerate(test.tags) if tag in live.knows]
    differences = compare(test, candidate, live, shared, draws=policy.gate_draws)
    return _conclude(
        [
            *(_holds(difference, len(test.photos), policy) for difference in differences),
            *_nothing_to_compare(differences),
            *_sure_enough(differences, len(test.photos), policy),
            _something_better(test, figures, live, differences, policy, forgets),
            _no_tag_falls(test, candidate, live, shared, policy),
            *_what_cannot_be_judged(test, shared),
            _is_calibrated(figures, policy),
            _never_show_is_clean(test.tags, never_show),
            *(GateLine("canaries", passed, told) for passed, told in tell_canaries(canaries)),
            *_fast_enough(speed_ratio, policy, speed_is_agreed),
            *_what_is_forgotten(candidate, live, missing or {}),
        ]
    )


def _conclude(lines: Sequence[GateLine]) -> Verdict:
    refusals = [line.sentence for line in lines if not line.passed and not line.asks]
    if refusals:
        return Verdict(tuple(lines), Outcome.REFUSED, " ".join(refusals))
    better = next(line.sentence for line in lines if line.name == _BETTER)
    questions = [line.sentence for line in lines if line.asks]
    if questions:
        reason = " ".join([*questions, better])
        return Verdict(tuple(lines), Outcome.A_MODERATOR_DECIDES, reason)
    return Verdict(tuple(lines), Outcome.PASSED, better)


def _holds(difference: Difference, photos: int, policy: Policy) -> GateLine:
    """Judge one difference by its value and its bounds."""
    sure = _lower_bound_binds(photos, policy) and difference.low <= -policy.gate_worst_drop
    worse = True
    if difference.points < -policy.gate_worst_drop:
        words = "Worse than the live network"
    elif difference.high < 0:
        words = "Worse than the live network beyond chance"
    elif sure:
        words = f"It may be worse than the live network by {_limit(policy)} or more"
    else:
        words, worse = "Not worse than the live network", False
    return GateLine(f"{difference.name} holds", not worse, f"{words}: {difference.in_words()}.")


def _lower_bound_binds(photos: int, policy: Policy) -> bool:
    return 0 < policy.gate_lower_bound_photos <= photos


def _limit(policy: Policy) -> str:
    return points(policy.gate_worst_drop, sign=False)


def _nothing_to_compare(differences: Sequence[Difference]) -> list[GateLine]:
    if differences:
        return []
    sentence = "The live network knows none of these tags, so there is nothing to lose."
    return [GateLine("nothing to compare", True, sentence)]


def _sure_enough(differences: Sequence[Difference], photos: int, policy: Policy) -> list[GateLine]:
    """Ask a moderator where the lower bound would decide, but comes from too few photos.

    With so few even a network that is two points better fails it four times in five, so that it
    can neither refuse nor promise anything (benchmarks/operating_curve.py).
    """
    needed = policy.gate_lower_bound_photos
    if not differences or photos >= needed:
        return []
    told = "; ".join(each.in_words() for each in differences)
    sentence = (
        f"{count(photos, 'test photo')} cannot show by themselves that nothing got worse "
        f"({needed:,} could): {told}. A moderator decides."
    )
    return [GateLine("enough test photos", False, sentence, asks=True)]


def _something_better(
    test: Examples,
    figures: Figures,
    live: Answers,
    differences: Sequence[Difference],
    policy: Policy,
    forgets: int,
) -> GateLine:
    gains = [each for each in differences if each.points >= policy.gate_least_gain]
    f1_of_new = {tag: figures.per_tag[tag].f1 or 0.0 for tag in test.tags if tag not in live.learnt}
    new = [tag for tag, f1 in f1_of_new.items() if f1 >= policy.gate_new_tag_f1]
    if new:
        new.sort(key=lambda tag: (-f1_of_new[tag], tag))
        told = enumerate_words(f"{tag} (F1 {percent(f1_of_new[tag])})" for tag in new)
        return GateLine(_BETTER, True, f"It learnt {count(len(new), 'new tag')}: {told}.")
    if gains:
        told = "; ".join(each.in_words() for each in gains)
        return GateLine(_BETTER, True, f"Better than the live network: {told}.")
    if forgets:
        told = count(forgets, "photo")
        sentence = f"It forgets {told}, since taken back, from which the live network has learnt."
        return GateLine(_BETTER, True, sentence)
    words = f"Nothing got better by {points(policy.gate_least_gain)} or more"
    if f1_of_new:
        best = max(f1_of_new, key=lambda tag: f1_of_new[tag])
        words += (
            f", and no new tag reaches F1 {percent(policy.gate_new_tag_f1)}"
            f" (the best, {best}, has {percent(f1_of_new[best])})"
        )
    return GateLine(_BETTER, False, f"{words}.")


def _no_tag_falls(
    test: Examples, candidate: Answers, live: Answers, columns: Sequence[int], policy: Policy
) -> GateLine:
    name = "no tag falls"
    fallen = []
    for column in columns:
        if (test.answers[:, column] == PRESENT).sum() >= policy.gate_tag_photos:
            now, before = f1_of(test, candidate, column), f1_of(test, live, column)
            if before - now > policy.gate_tag_drop:
                fallen.append(f"{test.tags[column]} ({percent(before)} to {percent(now)})")
    if fallen:
        limit = points(policy.gate_tag_drop, sign=False)
        return GateLine(
            name, False, f"F1 falls by more than {limit} for {enumerate_words(fallen)}."
        )
    limit = f"{policy.gate_tag_photos} or more test photos"
    return GateLine(name, True, f"No tag with {limit} loses much.")


def _what_cannot_be_judged(test: Examples, columns: Sequence[int]) -> list[GateLine]:
    """Say, without refusing, which tags the live network knows and no test photo shows any more:
    their photos were deleted or taken back, and the rest is judged without them."""
    present = (test.answers == PRESENT).any(axis=0)
    unjudged = [test.tags[column] for column in columns if not present[column]]
    if not unjudged:
        return []
    sentence = (
        f"No test photo shows it any more, so nothing is said of {enumerate_words(unjudged)}."
    )
    return [GateLine("not judged", True, sentence)]


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
    limit = points(policy.gate_calibration_error, sign=False)
    sentence = f"Scores {words}: off by {points(error, sign=False)} on average, {limit} allowed."
    return GateLine(name, passed, sentence)


def _never_show_is_clean(tags: Sequence[str], never_show: Iterable[str]) -> GateLine:
    name = "never-show list"
    offenders = sorted(set(tags) & set(never_show))
    if offenders:
        sentence = f"It would say what a machine must never say: {enumerate_words(offenders)}."
        return GateLine(name, False, sentence)
    return GateLine(name, True, "No tag of the never-show list is among its words.")


def _fast_enough(speed_ratio: float | None, policy: Policy, is_agreed: bool) -> list[GateLine]:
    if speed_ratio is None:
        return []
    if is_agreed:
        sentence = (
            f"The fine-tuned network takes {speed_ratio:.2f} times as long per photo as the live "
            "one; asking for it was agreeing to that."
        )
        return [GateLine("speed", True, sentence)]
    sentence = (
        f"The new backbone takes {speed_ratio:.2f} times as long per photo; "
        f"{policy.gate_speed_ratio:g} times are allowed."
    )
    return [GateLine("speed", speed_ratio <= policy.gate_speed_ratio, sentence)]


def _what_is_forgotten(
    candidate: Answers, live: Answers, missing: Mapping[str, str]
) -> list[GateLine]:
    """Say, without refusing, which tags are no longer taught and what they would need: people
    took their photos back, and with them went what taught or judged the tag."""
    forgotten = sorted(live.learnt - candidate.learnt)
    if not forgotten:
        return []
    told = enumerate_words(
        f"{tag} ({missing[tag]})" if tag in missing else tag for tag in forgotten
    )
    sentence = f"No longer taught, for want of curated photos: {told}."
    return [GateLine("no longer taught", True, sentence)]
