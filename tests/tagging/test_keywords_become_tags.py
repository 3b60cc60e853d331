"""Words in a photo's own file become the tags of the person who uploaded it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.imaging.metadata import Metadata
from gallery.models import Image, User
from gallery.services import images as services
from gallery.services.images import develop_image, store_image
from tagging.models import ImageTag, Tag, TagEvent, Vote
from tagging.services.keywords import MOST_KEYWORDS, usable_names
from tagging.services.votes import withdraw_vote
from tagging.tasks import add_keyword_tags
from tests.conftest import draw_photo, encode
from tests.gallery.cast import store


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice, visibility="private")


def test_keywords_are_announced_after_the_commit_and_wait_for_a_worker(
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    data = encode(draw_photo(1))
    words = Metadata(keywords=("Graureiher", "x" * 65, "Lake"))
    told = replace(develop_image(data), metadata=words)
    monkeypatch.setattr(services, "develop_image", lambda _: told)

    with django_capture_on_commit_callbacks(execute=True):
        image = store_image(
            owner=alice, data=data, name="p.jpg", visibility="public", teaches=True
        ).image

    jobs = [job.task for job in OrmQ.objects.all()]
    asked = [job["args"] for job in jobs if job["func"] == "tagging.tasks.add_keyword_tags"]
    assert asked == [(image.pk, alice.pk, ["graureiher", "lake"])]


def test_a_photo_without_keywords_asks_for_nothing(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        store_image(
            owner=alice,
            data=encode(draw_photo(1)),
            name="p.jpg",
            visibility="public",
            teaches=True,
        )

    asked = {job.task["func"] for job in OrmQ.objects.all()}
    assert asked == {"tagging.tasks.tag_image", "gallery.tasks.make_renditions"}


def test_they_count_as_the_persons_own_word(image: Image, alice: User) -> None:
    said = add_keyword_tags(image.pk, alice.pk, ["Graureiher", "lake"])

    assert said == f"2 of 2 keywords are tags of photo {image.pk}."
    rows = ImageTag.objects.filter(image=image).order_by("tag__name")
    assert [row.tag.name for row in rows] == ["graureiher", "lake"]
    assert {vote.person_id for vote in Vote.objects.all()} == {alice.pk}
    assert {event.source for event in TagEvent.objects.all()} == {"file"}


def test_running_twice_says_nothing_twice(image: Image, alice: User) -> None:
    add_keyword_tags(image.pk, alice.pk, ["heron"])
    withdraw_vote(person=alice, image=image, tag=Tag.objects.get(name="heron"))

    add_keyword_tags(image.pk, alice.pk, ["heron"])

    assert not Vote.objects.current().filter(tag__name="heron").exists()


def test_blocked_words_are_passed_over(image: Image, alice: User) -> None:
    Tag.objects.create(name="ugly", slug="ugly", is_blocked=True)

    add_keyword_tags(image.pk, alice.pk, ["ugly", "heron"])

    assert [row.tag.name for row in ImageTag.objects.all()] == ["heron"]


def test_impossible_words_are_left_out_and_thirty_are_enough() -> None:
    assert usable_names(["", "  ", "<b>", "a\0b", "x" * 65, "Heron", "heron", "HERON "]) == [
        "heron"
    ]
    assert len(usable_names([f"word {number}" for number in range(500)])) == MOST_KEYWORDS


def test_what_is_gone_gets_no_tags(image: Image, alice: User) -> None:
    assert add_keyword_tags(image.pk + 1, alice.pk, ["heron"]).startswith("0 of 1")
    assert add_keyword_tags(image.pk, alice.pk + 1, ["heron"]).startswith("0 of 1")
    assert not Tag.objects.exists()
