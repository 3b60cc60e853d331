"""Whoever leaves leaves no name behind, in nobody's notices either."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.conf import settings

from gallery.models import Image, Notice, User
from gallery.services.albums import make_album, share_album_with
from gallery.services.conversation import write_comment
from gallery.services.leaving import close_account, delete_what_was_left
from gallery.services.people import PersonLeft
from gallery.services.takeout_import import bring_in
from gallery.services.trash import empty_trash, trash_images
from tests.gallery.cast import store
from tests.gallery.own_cast import take_out

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def carl(db: None) -> User:
    return User.objects.create_user("carl", "carl@example.org", "carl-secret-9")


def leave(person: User) -> None:
    close_account(person=person)
    delete_what_was_left(person_id=person.pk)


def test_no_notice_about_a_shared_album_names_who_left(alice: User, bob: User) -> None:
    album = make_album(owner=alice, title="Birds")
    share_album_with(album=album, username="bob", may_add=False, by=alice)
    assert Notice.objects.get(person=bob).kind == "album"

    leave(alice)

    bob.refresh_from_db()
    assert not Notice.objects.filter(person=bob, text__contains="alice").exists()
    assert bob.unread_notices == 0


def test_no_notice_about_a_conversation_names_whose_photo_it_was(
    alice: User, bob: User, carl: User
) -> None:
    image = store(alice, 1)
    write_comment(author=bob, image=image, text="First")
    write_comment(author=carl, image=image, text="Second")
    assert "alice" in Notice.objects.get(person=bob).text

    leave(alice)

    bob.refresh_from_db()
    assert not Notice.objects.filter(text__contains="alice").exists()
    assert bob.unread_notices == 0


def test_what_was_told_of_a_photo_goes_with_it(alice: User, bob: User, carl: User) -> None:
    gone, stays = store(alice, 1, title="Gone"), store(alice, 2, title="Stays")
    for image in (gone, stays):
        write_comment(author=bob, image=image, text=f"First of {image.title}")
        write_comment(author=carl, image=image, text=f"Second of {image.title}")
    photos = type(gone).with_trash.filter(pk=gone.pk)
    trash_images(images=photos, by=alice)

    empty_trash(images=photos)

    assert sorted(Notice.objects.values_list("person__username", flat=True)) == [
        "alice",
        "alice",
        "bob",
    ]
    assert not Notice.objects.filter(text__contains="Gone").exists()
    for person, unread in ((alice, 2), (bob, 1)):
        person.refresh_from_db()
        assert person.unread_notices == unread


def test_a_notice_of_an_album_that_is_no_longer_shared_goes(alice: User, bob: User) -> None:
    from gallery.services.albums import unshare_album

    album = make_album(owner=alice, title="Birds", visibility="unlisted")
    share_album_with(album=album, username="bob", may_add=False, by=alice)

    unshare_album(album=album, person=bob)

    assert not Notice.objects.filter(person=bob).exists()


def test_nothing_comes_in_for_somebody_who_leaves_while_a_takeout_is_brought_in(
    alice: User, tmp_path: Path
) -> None:
    store(alice, 1, title="A heron")
    store(alice, 2, title="A swan")
    alice.bio, alice.first_name = "Herons, mostly.", "Alice"
    alice.save()
    file = take_out(alice).rename(tmp_path / "taken.zip")
    dora = User.objects.create_user("dora", "dora@example.org", "dora-secret-9")

    def leave_at_once(number: int) -> None:
        leave(User.objects.get(pk=dora.pk))

    with pytest.raises(PersonLeft):
        bring_in(path=file, person=dora, begin=leave_at_once)

    dora.refresh_from_db()
    assert (dora.bio, dora.first_name) == ("", "")
    assert not Image.with_trash.filter(owner=dora).exists()


def test_a_photo_of_somebody_who_has_just_left_is_not_stored(alice: User) -> None:
    leave(User.objects.get(pk=alice.pk))

    with pytest.raises(PersonLeft):
        store(alice, 3)

    assert not Image.with_trash.exists()
    assert not list((Path(settings.MEDIA_ROOT) / "photos").rglob("*.*"))
