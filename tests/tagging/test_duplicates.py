"""Near-duplicates of one's own photos: side by side, kept, merged, undone."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gallery.models import Album, AlbumPhoto, Image, User
from tagging.duplicates import undecided_pairs
from tagging.models import Content, TwinChoice, TwinGroup, Vote
from tagging.services.curation import approve_tags
from tagging.services.duplicates import NoTwinsError, keep_both, merge_twins, undo_choice
from tagging.services.votes import add_tag, cast_vote
from tests.tagging.cast import make_image, make_tag

DUPLICATES = "/duplicates/"
Twins = Callable[..., list[Image]]


@pytest.fixture
def twins(alice: User) -> Twins:
    """A maker of photos of one owner that look alike, the first the largest."""

    def make(number: int = 2, owner: User = alice, **fields: object) -> list[Image]:
        group = TwinGroup.objects.create()
        photos = []
        for size in range(number, 0, -1):
            photo = make_image(owner, width=100 * size, **fields)
            Content.objects.create(sha256=photo.sha256, dhash=photo.dhash, group=group)
            photos.append(photo)
        return photos

    return make


def ids(*photos: Image) -> dict[str, int]:
    return {"kept": photos[0].pk, "other": photos[1].pk}


def state(*photos: Image) -> list[object]:
    """Return everything that a merge may change."""
    return [
        (
            photo.pk,
            *Image.with_trash.values_list("title", "description", "alt", "like_count", "deleted_at")
            .get(pk=photo.pk),
            sorted(photo.image_tags.values_list("tag__name", "state")),
            sorted(Vote.objects.current().filter(image=photo).values_list("person", "value")),
            sorted(photo.places.values_list("album", "position")),
            sorted(photo.covers.values_list("pk", flat=True)),
        )
        for photo in photos
    ]  # fmt: skip


def test_ones_own_pairs_stand_side_by_side_the_larger_first(
    client: Client, twins: Twins, alice: User, bob: User
) -> None:
    large, small = twins()
    twins(owner=bob)
    make_image(alice)
    add_tag(person=alice, image=small, name="heron")
    client.force_login(alice)
    page = client.get(DUPLICATES)
    (pair,) = page.context["pairs"]
    assert (pair.better.image, pair.other.image) == (large, small)
    assert pair.better.is_larger
    assert pair.other.own_tags == {"heron"}
    assert "1 pair of yours looks alike" in page.content.decode()


def test_a_group_of_three_is_decided_pair_by_pair(twins: Twins, alice: User) -> None:
    large, middle, small = twins(3)
    assert undecided_pairs(alice) == [(large.pk, middle.pk), (large.pk, small.pk)]
    keep_both(one=large.pk, other=middle.pk, by=alice)
    assert undecided_pairs(alice) == [(large.pk, small.pk)]
    keep_both(one=small.pk, other=large.pk, by=alice)
    assert undecided_pairs(alice) == [(middle.pk, small.pk)]
    merge_twins(kept=small.pk, other=middle.pk, by=alice)
    assert undecided_pairs(alice) == []


def test_keeping_both_counts_once_and_can_be_undone(
    client: Client, twins: Twins, alice: User
) -> None:
    client.force_login(alice)
    pair = twins()
    for _ in range(2):
        client.post(f"{DUPLICATES}decide/", {**ids(*pair), "decision": "keep"})
    choice = TwinChoice.objects.get()
    assert client.get(DUPLICATES).context["pairs"] == []
    for _ in range(2):
        client.post(f"{DUPLICATES}{choice.pk}/undo/")
    assert len(client.get(DUPLICATES).context["pairs"]) == 1


def test_a_merge_gives_tags_places_and_words_and_an_undo_takes_them_back(
    twins: Twins, alice: User, bob: User, mona: User
) -> None:
    kept, other = twins(alt="")
    Image.objects.filter(pk=kept.pk).update(title="Mine")
    other.title, other.description, other.alt, other.like_count = "Other", "At dawn", "A bird", 7
    other.save()
    both, only_other = (Album.objects.create(owner=alice, title=title) for title in "ab")
    for album, photo, position in ((both, kept, 1), (both, other, 2), (only_other, other, 3)):
        AlbumPhoto.objects.create(album=album, image=photo, position=position)
    Album.objects.filter(pk=only_other.pk).update(cover=other)
    add_tag(person=alice, image=other, name="heron")
    add_tag(person=bob, image=other, name="of bob")
    approved = add_tag(person=bob, image=other, name="pond")
    approve_tags(moderator=mona, image_tags=[approved])
    add_tag(person=alice, image=other, name="wrong here")
    cast_vote(person=alice, image=kept, tag=make_tag("wrong here"), value="no")
    before = state(kept, other)

    choice = merge_twins(kept=kept.pk, other=other.pk, by=alice)
    assert merge_twins(kept=kept.pk, other=other.pk, by=alice) == choice
    after = Image.objects.get(pk=kept.pk)
    assert (after.title, after.description, after.alt) == ("Mine", "At dawn", "A bird")
    assert after.like_count == 0
    assert set(after.image_tags.shown().values_list("tag__name", flat=True)) == {"heron", "pond"}
    assert set(after.places.values_list("album", "position")) == {(both.pk, 1), (only_other.pk, 3)}
    assert Album.objects.get(pk=only_other.pk).cover == kept
    assert not Image.objects.filter(pk=other.pk).exists()
    assert undecided_pairs(alice) == []

    for _ in range(2):
        undo_choice(choice=choice, by=alice)
    assert state(kept, other) == before
    assert undecided_pairs(alice) == [(kept.pk, other.pk)]
    again = merge_twins(kept=other.pk, other=kept.pk, by=alice)
    assert again != choice
    undo_choice(choice=again, by=alice)
    assert state(kept, other) == before


def test_an_undo_keeps_what_people_did_since(twins: Twins, alice: User, bob: User) -> None:
    kept, other = twins()
    other.title = "Other"
    other.save()
    add_tag(person=alice, image=other, name="heron")
    choice = merge_twins(kept=kept.pk, other=other.pk, by=alice)
    add_tag(person=bob, image=kept, name="heron")
    Image.objects.filter(pk=kept.pk).update(title="Better")
    undo_choice(choice=choice, by=alice)
    kept.refresh_from_db()
    assert kept.title == "Better"
    assert kept.image_tags.get().tag.name == "heron"
    assert not Vote.objects.current().filter(image=kept, person=alice).exists()


def test_what_is_no_pair_of_ones_own_is_refused(
    client: Client, twins: Twins, alice: User, bob: User, mona: User
) -> None:
    pair, stranger = twins(), make_image(alice)
    for wrong in ({"one": pair[0].pk, "other": stranger.pk}, {"one": pair[0].pk, "other": 0},
                  {"one": pair[0].pk, "other": pair[0].pk}):  # fmt: skip
        with pytest.raises(NoTwinsError):
            keep_both(**wrong, by=alice)
    for person in (bob, mona):
        with pytest.raises(NoTwinsError):
            merge_twins(kept=pair[0].pk, other=pair[1].pk, by=person)
    choice = keep_both(one=pair[0].pk, other=pair[1].pk, by=alice)
    client.force_login(bob)
    assert client.post(f"{DUPLICATES}{choice.pk}/undo/").status_code == 404
    for form in ({}, {"kept": "x", "other": "1"}, {"kept": "٣", "other": "1"},
                 {"kept": "9" * 30, "other": "1"}, {**ids(*pair), "decision": "burn"}):  # fmt: skip
        assert client.post(f"{DUPLICATES}decide/", form).status_code == 404
    answer = client.post(f"{DUPLICATES}decide/", {**ids(*pair), "decision": "merge"}, follow=True)
    assert "One of these photos is not there any more." in answer.content.decode()
    assert Image.objects.filter(pk__in=[photo.pk for photo in pair]).count() == 2


def test_many_pairs_come_in_pages_with_as_many_queries(
    client: Client, twins: Twins, alice: User
) -> None:
    client.force_login(alice)

    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get(DUPLICATES).status_code == 200
        return len(captured)

    def add_pair() -> None:
        for photo in twins():
            add_tag(person=alice, image=photo, name="heron")

    add_pair()
    queries()
    few = queries()
    for _ in range(10):
        add_pair()
    assert queries() == few
    assert len(client.get(DUPLICATES).context["pairs"]) == 10
    assert len(client.get(DUPLICATES, {"page": "1000000000"}).context["pairs"]) == 1
