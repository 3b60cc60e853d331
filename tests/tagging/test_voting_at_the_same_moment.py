"""Several people, one photo, one moment: real threads, real transactions."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from gallery.models import User
from tagging.models import EventKind, ImageTag, Tag, TagEvent, Vote
from tagging.services.curation import decide_on_pair
from tagging.services.settling import count_votes_of_age, settle_undecided
from tagging.services.votes import add_tag, cast_vote
from tests.tagging.cast import make_image, make_tag, pass_golds

PEOPLE = 6


def at_once(deeds: list[Callable[[], object]]) -> None:
    """Start all deeds together and raise the first error."""
    barrier = Barrier(len(deeds))

    def do(deed: Callable[[], object]) -> None:
        barrier.wait()
        try:
            deed()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        for outcome in [pool.submit(do, deed) for deed in deeds]:
            outcome.result()


@pytest.fixture
def people(transactional_db: None) -> list[User]:
    return [User.objects.create_user(f"person{number}") for number in range(PEOPLE)]


def test_people_confirming_the_same_tag_together_are_all_counted(people: list[User]) -> None:
    photo, tag = make_image(User.objects.create_user("owner")), make_tag("cat")
    at_once(
        [
            lambda person=person: cast_vote(person=person, image=photo, tag=tag, value="yes")
            for person in people
        ]
    )
    assert ImageTag.objects.get().state == "confirmed"
    assert Vote.objects.current().count() == PEOPLE
    assert TagEvent.objects.count() == PEOPLE


def test_people_coining_the_same_word_together_share_one_tag(people: list[User]) -> None:
    photos = [make_image(person) for person in people]
    names = ["T Shirt", "t-shirt"] * (PEOPLE // 2)
    at_once(
        [
            lambda person=person, photo=photo, name=name: add_tag(
                person=person, image=photo, name=name
            )
            for person, photo, name in zip(people, photos, names, strict=True)
        ]
    )
    assert sorted(Tag.objects.values_list("name", flat=True)) == ["t shirt", "t-shirt"]
    assert ImageTag.objects.count() == PEOPLE


def test_one_person_pressing_many_times_has_one_current_vote(people: list[User]) -> None:
    person = people[0]
    photo, tag = make_image(person), make_tag("cat")
    values = ["yes", "no"] * 3
    at_once(
        [
            lambda value=value: cast_vote(person=person, image=photo, tag=tag, value=value)
            for value in values
        ]
    )
    current = Vote.objects.current().get()
    expected = "confirmed" if current.value == "yes" else "rejected"
    assert ImageTag.objects.get().state == expected


def test_a_decision_holds_whatever_votes_arrive_with_it(people: list[User]) -> None:
    photo, tag = make_image(people[0]), make_tag("cat")
    mona = User.objects.create_superuser("mona")
    votes: list[Callable[[], object]] = [
        lambda person=person: cast_vote(person=person, image=photo, tag=tag, value="no")
        for person in people
    ]

    def approve() -> None:
        decide_on_pair(moderator=mona, image=photo, tag=tag, kind=EventKind.APPROVED)

    at_once([*votes, approve])
    assert ImageTag.objects.get().state == "curated"
    assert Vote.objects.current().count() == PEOPLE


def test_votes_come_of_age_while_others_arrive(settings: Settings, people: list[User]) -> None:
    settings.EYES_POLICY = "public"
    photo, tag = make_image(User.objects.create_user("owner")), make_tag("cat")
    for person in people:
        pass_golds(person)
    for person in people[:3]:
        cast_vote(person=person, image=photo, tag=tag, value="yes")
    Vote.objects.update(created_at=timezone.now() - timedelta(days=3))
    votes: list[Callable[[], object]] = [
        lambda person=person: cast_vote(person=person, image=photo, tag=tag, value="no")
        for person in people[3:]
    ]
    at_once([*votes, count_votes_of_age, count_votes_of_age, settle_undecided])
    assert ImageTag.objects.get().state == "confirmed"
    assert Vote.objects.exclude(counted_at=None).count() == 3
    assert TagEvent.objects.filter(kind="settled").count() == 1
