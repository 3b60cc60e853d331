"""Which state a tag on a photo is in, given what people say of it. Pure rule.

Two rules, one per preset of the policy. Where people know each other the owner's word decides,
else a margin of two. Among strangers votes are weighed, have to come of age, and have to agree.
A moderator's decision outweighs either and is no matter of this module.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from tagging.policy import Policy

State: TypeAlias = Literal["pending", "confirmed", "rejected"]
PENDING: Final = "pending"
CONFIRMED: Final = "confirmed"
REJECTED: Final = "rejected"

YES: Final = "yes"
UNSURE: Final = "unsure"

# Two people more for than against is the least that one person alone cannot bring about.
CONFIRMING_MARGIN = 2
# Sums of weights that differ by less are equal: rounding must not decide.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Ballot:
    """One person's current vote, with what the rule for strangers needs to know of it."""

    value: str
    is_owner: bool = False
    """Cast by the photo's owner, or by an account seen on the owner's network or device."""
    weight: float = 1.0
    """What the person's answers to gold tasks are worth, 0 to 1 (see `tagging.reputation`)."""
    is_of_age: bool = True
    circle: int | None = None
    """People of one number share a network or device and count once; None shares none."""


@dataclass(frozen=True)
class Verdict:
    """What current votes alone say."""

    state: State | None
    """None where no vote says anything, so that the network's word stands as it is."""
    is_escalated: bool = False
    """Many looked and do not agree: a moderator has to."""


def judge_votes(ballots: Iterable[Ballot], policy: Policy) -> Verdict:
    """Return what these current votes on one tag of one photo say under this policy."""
    if policy.weighs_votes:
        return _judge_strangers(list(ballots), policy)
    return Verdict(_state_among_friends(ballots))


def _state_among_friends(ballots: Iterable[Ballot]) -> State | None:
    """Return the state where people know each other.

    The owner was there when the photo was taken: a yes or no of theirs decides. Otherwise the
    difference of yes and no counts: two or more confirm, below zero rejects, anything between
    waits. "Not sure" counts nothing.
    """
    balance = 0
    has_spoken = False
    for ballot in ballots:
        if ballot.value == UNSURE:
            continue
        is_yes = ballot.value == YES
        if ballot.is_owner:
            return CONFIRMED if is_yes else REJECTED
        has_spoken = True
        balance += 1 if is_yes else -1
    if not has_spoken:
        return None
    if balance >= CONFIRMING_MARGIN:
        return CONFIRMED
    return REJECTED if balance < 0 else PENDING


def _judge_strangers(ballots: Sequence[Ballot], policy: Policy) -> Verdict:
    """Return what votes say where nobody knows anybody.

    Independent people of age have to agree, and still agree without the owner: the owner's half
    vote may support an answer or hold it back and never brings it about. So it is with votes that
    are not of age yet: people who agreed beforehand vote first, and whoever contradicts them
    within their two days is heard (`benchmarks/crowd.py`: 98 instead of 94 of 100 confirmed tags
    are right). Without agreement a single yes keeps the tag waiting in sight; mere noes leave the
    network's word standing. After `escalation_votes` independent people, unsure ones and those of
    no weight yet included, what is still open goes to moderators: so many looked in vain.
    """
    everybody = _one_per_circle(ballots, policy)
    people = _one_per_circle([ballot for ballot in ballots if ballot.is_of_age], policy)
    strangers = [ballot for ballot in people if not ballot.is_owner]
    agreed = _agreement(people, policy)
    if agreed is not None and {_agreement(strangers, policy), _agreement(everybody, policy)} == {
        agreed
    }:
        return Verdict(agreed)
    if policy.escalation_votes and len(people) >= policy.escalation_votes:
        return Verdict(PENDING, is_escalated=True)
    has_a_yes = any(ballot.value == YES for ballot in ballots)
    return Verdict(PENDING if has_a_yes else None)


def _agreement(people: Iterable[Ballot], policy: Policy) -> State | None:
    """Return what enough strangers say with a weighted share above the policy's, or None."""
    speaking = [ballot for ballot in people if ballot.weight > 0 and ballot.value != UNSURE]
    if sum(not ballot.is_owner for ballot in speaking) < policy.least_voters:
        return None
    total = sum(ballot.weight for ballot in speaking)
    yes = sum(ballot.weight for ballot in speaking if ballot.value == YES)
    needed = policy.agreement * total + ROUNDING
    if yes > needed:
        return CONFIRMED
    return REJECTED if total - yes > needed else None


def _one_per_circle(ballots: Iterable[Ballot], policy: Policy) -> list[Ballot]:
    """Return one ballot for all who share a network or device, the owner's share taken off."""
    circles: defaultdict[object, list[Ballot]] = defaultdict(list)
    for number, ballot in enumerate(ballots):
        key = ("alone", number) if ballot.circle is None else ("circle", ballot.circle)
        circles[key].append(ballot)
    return [_joint_ballot(circle, policy) for circle in circles.values()]


def _joint_ballot(circle: Sequence[Ballot], policy: Policy) -> Ballot:
    """Return the one vote of a circle: of the largest weight, or unsure where it disagrees."""
    is_owner = any(ballot.is_owner for ballot in circle)
    spoken = [ballot for ballot in circle if ballot.value != UNSURE]
    if len({ballot.value for ballot in spoken}) != 1:
        return Ballot(value=UNSURE, is_owner=is_owner)
    strongest = max(spoken, key=lambda ballot: ballot.weight)
    share = policy.owner_weight if is_owner else 1.0
    return replace(strongest, is_owner=is_owner, weight=strongest.weight * share)
