"""Moderators' decisions and curated imports."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from pytest_django import DjangoAssertNumQueries

from gallery.models import Image, User
from tagging.models import ClosedWorld, EventKind, ImageTag, Tag, TagEvent, Vote
from tagging.names import TagNameError
from tagging.services.curation import (
    approve_tags,
    curate_import,
    decide_on_pair,
    reject_tags,
    reopen_tags,
)
from tagging.services.tags import TagBlockedError
from tagging.services.votes import add_tag, cast_vote, undo_event
from tests.tagging.cast import make_image, make_tag


def test_only_a_moderator_decides(alice: User) -> None:
    row = add_tag(person=alice, image=make_image(alice), name="cat")
    for decide in (approve_tags, reject_tags, reopen_tags):
        with pytest.raises(PermissionDenied):
            decide(moderator=alice, image_tags=[row])
    row.refresh_from_db()
    assert row.state == "confirmed"


def test_approval_curates_and_counts_as_double_checked(alice: User, mona: User) -> None:
    row = add_tag(person=alice, image=make_image(alice), name="cat")
    assert approve_tags(moderator=mona, image_tags=[row]).changed == 1
    row.refresh_from_db()
    assert (row.state, row.is_double_checked, row.decided_by) == ("curated", True, mona)
    event = TagEvent.objects.get(kind=EventKind.APPROVED)
    assert (event.actor, event.source) == (mona, "admin")
    assert (event.state_before, event.state_after) == ("confirmed", "curated")
    assert approve_tags(moderator=mona, image_tags=[row]).changed == 0
    assert TagEvent.objects.filter(kind=EventKind.APPROVED).count() == 1


def test_reopening_lets_the_votes_count_again(alice: User, bob: User, mona: User) -> None:
    photo = make_image(alice)
    row = add_tag(person=bob, image=photo, name="cat")
    reject_tags(moderator=mona, image_tags=[row])
    cast_vote(person=alice, image=photo, tag=row.tag, value="yes")
    assert reopen_tags(moderator=mona, image_tags=ImageTag.objects.all()).changed == 1
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.is_double_checked) == ("confirmed", None, False)
    assert reopen_tags(moderator=mona, image_tags=[row]).changed == 0


def test_a_suggestion_can_be_approved_directly_and_undone_without_trace(
    alice: User, mona: User
) -> None:
    photo, tag = make_image(alice), make_tag("cat")
    decide_on_pair(moderator=mona, image=photo, tag=tag, kind=EventKind.APPROVED)
    assert ImageTag.objects.get().state == "curated"
    undo_event(person=mona, event=TagEvent.objects.get())
    assert not ImageTag.objects.exists()


def test_a_blocked_tag_is_not_approved(alice: User, mona: User) -> None:
    row = add_tag(person=alice, image=make_image(alice), name="cat")
    Tag.objects.update(is_blocked=True)
    assert approve_tags(moderator=mona, image_tags=[row]).changed == 0
    row.tag.refresh_from_db()
    with pytest.raises(TagBlockedError):
        decide_on_pair(moderator=mona, image=row.image, tag=row.tag, kind=EventKind.APPROVED)


def test_many_tags_are_decided_in_as_many_queries_as_few(
    alice: User, mona: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(30):
        add_tag(person=alice, image=make_image(alice), name="cat")
    rows = list(ImageTag.objects.all())
    with django_assert_max_num_queries(9):
        assert approve_tags(moderator=mona, image_tags=rows).changed == 30


def test_an_import_votes_for_its_owner(alice: User) -> None:
    photo = make_image(alice)
    changed = curate_import(
        world_name="pets", pairs=[(photo.pk, "Cats")], actor=alice, curated=False
    )
    row = ImageTag.objects.get()
    assert (changed, row.tag.name, row.state) == (1, "cats", "confirmed")
    assert (row.added_by, row.is_double_checked) == (alice, False)
    assert Vote.objects.current().get().value == "yes"
    assert TagEvent.objects.get().kind == EventKind.IMPORTED
    assert not ClosedWorld.objects.exists()


def test_a_curated_import_is_decided_and_closes_a_world(alice: User) -> None:
    photos = [make_image(alice) for _ in range(4)]
    names = ["cat", "cat", "dog", "t-shirt"]
    pairs = [(photo.pk, name) for photo, name in zip(photos, names, strict=True)]
    assert curate_import(world_name="pets", pairs=pairs, actor=alice, curated=True) == 4
    world = ClosedWorld.objects.get()
    assert (world.name, world.images.count()) == ("pets", 4)
    assert set(world.tags.values_list("name", flat=True)) == {"cat", "dog", "t-shirt"}
    assert ImageTag.objects.curated().filter(is_double_checked=True, decided_by=alice).count() == 4


def test_importing_twice_adds_only_what_is_new(alice: User) -> None:
    photos = [make_image(alice) for _ in range(3)]
    first = [(photo.pk, "cat") for photo in photos[:2]]
    both = [(photo.pk, "cat") for photo in photos]
    curate_import(world_name="pets", pairs=first, actor=alice, curated=True)
    assert curate_import(world_name="pets", pairs=both, actor=alice, curated=True) == 1
    assert ClosedWorld.objects.get().images.count() == 3
    assert TagEvent.objects.count() == Vote.objects.count() == ImageTag.objects.count() == 3


def test_an_import_does_not_overrule_a_moderator(alice: User, mona: User) -> None:
    photo, tag = make_image(alice), make_tag("cat")
    decide_on_pair(moderator=mona, image=photo, tag=tag, kind=EventKind.REJECTED)
    curate_import(world_name="pets", pairs=[(photo.pk, "cat")], actor=alice, curated=True)
    assert ImageTag.objects.get().state == "rejected"


def test_an_import_passes_over_photos_that_are_gone(alice: User) -> None:
    photo = make_image(alice)
    pairs = [(photo.pk, "cat"), (photo.pk + 99, "cat")]
    assert curate_import(world_name="pets", pairs=pairs, actor=alice, curated=True) == 1


def test_an_impossible_folder_name_writes_nothing(alice: User) -> None:
    photo = make_image(alice)
    with pytest.raises(TagNameError):
        curate_import(
            world_name="pets",
            pairs=[(photo.pk, "cat"), (photo.pk, "x" * 65)],
            actor=alice,
            curated=True,
        )
    assert not Image.objects.filter(image_tags__isnull=False).exists()
    assert not Tag.objects.exists()


def test_a_moderator_undoes_an_import_of_one_tag(alice: User, mona: User) -> None:
    photo = make_image(alice)
    curate_import(world_name="pets", pairs=[(photo.pk, "cat")], actor=alice, curated=True)
    undo_event(person=mona, event=TagEvent.objects.get())
    assert not ImageTag.objects.exists()
    assert not Vote.objects.current().exists()
