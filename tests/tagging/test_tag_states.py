"""The state that follows from votes alone, under either preset."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tagging.policy import COMMUNITY, PUBLIC
from tagging.states import Ballot, Verdict, judge_votes


def ballots(text: str) -> list[Ballot]:
    """Return votes from a short notation: `y`, `n`, `?`; capitals are the owner's."""
    values = {"y": "yes", "n": "no", "?": "unsure"}
    return [Ballot(value=values[sign.lower()], is_owner=sign.isupper()) for sign in text]


@pytest.mark.parametrize(
    ("votes", "state"),
    [
        ("", None),
        ("?", None),
        ("y", "pending"),
        ("yy", "confirmed"),
        ("yyn", "pending"),
        ("yn", "pending"),
        ("y?", "pending"),
        ("n", "rejected"),
        ("nny", "rejected"),
        ("Y", "confirmed"),
        ("Ynnn", "confirmed"),
        ("nnnY", "confirmed"),
        ("N", "rejected"),
        ("yyyN", "rejected"),
    ],
)
def test_among_friends_the_owner_or_a_margin_of_two_decides(votes: str, state: str | None) -> None:
    assert judge_votes(ballots(votes), COMMUNITY) == Verdict(state)


def test_an_unsure_owner_leaves_the_answer_to_others() -> None:
    unsure_owner = Ballot(value="unsure", is_owner=True)
    assert judge_votes([unsure_owner, *ballots("yy")], COMMUNITY).state == "confirmed"


@pytest.mark.parametrize(
    ("votes", "state"),
    [
        ("", None),
        ("??", None),
        ("y", "pending"),
        ("n", None),
        ("nn", None),
        ("yy", "pending"),
        ("yyy", "confirmed"),
        ("nnn", "rejected"),
        ("yyn", "pending"),  # exactly two thirds
        ("yyyn", "confirmed"),
        ("yyynn", "pending"),
        ("nnny", "rejected"),
        ("yyy??", "confirmed"),
        ("yyY", "pending"),  # the owner is none of the three
        ("yyyY", "confirmed"),
        ("yyyN", "confirmed"),
        ("yyynY", "confirmed"),
        ("yyynN", "pending"),  # the owner holds it back: 3 of 4.5
        ("yynY", "pending"),  # and does not tip it: 2.5 of 3.5, but two thirds without
        ("Y", "pending"),
        ("N", None),
    ],
)
def test_strangers_have_to_agree_with_or_without_the_owner(votes: str, state: str | None) -> None:
    assert judge_votes(ballots(votes), PUBLIC).state == state


def test_votes_that_have_not_come_of_age_keep_a_tag_waiting() -> None:
    young = [Ballot("yes", is_of_age=False) for _ in range(5)]
    assert judge_votes(young, PUBLIC) == Verdict("pending")


def test_a_vote_that_is_not_of_age_can_hold_an_answer_back_and_bring_none_about() -> None:
    young = [Ballot(value="no", is_of_age=False) for _ in range(2)]
    assert judge_votes([*ballots("yyy"), *young], PUBLIC).state == "pending"
    assert judge_votes([*ballots("yyy"), *young[:1]], PUBLIC).state == "confirmed"
    late_help = [Ballot(value="yes", is_of_age=False) for _ in range(2)]
    assert judge_votes([*ballots("yyn"), *late_help], PUBLIC).state == "pending"


def test_weights_decide_and_people_without_any_do_not_count() -> None:
    weightless = [Ballot("yes", weight=0.0) for _ in range(3)]
    assert judge_votes([*weightless, *ballots("yy")], PUBLIC).state == "pending"
    strong = [Ballot("yes", weight=0.9), Ballot("yes", weight=0.9)]
    assert judge_votes([*strong, Ballot("no", weight=0.2)], PUBLIC).state == "confirmed"
    assert judge_votes([*strong, Ballot("no", weight=0.9)], PUBLIC).state == "pending"


def test_rounding_does_not_decide() -> None:
    thirds = [Ballot("yes", weight=0.1), Ballot("yes", weight=0.1), Ballot("no", weight=0.1)]
    assert judge_votes(thirds, replace(PUBLIC, agreement=0.6666666666666666)).state == "pending"


def test_those_who_share_a_device_have_one_vote_of_the_strongest() -> None:
    def shared(*votes: tuple[str, float]) -> list[Ballot]:
        return [Ballot(value, weight=weight, circle=7) for value, weight in votes]

    many = [("yes", 0.5)] * 5
    assert judge_votes([*shared(*many), *ballots("y")], PUBLIC).state == "pending"
    assert judge_votes([*shared(*many), *ballots("yy")], PUBLIC).state == "confirmed"
    assert judge_votes([*shared(("no", 0.5)), *ballots("yy")], PUBLIC).state == "confirmed"
    against = shared(("no", 0.5), ("no", 1.0))
    assert judge_votes([*against, *ballots("yy")], PUBLIC).state == "pending"


def test_those_who_share_a_device_and_contradict_each_other_say_nothing() -> None:
    def with_others(*values: str) -> str | None:
        shared = [Ballot(value, circle=7) for value in values]
        return judge_votes([*shared, *ballots("yyyn")], PUBLIC).state

    assert with_others("no", "no") == "pending"
    assert with_others("no", "yes") == "confirmed"
    assert with_others("no", "unsure") == "pending"


def test_an_account_on_the_owners_device_is_the_owner() -> None:
    puppets = [Ballot("yes", is_owner=True, circle=3) for _ in range(4)]
    assert judge_votes([*puppets, *ballots("yy")], PUBLIC).state == "pending"
    assert judge_votes([*puppets, *ballots("yyy")], PUBLIC).state == "confirmed"


@pytest.mark.parametrize(
    ("votes", "verdict"),
    [
        ("yyyyynnnnn", Verdict("pending", is_escalated=True)),
        ("yyyyynnnn", Verdict("pending")),
        ("yyynn?????", Verdict("pending", is_escalated=True)),
        ("??????????", Verdict("pending", is_escalated=True)),
        ("yyyyyyyyyn", Verdict("confirmed")),
    ],
)
def test_ten_who_do_not_agree_leave_it_to_moderators(votes: str, verdict: Verdict) -> None:
    assert judge_votes(ballots(votes), PUBLIC) == verdict
    assert not judge_votes(ballots(votes), COMMUNITY).is_escalated


def test_ten_of_no_weight_yet_leave_it_to_moderators_but_ten_on_one_device_do_not() -> None:
    newcomers = [Ballot("yes", weight=0.0) for _ in range(10)]
    assert judge_votes(newcomers, PUBLIC).is_escalated
    assert not judge_votes([replace(each, circle=1) for each in newcomers], PUBLIC).is_escalated
    assert not judge_votes(
        [replace(each, is_of_age=False) for each in newcomers], PUBLIC
    ).is_escalated
