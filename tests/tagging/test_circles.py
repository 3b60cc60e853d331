"""Which accounts were seen together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tagging.circles import find_circles

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
DAY = timedelta(hours=24)


def at(hours: int) -> datetime:
    return NOON + timedelta(hours=hours)


def test_people_at_one_mark_within_a_day_are_one_circle() -> None:
    circles = find_circles({1: [("a", at(0))], 2: [("a", at(24))], 3: [("a", at(49))]}, DAY)
    assert circles[1] == circles[2] != circles[3]


def test_circles_are_joined_by_whoever_belongs_to_both() -> None:
    seen = {1: [("a", at(0))], 2: [("a", at(1)), ("b", at(90))], 3: [("b", at(80))], 4: []}
    circles = find_circles(seen, DAY)
    assert circles[1] == circles[2] == circles[3]
    assert circles[4] == 4


def test_later_visits_of_the_same_person_do_not_hide_a_meeting() -> None:
    seen = {1: [("a", at(0)), ("a", at(20)), ("a", at(40))], 2: [("a", at(60))], 3: [("a", at(85))]}
    circles = find_circles(seen, DAY)
    assert circles[1] == circles[2]
    assert circles[3] == 3


def test_different_marks_join_nobody() -> None:
    assert find_circles({1: [("a", at(0))], 2: [("b", at(0))]}, DAY) == {1: 1, 2: 2}


def test_two_hundred_people_on_one_network_are_one_circle() -> None:
    seen = {person: [("cafe", at(person % 24))] for person in range(200)}
    assert len(set(find_circles(seen, DAY).values())) == 1
