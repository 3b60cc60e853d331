"""Albums: made, filled, changed and deleted; what their pages show to whom."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains

from gallery.models import Album, AlbumPhoto, Image, ShareLink, User
from gallery.services.albums import (
    AlbumRefusal,
    add_to_album,
    make_album,
    set_cover,
    share_album_with,
)
from gallery.services.sharing import make_share_link
from gallery.services.trash import trash_images
from tests.gallery.albums import filled_album, order_of
from tests.gallery.cast import client_of, store

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


def test_a_new_album_takes_along_the_photo_it_was_made_for(alice: User, bob: User) -> None:
    hers, his = store(alice), store(bob, 2)
    fields = {"title": "Birds", "visibility": "private"}

    made = client_of(alice).post(f"/albums/new/?image={hers.pk}", fields)
    album = Album.objects.get()
    assert made["Location"] == album.get_absolute_url()
    assert order_of(album) == [hers.pk]
    client_of(alice).post(f"/albums/new/?image={his.pk}", fields)
    assert order_of(Album.objects.newest()[0]) == []
    assert client_of(alice).post("/albums/new/?image=x", fields).status_code == 404


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


# --- The trash --------------------------------------------------------------------------------


def test_what_lies_in_the_trash_is_in_no_album_link_or_key(alice: User, bob: User) -> None:
    album, images = filled_album(alice, 3, visibility="unlisted")
    share_album_with(album=album, username="bob", may_add=False, by=alice)
    set_cover(album=album, image=images[0])
    guest = Client()
    for thing in ({"album": album}, {"image": images[0]}):
        guest.get(make_share_link(by=alice, **thing).get_absolute_url())
    Image.objects.filter(pk=images[0].pk).update(visibility="unlisted")
    trashed = Image.objects.get(pk=images[0].pk)
    trash_images(images=Image.objects.filter(pk=trashed.pk), by=alice)

    for client in (client_of(alice), client_of(bob), guest, Client()):
        page = client.get(album.get_absolute_url()).content.decode()
        assert "2 photos" in page
        assert f"/images/{trashed.pk}/" not in page
        assert f"/media/{trashed.pk}/" not in page
    for client in (client_of(bob), guest, Client()):
        assert client.get(trashed.get_absolute_url()).status_code == 404
        assert client.get(trashed.thumbnail_url).status_code == 404
    for link in ShareLink.objects.filter(image=trashed):
        assert Client().get(link.get_absolute_url()).status_code == 410
    for client, address in ((client_of(alice), "/albums/"), (client_of(bob), "/albums/?shared=1")):
        page = client.get(address).content.decode()
        assert "2 photos" in page
        assert f"/media/{trashed.pk}/" not in page
    arranging = client_of(alice).get(f"/albums/{album.pk}/arrange/").content.decode()
    assert f"/media/{trashed.pk}/" not in arranging
