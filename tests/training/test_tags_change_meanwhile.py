"""Tags are renamed, merged and blocked and photos leave while a dataset is being made."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import pytest
from django.db import connection
from django.utils import timezone

from gallery.models import Image, User
from tagging.models import ImageTag, Tag
from tagging.policy import COMMUNITY
from tagging.services.tags import find_or_create_tag
from tests.training.classroom import BACKBONE, teach_world
from training.decisions import Decisions
from training.learning.examples import TEST
from training.models import DatasetVersion
from training.snapshot import (
    NothingToLearn,
    images_to_embed,
    store_snapshot,
    take_snapshot,
    taking,
)


def rename() -> None:
    Tag.objects.filter(name="dog").update(name="hound")


def merge() -> None:
    """Make "dog" a name for "hound", as a merge leaves it."""
    hound = find_or_create_tag(name="hound")
    ImageTag.objects.filter(tag__name="dog").update(tag=hound)
    Tag.objects.filter(name="dog").update(alias_of=hound)


def block() -> None:
    Tag.objects.filter(name="dog").update(is_blocked=True)


def silence() -> None:
    Tag.objects.filter(name="dog").update(never_show=True)


CHANGES = [
    (rename, ("cat", "hound", "lamp")),
    (merge, ("cat", "hound", "lamp")),
    (block, ("cat", "lamp")),
    (silence, ("cat", "lamp")),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("change", "tags"), CHANGES)
def test_a_change_after_embedding_is_in_the_dataset_as_a_whole(
    alice: User, change: Callable[[], None], tags: tuple[str, ...]
) -> None:
    teach_world(alice, ["cat", "dog", "lamp"])
    assert len(images_to_embed(COMMUNITY)) == 72
    change()
    taken, dataset = store_snapshot(COMMUNITY, BACKBONE)
    assert taken.examples.tags == tuple(dataset.tags) == tags
    assert taken.missing == {}
    for tag in tags:
        assert taken.examples.count(1)[tag] == 24
        assert taken.examples.count(-1)[tag] >= 24


@pytest.mark.django_db
@pytest.mark.parametrize("change", [change for change, _ in CHANGES])
def test_a_name_that_means_another_tag_or_nothing_is_never_taught(
    alice: User, change: Callable[[], None]
) -> None:
    teach_world(alice, ["cat", "dog", "lamp"])
    ImageTag.objects.filter(tag__name="cat").delete()
    change()
    try:
        names = take_snapshot(COMMUNITY, BACKBONE).examples.tags
    except NothingToLearn as nothing:
        names = tuple(nothing.missing)
    assert "dog" not in names


@pytest.mark.django_db
def test_rows_left_on_a_merged_tag_teach_nothing(alice: User) -> None:
    teach_world(alice, ["cat", "dog", "lamp"])
    hound = find_or_create_tag(name="hound")
    Tag.objects.filter(name="dog").update(alias_of=hound)
    taken = take_snapshot(COMMUNITY, BACKBONE)
    assert taken.examples.tags == ("cat", "lamp")
    assert "dog" not in taken.missing


@pytest.mark.django_db
def test_photos_that_leave_after_embedding_are_not_in_the_dataset(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    images_to_embed(COMMUNITY)
    deleted, hidden, withdrawn = photos["cat"][:3]
    gone = {image.sha256 for image in (deleted, hidden, withdrawn)}
    deleted.delete()
    Image.objects.filter(pk=hidden.pk).update(hidden_at=timezone.now())
    Image.objects.filter(pk=withdrawn.pk).update(teaches=False)
    taken, dataset = store_snapshot(COMMUNITY, BACKBONE)
    assert not gone & set(taken.examples.photos)
    assert dataset.photos == 45


@pytest.mark.django_db
def test_when_everything_goes_meanwhile_nothing_is_written(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    images_to_embed(COMMUNITY)
    Image.objects.all().delete()
    with pytest.raises(NothingToLearn):
        store_snapshot(COMMUNITY, BACKBONE)
    assert not DatasetVersion.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("change", "tags"), CHANGES)
def test_a_change_in_the_middle_of_reading_is_seen_by_the_next_reading_only(
    alice: User,
    monkeypatch: pytest.MonkeyPatch,
    change: Callable[[], None],
    tags: tuple[str, ...],
) -> None:
    teach_world(alice, ["cat", "dog", "lamp"])
    real, others = taking.read_decisions, []

    def change_it() -> None:
        try:
            change()
        finally:
            connection.close()

    def read_while_somebody_works(names: Sequence[str]) -> Decisions:
        other = threading.Thread(target=change_it)
        other.start()
        others.append(other)
        if connection.vendor == "postgresql":
            other.join()  # on SQLite it waits until this transaction ends
        return real(names)

    monkeypatch.setattr(taking, "read_decisions", read_while_somebody_works)
    taken, dataset = store_snapshot(COMMUNITY, BACKBONE)
    others[0].join()
    assert taken.examples.tags == tuple(dataset.tags) == ("cat", "dog", "lamp")
    assert taken.examples.count(1) == {"cat": 24, "dog": 24, "lamp": 24}
    monkeypatch.setattr(taking, "read_decisions", real)
    assert take_snapshot(COMMUNITY, BACKBONE).examples.tags == tags


@pytest.mark.django_db
def test_a_tag_whose_test_photos_are_taken_back_says_so_and_the_rest_goes_on(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog", "lamp"], each=40)
    first, _ = store_snapshot(COMMUNITY, BACKBONE)
    judged = first.examples.part(first.examples.rows_on(TEST)).photos
    cats = [image.pk for image in photos["cat"] if image.sha256 in judged]
    Image.objects.filter(pk__in=cats).update(teaches=False)
    later, _ = store_snapshot(COMMUNITY, BACKBONE)
    assert later.examples.tags == ("dog", "lamp")
    assert later.missing == {
        "cat": "needs 3 more distinct photos to judge it on; photos it was judged on are gone, "
        "and those it learns from never judge"
    }
    new = teach_world(alice, ["cat"], each=3, first=100)["cat"]
    healed = take_snapshot(COMMUNITY, BACKBONE)
    assert healed.examples.tags == ("cat", "dog", "lamp")
    sides = dict(zip(healed.examples.photos, healed.examples.sides, strict=True))
    assert {sides[image.sha256] for image in new} == {TEST}
