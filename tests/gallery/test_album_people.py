"""Albums that several people see and fill."""

from __future__ import annotations

import pytest
from pytest_django.asserts import assertContains

from gallery.models import Notice, User
from gallery.services.albums import (
    add_to_album,
    share_album_with,
    unshare_album,
)
from tests.gallery.albums import filled_album, order_of
from tests.gallery.cast import client_of, store


def test_an_album_is_shared_by_user_name_and_its_member_is_told(alice: User, bob: User) -> None:
    album, _ = filled_album(alice, 1)
    client = client_of(alice)

    client.post(f"/albums/{album.pk}/members/", {"username": " @Bob ", "may_add": "on"})

    notice = Notice.objects.get(person=bob)
    assert (notice.kind, notice.actor) == ("album", alice)
    assert notice.text == "alice shares the album “Birds” with you."
    assert client_of(bob).get(notice.url).status_code == 200
    assertContains(client_of(bob).get("/albums/?shared=1"), "Birds")
    assertContains(client.get(f"/albums/{album.pk}/share/"), "may add photos")
    client.post(f"/albums/{album.pk}/members/", {"username": "bob"})
    assert album.members.get().may_add is False
    assert Notice.objects.count() == 1


@pytest.mark.parametrize("name", ["nobody", "alice", "gone", "", "x" * 200, "nul\x00"])
def test_albums_are_shared_only_with_others_who_are_there(alice: User, name: str) -> None:
    album, _ = filled_album(alice, 1)
    User.objects.create_user("gone", is_active=False)

    answer = client_of(alice).post(f"/albums/{album.pk}/members/", {"username": name})

    assert answer.status_code == 422
    assert answer.context["member_form"].errors
    assert not album.members.exists()


def test_members_fill_what_they_may_and_take_their_photos_along(alice: User, bob: User) -> None:
    album, (hers,) = filled_album(alice, 1)
    share_album_with(album=album, username="bob", may_add=True, by=alice)
    his = store(bob, 9, visibility="private")
    client = client_of(bob)

    client.post(f"/albums/{album.pk}/add/", {"image": his.pk})
    assert order_of(album) == [hers.pk, his.pk]
    assert client_of(alice).get(his.get_absolute_url()).status_code == 200
    answer = client.post(f"/albums/{album.pk}/remove/", {"image": hers.pk})
    assertContains(answer, "photos of your own", status_code=409)
    assertContains(client.get(f"/albums/{album.pk}/leave/"), "Leave this album?")
    client.post(f"/albums/{album.pk}/leave/")

    assert order_of(album) == [hers.pk]
    assert client.get(f"/albums/{album.pk}/").status_code == 404
    assert client_of(alice).get(his.get_absolute_url()).status_code == 404


def test_the_owner_ends_a_membership(alice: User, bob: User) -> None:
    album, _ = filled_album(alice, 1)
    share_album_with(album=album, username="bob", may_add=True, by=alice)
    add_to_album(album=album, images=[store(bob, 9)], by=bob)

    for _ in range(2):  # A double click does no harm.
        client_of(alice).post(f"/albums/{album.pk}/members/end/", {"person": bob.pk})

    assert not album.members.exists()
    assert album.places.count() == 1
    assert unshare_album(album=album, person=bob) == 0
