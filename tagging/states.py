"""Which state a tag on a photo is in, given the votes and a moderator's decision. Pure rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tagging.models.tags import TagState, VoteValue

# Two people more for than against is the least that one person alone cannot bring about.
CONFIRMING_MARGIN = 2


@dataclass(frozen=True)
class Ballot:
    """One person's current vote."""

    value: str
    is_owner: bool


def state_from_votes(ballots: Iterable[Ballot]) -> TagState | None:
    """Return the state that current votes alone give, or None where no vote says anything.

    The owner was there when the photo was taken: a yes or no of theirs decides. Otherwise the
    difference of yes and no counts: two or more confirm, below zero rejects, anything between
    waits. "Not sure" counts nothing.
    """
    balance = 0
    has_spoken = False
    for ballot in ballots:
        if ballot.value == VoteValue.UNSURE:
            continue
        is_yes = ballot.value == VoteValue.YES
        if ballot.is_owner:
            return TagState.CONFIRMED if is_yes else TagState.REJECTED
        has_spoken = True
        balance += 1 if is_yes else -1
    if not has_spoken:
        return None
    if balance >= CONFIRMING_MARGIN:
        return TagState.CONFIRMED
    return TagState.REJECTED if balance < 0 else TagState.PENDING
