"""Counts kept on tags, the page of all tags and the explore page."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.models import Image, User
from tagging.models import Tag
from tagging.services.tag_figures import count_tags, count_tags_of_small_site
from tagging.services.votes import add_tag, cast_vote
from tagging.tasks import count_tags as count_tags_job
from tests.tagging.cast import make_image, make_tag, suggest

EXPLORE = "/explore/"


def names(client: Client, part: str = "popular") -> list[str]:
    """Return the tags of a part of the explore page."""
    return [one.tag.name for one in getattr(client.get(EXPLORE).context["explore"], part)]


def test_tags_are_counted_on_photos_that_everybody_may_see(alice: User, bob: User) -> None:
    unseen = (
        {"visibility": "private"},
        {"visibility": "followers"},
        {"hidden_at": "2026-01-01T00:00Z"},
        {"deleted_at": "2026-01-01T00:00Z"},
    )
    for fields in ({}, *unseen):
        photo = make_image(alice, **fields)
        if "deleted_at" not in fields:
            add_tag(person=alice, image=photo, name="heron")
        suggest(photo, "pond")
    refused = make_image(alice)
    suggest(refused, "pond")
    cast_vote(person=bob, image=refused, tag=make_tag("pond"), value="no")
    count_tags()
    heron, pond = Tag.objects.get(name="heron"), Tag.objects.get(name="pond")
    assert (heron.photos_by_people, heron.photos_by_network) == (1, 0)
    assert (pond.photos_by_people, pond.photos_by_network) == (0, 1)
    assert heron.cover is not None
    assert heron.cover.visibility == "public"


def test_the_job_may_run_twice_and_follows_what_changes(alice: User, bob: User) -> None:
    photo = make_image(alice)
    add_tag(person=alice, image=photo, name="heron")
    assert count_tags_job().startswith("1 tags")
    assert count_tags_job().startswith("0 tags")
    Image.objects.filter(pk=photo.pk).update(visibility="private")
    count_tags()
    tag = Tag.objects.get(name="heron")
    assert (tag.photos_by_people, tag.cover) == (0, None)


def test_all_tags_show_what_was_counted(client: Client, alice: User) -> None:
    add_tag(person=alice, image=make_image(alice), name="heron")
    count_tags()
    add_tag(person=alice, image=make_image(alice), name="stork")
    assert [tag.name for tag in client.get("/tags/").context["page"]] == ["heron"]
    count_tags()
    assert [tag.name for tag in client.get("/tags/").context["page"]] == ["heron", "stork"]
    for number in ("1000000000", "0", "-1", "x"):
        assert client.get("/tags/", {"page": number}).status_code == 200


def test_popular_tags_stand_with_the_photo_people_like_most(client: Client, alice: User) -> None:
    photos = [make_image(alice, like_count=likes) for likes in (1, 5, 0)]
    for photo in photos:
        add_tag(person=alice, image=photo, name="heron")
    add_tag(person=alice, image=photos[1], name="pond")
    count_tags()
    explore = client.get(EXPLORE).context["explore"]
    shown = {one.tag.name: (one.cover.pk, one.photos) for one in explore.popular}
    assert list(shown) == ["heron", "pond"]
    assert shown["heron"] == (photos[1].pk, 3)
    assert explore.liked[0] == photos[1]
    assert photos[2] not in explore.liked


def test_a_cover_that_went_private_is_gone_at_once(client: Client, alice: User) -> None:
    photo = make_image(alice)
    add_tag(person=alice, image=photo, name="heron")
    count_tags()
    assert names(client) == ["heron"]
    for change in ({"visibility": "private"}, {"deleted_at": timezone.now()}):
        Image.with_trash.filter(pk=photo.pk).update(**change)
        client.force_login(alice)
        assert names(client) == []
        assert photo.thumbnail_url not in client.get(EXPLORE).content.decode()
        Image.with_trash.filter(pk=photo.pk).update(visibility="public", deleted_at=None)


def test_rising_tags_are_those_with_the_largest_share_of_new_photos(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagging.explore.POPULAR", 1)
    long_ago = timezone.now() - timedelta(days=90)
    for name, old, new in (("dog", 9, 0), ("crane", 1, 4), ("stork", 4, 3), ("wren", 5, 1)):
        for number in range(old + new):
            photo = make_image(alice)
            if number < old:
                Image.objects.filter(pk=photo.pk).update(created_at=long_ago)
            add_tag(person=alice, image=photo, name=name)
    count_tags()
    assert names(client) == ["dog"]
    assert names(client, "rising") == ["crane", "stork"]


def test_blocked_tags_and_colours_without_photos_are_not_offered(
    client: Client, alice: User
) -> None:
    add_tag(person=alice, image=make_image(alice), name="heron")
    count_tags()
    Tag.objects.filter(name="heron").update(is_blocked=True)
    page = client.get(EXPLORE)
    assert "Nothing to explore yet" in page.content.decode()
    assert "colour:blue" not in page.content.decode()
    make_image(alice, colour_name="blue")
    assert "/search/?q=colour:blue" in client.get(EXPLORE).content.decode()


def test_more_tags_and_photos_take_no_more_queries(client: Client, alice: User) -> None:
    def queries() -> list[int]:
        counts = []
        for address in (EXPLORE, "/tags/"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    def grow(number: int) -> None:
        for each in range(number):
            owner = User.objects.create_user(f"person{number}-{each}")
            photo = make_image(owner, like_count=1, colour_name="blue")
            add_tag(person=alice, image=photo, name=f"thing {number} {each}")
        count_tags()

    grow(1)
    queries()
    few = queries()
    grow(9)
    assert queries() == few


def test_a_small_site_counts_at_once_and_a_large_one_leaves_it_to_the_job(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    suggest(make_image(alice), "heron")
    assert count_tags_of_small_site() == 1
    assert Tag.objects.get(name="heron").photos_by_network == 1
    suggest(make_image(alice), "heron")
    monkeypatch.setattr("tagging.services.tag_figures.SMALL_SITE", 1)
    assert count_tags_of_small_site() == 0
    assert Tag.objects.get(name="heron").photos_by_network == 1
