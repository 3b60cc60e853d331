"""Albums and share links over the API, and what moderators do with them."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.asserts import assertContains
from rest_framework.test import APIClient

from gallery.models import Album, Image, ShareLink, User
from gallery.services.albums import add_to_album, make_album, share_album_with
from gallery.services.sharing import make_share_link
from tests.gallery.cast import store

ALBUMS, LINKS = "/api/v1/albums/", "/api/v1/links/"


def api_of(person: User | None) -> APIClient:
    client = APIClient()
    if person is not None:
        client.force_authenticate(person)
    return client


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    cache.clear()


@pytest.fixture
def images(alice: User) -> list[Image]:
    return [store(alice, seed) for seed in range(3)]


@pytest.fixture
def album(alice: User, images: list[Image]) -> Album:
    made = make_album(owner=alice, title="Birds", visibility="public")
    add_to_album(album=made, images=images, by=alice)
    return made


def test_an_album_is_made_filled_ordered_and_deleted(alice: User, images: list[Image]) -> None:
    api = api_of(alice)
    a, b, c = (image.pk for image in images)

    made = api.post(ALBUMS, {"title": "Birds"}, format="json")
    assert made.status_code == 201
    assert (made.json()["visibility"], made.json()["photos"]) == ("private", [])
    address = f"{ALBUMS}{made.json()['id']}/"
    added = api.post(f"{address}photos/", {"images": [a, b, a]}, format="json")
    assert added.json() == {"added": 2}
    assert api.post(f"{address}photos/", {"images": [b, c]}, format="json").json() == {"added": 1}
    assert api.post(f"{address}photos/{c}/move/", {"before": a}, format="json").status_code == 204
    changed = api.patch(address, {"visibility": "public"}, format="json")
    assert (changed.json()["title"], changed.json()["visibility"]) == ("Birds", "public")
    whole = api_of(None).get(address).json()
    assert (whole["photos"], whole["photo_count"], whole["cover"]) == ([c, a, b], 3, c)
    page = api_of(None).get(f"{address}photos/?limit=2").json()
    assert [photo["id"] for photo in page["results"]] == [c, a]
    assert page["results"][0]["renditions"][0]["url"].endswith(f"/media/{c}/96.webp")
    assert api.delete(f"{address}photos/{a}/").status_code == 204
    assert api_of(None).get(address).json()["photos"] == [c, b]
    assert api.delete(address).status_code == 204
    assert Image.objects.count() == 3


def test_lists_hold_what_the_person_asking_may_see(alice: User, bob: User, album: Album) -> None:
    private = make_album(owner=alice, title="Secret")
    unlisted = make_album(owner=alice, title="By link", visibility="unlisted")
    hers = store(alice, 9, visibility="private")
    add_to_album(album=album, images=[hers], by=alice)

    def listed(person: User | None) -> set[int]:
        return {one["id"] for one in api_of(person).get(ALBUMS).json()["results"]}

    assert listed(None) == listed(bob) == {album.pk}
    assert listed(alice) == {album.pk, private.pk, unlisted.pk}
    assert hers.pk not in api_of(bob).get(f"{ALBUMS}{album.pk}/").json()["photos"]
    share_album_with(album=private, username="bob", may_add=False, by=alice)
    assert listed(bob) == {album.pk, private.pk}


def test_what_is_another_person_s_is_refused(
    alice: User, bob: User, album: Album, images: list[Image]
) -> None:
    his, address = store(bob, 7), f"{ALBUMS}{album.pk}/"
    api = api_of(bob)

    for answer, status, code in (
        (api.patch(address, {"title": "Mine"}, format="json"), 403, "permission_denied"),
        (api.delete(address), 403, "permission_denied"),
        (api.post(f"{address}photos/", {"images": [his.pk]}, format="json"), 403, "may_not_add"),
        (api.delete(f"{address}photos/{images[0].pk}/"), 403, "not_yours"),
        (
            api.post(f"{address}photos/{images[0].pk}/move/", {"after": 1}, format="json"),
            403,
            "permission_denied",
        ),
        (
            api_of(alice).post(f"{address}photos/", {"images": [his.pk]}, format="json"),
            403,
            "not_yours",
        ),
        (api_of(None).post(ALBUMS, {"title": "x"}, format="json"), 401, "not_authenticated"),
    ):
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    Album.objects.update(visibility="private")
    assert api.get(address).status_code == 404


@pytest.mark.parametrize(
    ("address", "body", "status"),
    [
        ("", {"title": ""}, 400),
        ("", {"title": "x" * 201}, 400),
        ("", {"title": "a\x00b"}, 400),
        ("", {"title": "x", "visibility": "nobody"}, 400),
        ("", {"title": "x", "description": "x" * 2001}, 400),
        ("{album}/photos/", {"images": []}, 400),
        ("{album}/photos/", {"images": ["x"]}, 400),
        ("{album}/photos/", {"images": [10**30]}, 400),
        ("{album}/photos/", {"images": [987654]}, 400),
        ("{album}/photos/", {}, 400),
        ("{album}/photos/{image}/move/", {}, 400),
        ("{album}/photos/{image}/move/", {"before": 1, "after": 2}, 400),
        ("{album}/photos/{image}/move/", {"before": "first"}, 400),
        ("{album}/photos/{image}/move/", {"before": 987654}, 409),
        ("{album}/photos/987654/move/", {"before": 1}, 409),
        ("987654/photos/", {"images": [1]}, 404),
    ],
)
def test_bad_requests_are_refused_in_words(
    alice: User, album: Album, images: list[Image], address: str, body: object, status: int
) -> None:
    full = ALBUMS + address.format(album=album.pk, image=images[0].pk)

    answer = api_of(alice).post(full, body, format="json")

    assert answer.status_code == status
    assert answer.json()["message"]
    assert album.places.count() == 3


def test_links_are_made_listed_and_revoked(alice: User, bob: User, album: Album) -> None:
    api = api_of(alice)

    made = api.post(LINKS, {"album": album.pk, "password": "reed", "note": "Gran"}, format="json")

    assert made.status_code == 201
    link = made.json()
    assert (link["has_password"], link["is_open"], link["opened_count"]) == (True, True, 0)
    assert "reed" not in made.content.decode()
    assert Client().get(link["url"]).status_code == 200
    assert [one["id"] for one in api.get(LINKS).json()["results"]] == [link["id"]]
    assert api_of(bob).get(LINKS).json()["results"] == []
    assert api_of(bob).delete(f"{LINKS}{link['id']}/").status_code == 404
    assert api.delete(f"{LINKS}{link['id']}/").status_code == 204
    assert api.get(f"{LINKS}{link['id']}/").json()["is_open"] is False
    assert Client().get(link["url"]).status_code == 410
    assert api_of(None).get(LINKS).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"album": "{album}", "image": "{image}"},
        {"image": 987654},
        {"image": "{others}"},
        {"image": "x"},
        {"image": "{image}", "expires_at": "2001-01-01T00:00Z"},
        {"image": "{image}", "expires_at": "soon"},
        {"image": "{image}", "password": "x" * 129},
        {"image": "{image}", "note": "a\x00b"},
    ],
)
def test_bad_links_are_refused_in_words(
    alice: User, bob: User, album: Album, images: list[Image], body: dict[str, object]
) -> None:
    known = {"{album}": album.pk, "{image}": images[0].pk, "{others}": store(bob, 8).pk}
    sent = {key: known.get(str(value), value) for key, value in body.items()}

    answer = api_of(alice).post(LINKS, sent, format="json")

    assert answer.status_code == 400
    assert answer.json()["message"]
    assert not ShareLink.objects.exists()


def test_moderators_read_delete_and_revoke(alice: User, mona: User, album: Album) -> None:
    link = make_share_link(by=alice, album=album)
    client = Client()
    client.force_login(mona)

    assertContains(client.get("/admin/gallery/album/"), "Birds")
    assertContains(client.get(f"/admin/gallery/album/{album.pk}/change/"), "Birds")
    page = client.get("/admin/gallery/sharelink/")
    assertContains(page, "Birds")
    assert link.token not in page.content.decode()
    client.post("/admin/gallery/sharelink/", {"action": "revoke", "_selected_action": [link.pk]})
    link.refresh_from_db()
    assert link.is_revoked
    client.post(f"/admin/gallery/album/{album.pk}/delete/", {"post": "yes"})
    assert not Album.objects.exists()
    assert Image.objects.count() == 3


def test_moderators_without_more_rights_have_the_same(alice: User, album: Album) -> None:
    moderator = User.objects.create_user("mo", is_staff=True)
    link = make_share_link(by=alice, album=album)
    client = Client()
    client.force_login(moderator)

    client.post("/admin/gallery/sharelink/", {"action": "revoke", "_selected_action": [link.pk]})

    link.refresh_from_db()
    assert link.is_revoked
