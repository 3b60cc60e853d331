"""The day's progress, and what the next version made of one's answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from tagging.models import ModelVersion, Promotion, ReviewTask, TagEvent
from tagging.reviewing.effects import Effect, day_of, effects_of
from tagging.services.curation import curate_import
from tagging.services.review import answer_question
from tagging.services.votes import cast_vote, undo_event
from tests.tagging.cast import make_image, make_tag
from tests.tagging.review_cast import ask, go_live

FIGURES = {
    "per_tag": {"heron": {"f1": 0.832}, "reed": {"f1": 0.7}, "pond": {"f1": None}},
    "live": {"version": 13, "per_tag": {"heron": {"f1": 0.611}, "reed": {"f1": 0.0}}},
}


def at(day: int) -> datetime:
    return datetime(2026, 5, day, 12, tzinfo=UTC)


def made(number: int, day: int, **fields: object) -> ModelVersion:
    """Return a live version that was made on this day of May."""
    version = go_live(number, "heron", **fields)
    ModelVersion.objects.filter(pk=version.pk).update(created_at=at(day))
    version.refresh_from_db()
    return version


def answer_on(day: int, person: User, owner: User, name: str, value: str = "yes") -> TagEvent:
    """Let a person answer on this day of May; return the event."""
    task = ask(person, make_image(owner), name)
    answered = answer_question(person=person, task_id=task.pk, value=value)
    assert answered.event is not None
    TagEvent.objects.filter(pk=answered.event.pk).update(created_at=at(day))
    return answered.event


def test_answers_between_two_versions_count_for_the_later_one(alice: User, bob: User) -> None:
    made(13, 1)
    for name, day, value in (
        ("heron", 2, "yes"),
        ("heron", 3, "no"),
        ("reed", 3, "yes"),
        ("pond", 3, "yes"),
        ("unjudged", 3, "yes"),
        ("heron", 3, "unsure"),
    ):
        answer_on(day, bob, alice, name, value)
    answer_on(3, alice, bob, "heron")
    version = made(14, 5, metrics=FIGURES)
    # Some come too early, some too late, and one was taken back.
    answer_on(1, bob, alice, "heron")
    TagEvent.objects.filter(created_at=at(1)).update(created_at=at(1) - timedelta(hours=1))
    answer_on(6, bob, alice, "heron")
    undo_event(person=bob, event=answer_on(3, bob, alice, "heron"))
    effects = effects_of(bob, version)
    assert effects == [
        Effect(tag="heron", answers=2, before=0.611, after=0.832, version=14),
        Effect(tag="reed", answers=1, before=None, after=0.7, version=14),
    ]
    assert str(effects[0]) == "Your 2 answers on heron: F1 61 % → 83 % in version 14."
    assert str(effects[1]) == "Your 1 answer on reed: learnt in version 14, F1 70 %."


def test_votes_on_the_photo_page_count_and_imports_do_not(alice: User, bob: User) -> None:
    cast_vote(person=bob, image=make_image(alice), tag=make_tag("heron"), value="yes")
    curate_import(world_name="w", pairs=[(make_image(bob).pk, "heron")], actor=bob, curated=True)
    figures = {**FIGURES, "live": {"version": 0, "per_tag": {}}}
    (effect,) = effects_of(bob, go_live(1, "heron", metrics=figures))
    assert effect.answers == 1


def test_a_version_without_figures_has_no_effects(alice: User, bob: User) -> None:
    answer_on(2, bob, alice, "heron")
    assert effects_of(bob, ModelVersion.objects.bootstrap()) == []


def test_the_review_page_tells_while_it_is_news(client: Client, alice: User, bob: User) -> None:
    client.force_login(bob)
    answer_on(2, bob, alice, "heron")
    made(13, 1)
    made(14, 5, metrics=FIGURES)
    told = "Your 1 answer on heron: F1 61 % → 83 % in version 14."
    assertContains(client.get("/review/"), told)
    client.force_login(alice)
    assertNotContains(client.get("/review/"), "Your 1 answer")
    client.force_login(bob)
    Promotion.objects.update(created_at=timezone.now() - timedelta(days=20))
    assertNotContains(client.get("/review/"), told)


def test_the_day_begins_at_midnight_where_the_site_is(
    alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = datetime(2026, 5, 2, 3, tzinfo=UTC)
    monkeypatch.setattr(timezone, "now", lambda: now)
    for hours in (1, 2, 7, 24):
        answered_at = now - timedelta(hours=hours)
        ask(bob, make_image(alice), "heron", value="yes", answered_at=answered_at)
    ask(alice, make_image(bob), "heron", value="yes", answered_at=now)
    with timezone.override("UTC"):
        assert day_of(bob).answered == 2
    with timezone.override("America/New_York"):
        assert day_of(bob).answered == 3
    assert not day_of(bob).is_reached


def test_a_reached_goal_is_thanked_for(client: Client, alice: User, bob: User) -> None:
    image, now = make_image(alice), timezone.now()
    ReviewTask.objects.bulk_create(
        ReviewTask(person=bob, image=image, kind="naming", value="unsure", answered_at=now)
        for _ in range(51)
    )
    client.force_login(bob)
    assertContains(client.get("/review/"), "51 today. Thank you!")
