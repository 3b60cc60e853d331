"""Albums: who makes, fills, shares and orders them, and what their pages show to whom."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Album, AlbumPhoto, Image, Notice, User
from gallery.services.album_order import move_in_album, sort_album, step_in_album
from gallery.services.albums import (
    AlbumRefusal,
    add_to_album,
    make_album,
    remove_from_album,
    set_cover,
    share_album_with,
    unshare_album,
)
from gallery.services.images import store_image
from tests.conftest import draw_photo, encode


def store(owner: User, seed: int = 1, **choices: object) -> Image:
    arguments: dict[str, object] = {"visibility": "public", "teaches": True, "announce": False}
    data = encode(draw_photo(seed))
    return store_image(owner=owner, data=data, name="p.jpg", **{**arguments, **choices}).image


def client_of(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def filled_album(owner: User, number: int, **choices: object) -> tuple[Album, list[Image]]:
    album = make_album(owner=owner, title="Birds", **choices)
    images = [store(owner, seed, title=f"Photo {seed}") for seed in range(number)]
    add_to_album(album=album, images=images, by=owner)
    return album, images


def order_of(album: Album) -> list[int]:
    return list(album.places.order_by("position", "pk").values_list("image_id", flat=True))


# --- Making and filling -----------------------------------------------------------------------


def test_an_album_is_made_and_filled_from_its_pages(alice: User) -> None:
    images = [store(alice, seed) for seed in range(3)]
    client = client_of(alice)

    made = client.post(
        "/albums/new/", {"title": "Birds", "description": "All of them", "visibility": "public"}
    )
    album = Album.objects.get()
    assert made["Location"] == f"/albums/{album.pk}/add/"
    assertContains(client.get(made["Location"]), 'type="checkbox"', 3)
    client.post(made["Location"], {"image": [image.pk for image in images[:2]]})

    assert set(order_of(album)) == {images[0].pk, images[1].pk}
    assertContains(client.get(made["Location"]), 'type="checkbox"', 1)
    page = client.get(f"/albums/{album.pk}/")
    assertContains(page, "All of them")
    assertContains(page, "2 photos")
    assertContains(client.get("/albums/"), "Birds")
    assertContains(Client().get("/people/alice/"), "Birds")
    assertContains(Client().get("/people/alice/albums/"), "Birds")


@pytest.mark.parametrize(
    "fields",
    [
        {"title": "", "visibility": "public"},
        {"title": "x" * 201, "visibility": "public"},
        {"title": "nul\x00", "visibility": "public"},
        {"title": "Birds", "visibility": "nobody"},
    ],
)
def test_an_album_with_bad_fields_is_not_made(alice: User, fields: dict[str, str]) -> None:
    answer = client_of(alice).post("/albums/new/", fields)

    assert answer.status_code == 422
    assert not Album.objects.exists()


def test_an_album_is_changed_and_deleted_and_its_photos_stay(alice: User) -> None:
    album, images = filled_album(alice, 2)
    client = client_of(alice)

    client.post(f"/albums/{album.pk}/edit/", {"title": "<b>Ducks</b>", "visibility": "unlisted"})
    assertContains(client.get(f"/albums/{album.pk}/"), "&lt;b&gt;Ducks&lt;/b&gt;")
    assertContains(client.get(f"/albums/{album.pk}/delete/"), "The photos stay")
    client.post(f"/albums/{album.pk}/delete/")

    assert not Album.objects.exists()
    assert Image.objects.count() == len(images)


def test_the_photo_page_puts_a_photo_into_an_album_and_takes_it_out(alice: User) -> None:
    album, image = make_album(owner=alice, title="Birds"), store(alice)
    client = client_of(alice)
    address = f"/images/{image.pk}/albums/"

    assertContains(client.get(image.get_absolute_url()), address)
    menu = client.post(address, {"album": album.pk}, headers={"HX-Request": "true"})
    assertContains(menu, "1 photo added to “Birds”.")
    assert order_of(album) == [image.pk]
    client.post(address, {"album": album.pk})
    assert order_of(album) == [image.pk]
    plain = client.post(address, {"album": album.pk, "do": "remove"})
    assert plain["Location"] == image.get_absolute_url()
    assert order_of(album) == []


def test_only_one_s_own_photos_go_into_albums_one_may_fill(
    alice: User, bob: User, mona: User
) -> None:
    album, (hers,) = filled_album(alice, 1, visibility="public")
    his = store(bob, 7)

    with pytest.raises(AlbumRefusal, match="photos of your own"):
        add_to_album(album=album, images=[his], by=alice)
    for person in (bob, mona):
        with pytest.raises(AlbumRefusal, match="not add"):
            add_to_album(album=album, images=[store(person, 8)], by=person)
    assert client_of(bob).get(f"/albums/{album.pk}/add/").status_code == 404
    assert client_of(bob).post(f"/images/{his.pk}/albums/", {"album": album.pk}).status_code == 422
    assert client_of(bob).get(f"/images/{hers.pk}/albums/").status_code == 404
    # The form names a photo that is not hers: it is passed over.
    client_of(alice).post(f"/albums/{album.pk}/add/", {"image": [his.pk]})
    assert order_of(album) == [hers.pk]


@pytest.mark.parametrize("number", ["", "x", "-1", "1.5", "9" * 30, "１", "\x00"])
def test_nonsense_for_a_photo_is_refused_in_words(alice: User, number: str) -> None:
    album, images = filled_album(alice, 2)
    client = client_of(alice)

    for deed in ("remove", "cover", "move", "add"):
        answer = client.post(f"/albums/{album.pk}/{deed}/", {"image": number, "to": "later"})
        assertContains(answer, "That did not work", status_code=404)
    answer = client.post(f"/images/{images[0].pk}/albums/", {"album": number})
    assertContains(answer, "This album is gone", status_code=422)
    assert order_of(album) == [image.pk for image in images]


def test_another_tab_that_deleted_the_album_is_told_of(alice: User, bob: User) -> None:
    album, (image,) = filled_album(alice, 1)
    others, _ = filled_album(bob, 1)
    Album.objects.filter(pk=album.pk).delete()

    for pk in (album.pk, others.pk):  # Gone, or never hers: the answer is the same.
        for deed in ("edit", "delete", "add", "remove", "cover", "move", "sort", "share"):
            answer = client_of(alice).post(f"/albums/{pk}/{deed}/", {"image": image.pk})
            assertContains(answer, "The photos are still there", status_code=404)
    script = client_of(alice).post(
        f"/albums/{album.pk}/move/", {"image": image.pk}, headers={"Accept": "text/plain"}
    )
    assert script.status_code == 404
    assert script.content.decode().startswith("This album is gone")


@pytest.mark.parametrize("method", ["get", "post"])
def test_visitors_are_sent_to_log_in(alice: User, method: str) -> None:
    album, _ = filled_album(alice, 1, visibility="public")

    for deed in ("edit", "delete", "add", "share"):
        answer = getattr(Client(), method)(f"/albums/{album.pk}/{deed}/")
        assert answer["Location"].startswith("/accounts/login/")


# --- Seeing -----------------------------------------------------------------------------------


def test_an_album_shows_its_viewer_only_what_they_may_open(alice: User, bob: User) -> None:
    album = make_album(owner=alice, title="Mixed", visibility="public")
    photos = {
        kind: store(alice, seed, visibility=kind)
        for seed, kind in enumerate(["public", "unlisted", "followers", "private"])
    }
    hidden, trashed = store(alice, 8), store(alice, 9)
    add_to_album(album=album, images=[*photos.values(), hidden, trashed], by=alice)
    Image.objects.filter(pk=hidden.pk).update(hidden_at=timezone.now())
    Image.objects.filter(pk=trashed.pk).update(deleted_at=timezone.now())

    def shown(client: Client, address: str = f"/albums/{album.pk}/") -> set[int]:
        return {image.pk for image in client.get(address).context["page"].images}

    assert shown(Client()) == shown(client_of(bob)) == {photos["public"].pk}
    assert shown(client_of(alice)) == {*(photo.pk for photo in photos.values()), hidden.pk}
    assertContains(Client().get(f"/albums/{album.pk}/"), "1 photo")
    Album.objects.update(visibility="unlisted")
    album.refresh_from_db()
    assert Client().get(f"/albums/{album.pk}/").status_code == 404
    assert Client().get(f"/albums/{album.pk}/?key=wrong").status_code == 404
    by_key = shown(Client(), album.get_absolute_url())
    assert by_key == {photos["public"].pk, photos["unlisted"].pk}
    share_album_with(album=album, username="bob", may_add=False, by=alice)
    assert shown(client_of(bob)) == {photo.pk for photo in photos.values()}


@pytest.mark.parametrize(
    ("visibility", "strangers", "followers"),
    [("public", 200, 200), ("unlisted", 404, 404), ("followers", 404, 200), ("private", 404, 404)],
)
def test_albums_have_the_same_four_kinds(
    alice: User, bob: User, mona: User, visibility: str, strangers: int, followers: int
) -> None:
    album, _ = filled_album(alice, 1, visibility=visibility)
    fay = User.objects.create_user("fay")
    alice.followers.create(follower=fay)
    address = f"/albums/{album.pk}/"

    for client, status in (
        (Client(), strangers),
        (client_of(bob), strangers),
        (client_of(fay), followers),
        (client_of(alice), 200),
        (client_of(mona), 200),
    ):
        assert client.get(address).status_code == status
        listed = address in client.get("/people/alice/albums/").content.decode()
        assert listed == (status == 200)


def test_a_long_album_goes_on_in_its_order_and_keeps_its_key(alice: User) -> None:
    album, images = filled_album(alice, 35, visibility="unlisted")
    client = Client()

    first = client.get(album.get_absolute_url()).context["page"]
    assert f"key={album.link_key}" in first.older_url
    # What is moved meanwhile shifts nothing.
    AlbumPhoto.objects.filter(image=images[3]).update(position=0.5)
    second = client.get(f"/albums/{album.pk}/{first.older_url}").context["page"]

    seen = [image.pk for image in [*first.images, *second.images]]
    assert seen == [image.pk for image in images]
    assert second.older_url == ""


@pytest.mark.parametrize("mark", ["x", "nan_1", "inf_1", "1_", "_1", "1e400_1", "9" * 99 + "_1"])
def test_a_broken_mark_is_no_error(alice: User, mark: str) -> None:
    album, _ = filled_album(alice, 1, visibility="public")

    assert Client().get(f"/albums/{album.pk}/", {"after": mark}).status_code == 200


def test_more_photos_and_albums_cost_no_more_queries(alice: User) -> None:
    album, _ = filled_album(alice, 3, visibility="public")
    client = client_of(alice)
    addresses = (f"/albums/{album.pk}/", "/albums/", "/people/alice/", f"/albums/{album.pk}/share/")

    def costs() -> list[int]:
        numbers = []
        for address in addresses:
            with CaptureQueriesContext(connection) as queries:
                assert client.get(address).status_code == 200
            numbers.append(len(queries))
        return numbers

    costs()
    few = costs()
    for seed in range(10, 22):
        image = store(alice, seed)
        add_to_album(album=album, images=[image], by=alice)
        other = make_album(owner=alice, title=f"Album {seed}")
        add_to_album(album=other, images=[image], by=alice)
    assert costs() == few


# --- Order ------------------------------------------------------------------------------------


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


# --- People -----------------------------------------------------------------------------------


def test_an_album_is_shared_by_user_name_and_its_member_is_told(alice: User, bob: User) -> None:
    album, _ = filled_album(alice, 1)
    client = client_of(alice)

    client.post(f"/albums/{album.pk}/members/", {"username": " @Bob ", "may_add": "on"})

    notice = Notice.objects.get(person=bob)
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
