"""The state that follows from votes alone."""

from __future__ import annotations

import pytest

from tagging.models import TagState
from tagging.policy import COMMUNITY
from tagging.states import Ballot, judge_votes


def ballots(text: str) -> list[Ballot]:
    """Return votes from a short notation: `y`, `n`, `?`; capitals are the owner's."""
    values = {"y": "yes", "n": "no", "?": "unsure"}
    return [Ballot(value=values[sign.lower()], is_owner=sign.isupper()) for sign in text]


@pytest.mark.parametrize(
    ("votes", "state"),
    [
        ("", None),
        ("?", None),
        ("y", TagState.PENDING),
        ("yy", TagState.CONFIRMED),
        ("yyn", TagState.PENDING),
        ("yn", TagState.PENDING),
        ("y?", TagState.PENDING),
        ("n", TagState.REJECTED),
        ("nny", TagState.REJECTED),
        ("Y", TagState.CONFIRMED),
        ("Ynnn", TagState.CONFIRMED),
        ("nnnY", TagState.CONFIRMED),
        ("N", TagState.REJECTED),
        ("yyyN", TagState.REJECTED),
    ],
)
def test_votes_give_the_state(votes: str, state: TagState | None) -> None:
    assert judge_votes(ballots(votes), COMMUNITY).state == state


def test_an_unsure_owner_leaves_the_answer_to_others() -> None:
    unsure_owner = Ballot(value="unsure", is_owner=True)
    assert judge_votes([unsure_owner, *ballots("yy")], COMMUNITY).state == TagState.CONFIRMED
