"""What a vote weighs after gold tasks, and how many of them are asked."""

from __future__ import annotations

import pytest
from pytest_django import DjangoAssertNumQueries

from gallery.models import User
from tagging.models import ReviewTask
from tagging.policy import COMMUNITY, PUBLIC
from tagging.reputation import GoldRecord, gold_share, voting_weight
from tagging.services.reputation import read_gold_records, read_weights
from tests.tagging.cast import make_people, pass_golds


def test_nobody_weighs_anything_before_ten_golds() -> None:
    assert voting_weight(GoldRecord(), PUBLIC) == 0
    assert voting_weight(GoldRecord(present_right=5, absent_right=4), PUBLIC) == 0
    assert voting_weight(GoldRecord(present_right=5, absent_right=5), PUBLIC) > 0.5


def test_among_friends_everybody_weighs_one() -> None:
    assert voting_weight(GoldRecord(), COMMUNITY) == 1
    assert voting_weight(GoldRecord(present_wrong=50), COMMUNITY) == 1


def test_weight_grows_with_evidence_and_stays_below_one() -> None:
    weights = [
        voting_weight(GoldRecord(present_right=each, absent_right=each), PUBLIC)
        for each in (5, 10, 20, 100)
    ]
    assert weights == sorted(weights)
    assert 0.5 < weights[0] < 0.6
    assert 0.95 < weights[-1] < 1


@pytest.mark.parametrize(
    "record",
    [
        GoldRecord(10, 10, 10, 10),  # tosses a coin
        GoldRecord(present_right=20, absent_wrong=20),  # says yes to everything
        GoldRecord(present_wrong=20, absent_right=20),  # says no to everything
        GoldRecord(present_wrong=20, absent_wrong=20),  # says the contrary
    ],
)
def test_who_tells_nothing_or_the_contrary_weighs_nothing(record: GoldRecord) -> None:
    assert voting_weight(record, PUBLIC) == 0


def test_who_was_tested_on_one_kind_of_truth_alone_weighs_little() -> None:
    one_sided = voting_weight(GoldRecord(present_right=10), PUBLIC)
    both = voting_weight(GoldRecord(present_right=5, absent_right=5), PUBLIC)
    assert one_sided < both / 3


def test_golds_become_rarer_with_experience() -> None:
    shares = [gold_share(answered, PUBLIC.gold_shares) for answered in (0, 9, 10, 24, 25, 50, 9999)]
    assert shares == [0.4, 0.4, 0.3, 0.3, 0.2, 0.1, 0.1]
    with pytest.raises(ValueError, match="-1"):
        gold_share(-1, PUBLIC.gold_shares)


def test_records_are_counted_from_gold_tasks_alone(db: None) -> None:
    (person,) = make_people(1)
    pass_golds(person, right=6, wrong=3)
    task = ReviewTask.objects.first()
    assert task is not None
    others = {"person": person, "tag": task.tag, "image": task.image}
    ReviewTask.objects.filter(pk=task.pk).update(value="unsure")
    task.delete()
    ReviewTask.objects.create(kind="blind", value="yes", **others)
    record = read_gold_records([person.pk])[person.pk]
    assert record == GoldRecord(2, 2, 3, 1)


def test_many_weights_are_read_in_one_query(
    db: None, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    people = make_people(12)
    for person in people:
        pass_golds(person, right=10)
    with django_assert_num_queries(1):
        weights = read_weights([*(person.pk for person in people), 0], PUBLIC)
    assert weights.pop(0) == 0
    assert all(weight > 0.5 for weight in weights.values())
    with django_assert_num_queries(0):
        assert set(read_weights([person.pk for person in people], COMMUNITY).values()) == {1.0}


def test_answers_go_with_the_account(alice: User) -> None:
    pass_golds(alice)
    alice.delete()
    assert not ReviewTask.objects.exists()
