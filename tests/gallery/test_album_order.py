"""The order of an album and its cover, also from two tabs at once."""

from __future__ import annotations

import random
from threading import Barrier, Thread

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Album, Image, User
from gallery.services.album_order import move_in_album, sort_album, step_in_album
from gallery.services.albums import (
    AlbumRefusal,
    remove_from_album,
    set_cover,
    share_album_with,
)
from tests.gallery.albums import filled_album, order_of
from tests.gallery.cast import client_of, store


def test_a_photo_goes_before_or_after_another(alice: User) -> None:
    album, images = filled_album(alice, 4)
    a, b, c, d = (image.pk for image in images)

    move_in_album(album=album, image_id=d, beside_id=a, is_after=False)
    assert order_of(album) == [d, a, b, c]
    move_in_album(album=album, image_id=d, beside_id=b, is_after=True)
    assert order_of(album) == [a, b, d, c]
    move_in_album(album=album, image_id=a, beside_id=c, is_after=True)
    assert order_of(album) == [b, d, c, a]
    move_in_album(album=album, image_id=c, beside_id=c, is_after=True)
    assert order_of(album) == [b, d, c, a]


def test_any_number_of_moves_into_the_same_gap_finds_room(alice: User) -> None:
    album, images = filled_album(alice, 4)
    a, b, c, d = (image.pk for image in images)

    for _ in range(40):
        move_in_album(album=album, image_id=c, beside_id=a, is_after=True)
        move_in_album(album=album, image_id=b, beside_id=a, is_after=True)
    assert order_of(album) == [a, b, c, d]


def test_places_that_ended_up_equal_are_told_apart(alice: User) -> None:
    album, images = filled_album(alice, 4)
    album.places.update(position=1.0)
    a, b, c, d = (image.pk for image in images)

    move_in_album(album=album, image_id=d, beside_id=a, is_after=True)

    assert order_of(album) == [a, d, b, c]


def test_steps_go_past_what_lies_in_the_trash(alice: User) -> None:
    album, images = filled_album(alice, 3)
    a, b, c = (image.pk for image in images)
    Image.objects.filter(pk=b).update(deleted_at=timezone.now())

    assert step_in_album(album=album, image_id=c, is_later=False, by=alice)
    assert order_of(album) == [c, a, b]
    assert not step_in_album(album=album, image_id=c, is_later=False, by=alice)
    assert step_in_album(album=album, image_id=c, is_later=True, by=alice)
    assert order_of(album) == [a, c, b]


def test_an_album_is_sorted_by_when_its_photos_were_taken(alice: User) -> None:
    album, images = filled_album(alice, 3)
    a, b, c = (image.pk for image in images)
    Image.objects.filter(pk=c).update(taken_at="2020-01-01T12:00Z")
    Image.objects.filter(pk=a).update(taken_at="2021-01-01T12:00Z")

    sort_album(album=album)
    assert order_of(album) == [c, a, b]
    client_of(alice).post(f"/albums/{album.pk}/sort/", {"order": "newest"})
    assert order_of(album) == [b, a, c]


def test_buttons_and_scripts_move_photos_of_one_s_own_albums(alice: User, bob: User) -> None:
    album, images = filled_album(alice, 3)
    share_album_with(album=album, username="bob", may_add=True, by=alice)
    a, b, c = (image.pk for image in images)
    address = f"/albums/{album.pk}/move/"
    script = {"Accept": "text/plain"}

    plain = client_of(alice).post(address, {"image": c, "to": "earlier"})
    assert plain["Location"] == f"/albums/{album.pk}/arrange/#photo-{c}"
    sent = {"image": b, "to": "before", "beside": a}
    assert client_of(alice).post(address, sent, headers=script).status_code == 204
    assert order_of(album) == [b, a, c]
    for sent in (
        {"image": a, "to": "up"},
        {"image": a, "to": ""},
        {"image": store(alice, 77).pk, "to": "later"},
        {"image": a, "to": "after", "beside": 10**15},
    ):
        answer = client_of(alice).post(address, sent, headers=script)
        assert answer.status_code == 409
        assert answer["Content-Type"].startswith("text/plain")
    assert client_of(bob).post(address, {"image": c, "to": "earlier"}).status_code == 404
    assert order_of(album) == [b, a, c]


def test_two_tabs_that_move_and_remove_do_not_break_the_order(alice: User) -> None:
    album, images = filled_album(alice, 3)
    a, b, c = (image.pk for image in images)
    client = client_of(alice)
    client.post(f"/albums/{album.pk}/remove/", {"image": b})

    answer = client.post(f"/albums/{album.pk}/move/", {"image": b, "to": "before", "beside": a})
    assertContains(answer, "not in the album any more", status_code=409)
    answer = client.post(f"/albums/{album.pk}/cover/", {"image": b})
    assertContains(answer, "not in the album any more", status_code=409)
    client.post(f"/albums/{album.pk}/remove/", {"image": b})
    assert order_of(album) == [a, c]


# --- Cover ------------------------------------------------------------------------------------


def test_the_cover_is_chosen_and_forgotten_when_it_leaves(alice: User) -> None:
    album, images = filled_album(alice, 2, visibility="public")

    def face() -> int | None:
        return Album.objects.with_faces(alice).get().face_id

    assert face() == images[0].pk
    client_of(alice).post(f"/albums/{album.pk}/cover/", {"image": images[1].pk})
    assert face() == images[1].pk
    Image.objects.filter(pk=images[1].pk).update(deleted_at=timezone.now())
    assert face() == images[0].pk
    Image.with_trash.filter(pk=images[1].pk).update(deleted_at=None)
    remove_from_album(album=album, images=[images[1]], by=alice)
    assert face() == images[0].pk
    album.refresh_from_db()
    assert album.cover is None
    with pytest.raises(AlbumRefusal):
        set_cover(album=album, image=images[1])


def test_a_cover_that_is_private_is_no_stranger_s(alice: User, bob: User) -> None:
    album, images = filled_album(alice, 2, visibility="public")
    set_cover(album=album, image=images[0])
    Image.objects.filter(pk=images[0].pk).update(visibility="private")

    assert Album.objects.with_faces(bob).get().face_id == images[1].pk
    assertNotContains(client_of(bob).get("/people/alice/"), f"/media/{images[0].pk}/")


@pytest.mark.django_db(transaction=True)
def test_many_moves_at_once_lose_no_photo_and_no_place() -> None:
    owner = User.objects.create_user("olga")
    album, images = filled_album(owner, 6)
    ids = [image.pk for image in images]
    start = Barrier(3)

    def shuffle(seed: int) -> None:
        chance = random.Random(seed)
        start.wait()
        for _ in range(15):
            moved, beside = chance.sample(ids, 2)
            move_in_album(album=album, image_id=moved, beside_id=beside, is_after=seed % 2 == 0)
        connection.close()

    tabs = [Thread(target=shuffle, args=[seed]) for seed in range(3)]
    for tab in tabs:
        tab.start()
    for tab in tabs:
        tab.join(timeout=60)

    assert sorted(order_of(album)) == sorted(ids)
    assert len(set(album.places.values_list("position", flat=True))) == len(ids)
