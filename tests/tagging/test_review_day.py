"""The day's progress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains

from gallery.models import User
from tagging.models import ReviewTask
from tagging.reviewing.deeds import day_of
from tests.tagging.cast import make_image
from tests.tagging.review_cast import ask


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
