"""Every kind of photo, every viewer, every door: one table."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.cache import cache
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.access import may_download_original
from gallery.models import Album, Follow, Image, ShareLink, User
from gallery.services.albums import add_to_album, make_album, share_album_with
from gallery.services.sharing import make_share_link, revoke_share_link
from tagging.services.votes import add_tag
from tests.gallery.cast import store

PERSONS = ("person", "follower", "member", "owner", "moderator")
GUESTS = ("stranger", "wrong key", "key", "album link", "photo link", "revoked", "expired")
VIEWERS = (*PERSONS, *GUESTS)
KINDS = ("public", "unlisted", "followers", "private", "hidden", "trashed")
LINKS = {"album link", "photo link"}

# Who finds a photo in lists and over the API, by who they are.
FINDS = {
    "public": set(VIEWERS),
    "unlisted": {"member", "owner", "moderator"},
    "followers": {"follower", "member", "owner", "moderator"},
    "private": {"member", "owner", "moderator"},
    "hidden": {"owner", "moderator"},
    "trashed": set(),
}
# Who opens it, beside those who find it.
OPENS = {
    "public": set(),
    "unlisted": {"key", *LINKS},
    "followers": LINKS,
    "private": LINKS,
    "hidden": set(),
    "trashed": set(),
}


@pytest.fixture(autouse=True)
def fresh_counts() -> None:
    """The table asks the API more often than strangers may in a minute."""
    cache.clear()


@pytest.fixture
def people(alice: User, bob: User, mona: User) -> dict[str, User]:
    follower = User.objects.create_user("fay")
    Follow.objects.create(follower=follower, followed=alice)
    member = User.objects.create_user("max")
    return {
        "owner": alice,
        "person": bob,
        "moderator": mona,
        "follower": follower,
        "member": member,
    }


def photo_of_kind(owner: User, kind: str) -> Image:
    """Store a photo that a heron is on, and make it what the table says."""
    visibility = kind if kind in {"unlisted", "followers", "private"} else "public"
    image = store(owner, title="A heron", visibility=visibility)
    add_tag(person=owner, image=image, name="heron")
    if kind == "hidden":
        Image.objects.filter(pk=image.pk).update(hidden_at=timezone.now())
    if kind == "trashed":
        Image.objects.filter(pk=image.pk).update(deleted_at=timezone.now())
    return Image.with_trash.get(pk=image.pk)


def album_with(image: Image, owner: User, member: User) -> Album:
    album = make_album(owner=owner, title="Birds")
    add_to_album(album=album, images=[image], by=owner)
    share_album_with(album=album, username=member.username, may_add=False, by=owner)
    return album


def client_for(viewer: str, people: dict[str, User], image: Image, album: Album) -> Client:
    """Return the viewer's browser, after they opened what link they have."""
    client = Client()
    if viewer in people:
        client.force_login(people[viewer])
    if viewer in {*LINKS, "revoked", "expired"}:
        owner = people["owner"]
        thing = {"image": image} if viewer == "photo link" else {"album": album}
        link = make_share_link(by=owner, **thing)
        client.get(link.get_absolute_url())
        if viewer == "revoked":
            revoke_share_link(link=link)
        if viewer == "expired":
            ShareLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    return client


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("kind", KINDS)
def test_doors_open_for_those_in_the_table(people: dict[str, User], kind: str, viewer: str) -> None:
    image = photo_of_kind(people["owner"], kind)
    album = album_with(image, people["owner"], people["member"])
    client = client_for(viewer, people, image, album)
    query = {"key": {"key": image.link_key}, "wrong key": {"key": "é" * 22}}.get(viewer, {})
    finds = viewer in FINDS[kind]
    opens = finds or viewer in OPENS[kind]

    def status(address: str) -> int:
        return client.get(address, query).status_code

    assert status(f"/images/{image.pk}/") == (200 if opens else 404)
    assert status(f"/images/{image.pk}/tags/") == (200 if opens else 404)
    # Where the owner sees what is in the trash is another matter.
    if not (kind == "trashed" and viewer == "owner"):
        assert status(f"/media/{image.pk}/96.webp") == (200 if opens else 404)
    assert status(f"/api/v1/images/{image.pk}/") == (200 if finds else 404)
    assert status(f"/api/v1/images/{image.pk}/renditions/96/") == (200 if finds else 404)
    listed = [one["id"] for one in client.get("/api/v1/images/").json()["results"]]
    assert (image.pk in listed) == finds
    for address in ("/search/?q=heron", "/tags/heron/"):
        assert (f"/images/{image.pk}/" in client.get(address).content.decode()) == finds
    profile = client.get("/people/alice/").content.decode()
    # What albums show to their members stands in the albums, not on the owner's page.
    stands_there = finds and not (viewer == "member" and kind != "public")
    assert (f"/images/{image.pk}/" in profile) == stands_there
    assert (f"/images/{image.pk}/" in client.get("/").content.decode()) == (kind == "public")


@pytest.mark.parametrize("offers", ["nobody", "photo", "link"])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("viewer", VIEWERS)
def test_originals_are_for_owners_and_whom_they_offer_them(
    people: dict[str, User], kind: str, viewer: str, offers: str
) -> None:
    image = photo_of_kind(people["owner"], kind)
    album = album_with(image, people["owner"], people["member"])
    client = client_for(viewer, people, image, album)
    if offers == "photo":
        image.offers_original = True
        image.save(update_fields=["offers_original"])
    if offers == "link":
        ShareLink.objects.update(offers_original=True)
    query = {"key": image.link_key} if viewer == "key" else {}
    request = RequestFactory().get(f"/images/{image.pk}/", query)
    request.user = people.get(viewer, AnonymousUser())
    request.session = client.session

    expected = viewer == "owner"
    if offers == "photo":
        expected |= viewer in FINDS[kind] | OPENS[kind]
    if offers == "link" and kind not in {"hidden", "trashed"}:
        expected |= viewer in LINKS
    assert may_download_original(request, image) == expected


def test_a_member_s_photo_is_seen_by_the_owner_of_the_album(alice: User, bob: User) -> None:
    album = make_album(owner=alice, title="Ours")
    share_album_with(album=album, username="bob", may_add=True, by=alice)
    image = store(bob, visibility="private")
    add_to_album(album=album, images=[image], by=bob)

    assert Image.objects.visible_to(alice).contains(image)


def test_a_link_to_an_album_offers_the_originals_of_whoever_made_it(alice: User, bob: User) -> None:
    album = make_album(owner=alice, title="Ours")
    share_album_with(album=album, username="bob", may_add=True, by=alice)
    image = store(bob, visibility="private")
    add_to_album(album=album, images=[image], by=bob)
    link = make_share_link(by=alice, album=album, offers_original=True)
    client = Client()
    client.get(link.get_absolute_url())
    request = RequestFactory().get("/")
    request.user, request.session = AnonymousUser(), client.session

    assert client.get(f"/images/{image.pk}/").status_code == 200
    assert not may_download_original(request, image)


def test_a_photo_that_leaves_the_album_leaves_its_link(people: dict[str, User]) -> None:
    image = photo_of_kind(people["owner"], "private")
    album = album_with(image, people["owner"], people["member"])
    client = client_for("album link", people, image, album)
    assert client.get(f"/images/{image.pk}/").status_code == 200

    album.places.all().delete()

    assert client.get(f"/images/{image.pk}/").status_code == 404
    assert client.get(f"/media/{image.pk}/96.webp").status_code == 404


@pytest.mark.parametrize("viewer", ["key", "album link", "owner"])
def test_what_is_not_public_is_kept_by_no_cache_and_no_search_engine(
    people: dict[str, User], viewer: str
) -> None:
    image = photo_of_kind(people["owner"], "unlisted")
    album = album_with(image, people["owner"], people["member"])
    client = client_for(viewer, people, image, album)
    query = {"key": image.link_key} if viewer == "key" else {}

    page = client.get(f"/images/{image.pk}/", query)
    file = client.get(f"/media/{image.pk}/96.webp", query)

    assert page["Cache-Control"] == file["Cache-Control"] == "private, no-cache"
    assert page["X-Robots-Tag"] == "noindex, nofollow"
    assert page["Referrer-Policy"] == "same-origin"
    assert '<meta name="robots" content="noindex, nofollow">' in page.content.decode()


def test_pages_opened_by_a_link_give_no_key_away(people: dict[str, User]) -> None:
    image = photo_of_kind(people["owner"], "unlisted")
    album = album_with(image, people["owner"], people["member"])
    client = client_for("album link", people, image, album)
    link = ShareLink.objects.get()

    for address in (link.get_absolute_url(), f"/albums/{album.pk}/", f"/images/{image.pk}/"):
        page = client.get(address).content.decode()
        assert f"/media/{image.pk}/96.webp" in page
        assert image.link_key not in page


def test_a_key_costs_no_session_and_public_files_cost_one_query(
    people: dict[str, User],
) -> None:
    image = photo_of_kind(people["owner"], "unlisted")
    client = Client()
    client.force_login(people["person"])

    with CaptureQueriesContext(connection) as queries:
        assert client.get(image.rendition_url(96)).status_code == 200

    assert len(queries) == 1


def test_a_guest_sees_tags_and_only_those_who_see_the_photo_anyway_act(
    people: dict[str, User],
) -> None:
    image = photo_of_kind(people["owner"], "unlisted")
    tag = image.image_tags.get().tag_id
    visitor = Client()
    visitor.force_login(people["person"])

    panel = visitor.get(f"/images/{image.pk}/tags/", {"key": image.link_key}).content.decode()
    assert "heron" in panel
    assert 'name="value"' not in panel
    for address in (f"/images/{image.pk}/tags/vote/", f"/images/{image.pk}/tags/add/"):
        sent = {"tag": tag, "value": "no", "name": "stork"}
        answer = visitor.post(f"{address}?key={image.link_key}", sent)
        assert answer.status_code == 404
    assert not image.image_tags.filter(tag__name="stork").exists()
    guest = Client().get(image.get_absolute_url()).content.decode()
    assert "to confirm, correct and add tags" not in guest


def test_a_waiting_panel_asks_with_the_key(people: dict[str, User]) -> None:
    image = store(people["owner"], visibility="unlisted")

    page = Client().get(image.get_absolute_url()).content.decode()

    assert f"?look=1&amp;key={image.link_key}" in page


def test_the_files_of_the_table_exist(people: dict[str, User]) -> None:
    """Otherwise every refused file of the table would prove nothing."""
    image = photo_of_kind(people["owner"], "private")
    assert Path(image.rendition_path(96)).is_file()
