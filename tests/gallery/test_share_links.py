"""Share links: made, opened, with a password, expired, revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Album, Image, ShareLink, User
from gallery.services.albums import add_to_album, make_album
from gallery.services.sharing import NotYoursToShare, make_share_link, revoke_share_link
from tests.gallery.cast import client_of, store

CHOICES = {"lifetime": "never", "last_day": "", "password": "", "note": ""}


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice, title="A heron", visibility="private")


@pytest.fixture
def album(alice: User, image: Image) -> Album:
    made = make_album(owner=alice, title="Birds")
    add_to_album(album=made, images=[image, store(alice, 2, visibility="private")], by=alice)
    return made


# --- Making -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("lifetime", "days"), [("day", 1), ("week", 7), ("month", 30)])
def test_a_link_lives_as_long_as_was_chosen(
    alice: User, image: Image, lifetime: str, days: int
) -> None:
    client = client_of(alice)

    client.post(f"/images/{image.pk}/share/", {**CHOICES, "lifetime": lifetime, "note": "Gran"})

    link = ShareLink.objects.get()
    assert link.expires_at is not None
    assert abs(link.expires_at - timezone.now() - timedelta(days=days)) < timedelta(minutes=5)
    page = client.get(f"/images/{image.pk}/share/")
    assertContains(page, f"http://testserver/s/{link.token}/")
    assertContains(page, "Gran")


def test_a_link_until_a_day_opens_until_its_end(alice: User, image: Image) -> None:
    today = timezone.localdate()
    chosen = {**CHOICES, "lifetime": "date", "last_day": today.isoformat()}

    client_of(alice).post(f"/images/{image.pk}/share/", chosen)

    link = ShareLink.objects.get()
    assert link.expires_at is not None
    last_moment = timezone.localtime(link.expires_at) - timedelta(microseconds=1)
    assert last_moment.date() == today


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"lifetime": "for ever"}, "lifetime"),
        ({"lifetime": ""}, "lifetime"),
        ({"lifetime": "date"}, "last_day"),
        ({"lifetime": "date", "last_day": "2001-01-01"}, "last_day"),
        ({"lifetime": "date", "last_day": "9999-12-31"}, "last_day"),
        ({"lifetime": "date", "last_day": "tomorrow"}, "last_day"),
        ({"password": "x" * 129}, "password"),
        ({"password": "a\x00b"}, "password"),
        ({"note": "x" * 101}, "note"),
    ],
)
def test_a_link_with_bad_choices_is_not_made(
    alice: User, image: Image, fields: dict[str, str], field: str
) -> None:
    answer = client_of(alice).post(f"/images/{image.pk}/share/", {**CHOICES, **fields})

    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not ShareLink.objects.exists()


def test_only_owners_share_what_is_theirs(
    bob: User, mona: User, image: Image, album: Album
) -> None:
    for person in (bob, mona):
        client = client_of(person)
        for address in (f"/images/{image.pk}/share/", f"/albums/{album.pk}/share/"):
            assert client.get(address).status_code == 404
            assert client.post(address, CHOICES).status_code == 404
        with pytest.raises(NotYoursToShare):
            make_share_link(by=person, image=image)
        with pytest.raises(NotYoursToShare):
            make_share_link(by=person, album=album)
    assert not ShareLink.objects.exists()


def test_links_are_listed_and_revoked_by_their_maker_alone(
    alice: User, bob: User, image: Image, album: Album
) -> None:
    link = make_share_link(by=alice, image=image)
    other = make_share_link(by=alice, album=album, expires_at=timezone.now() - timedelta(days=1))

    assert client_of(bob).post(f"/links/{link.pk}/revoke/").status_code == 404
    assertNotContains(client_of(bob).get("/links/"), link.token)
    page = client_of(alice).get("/links/")
    assertContains(page, link.token)
    assertContains(page, "Expired")
    assertNotContains(page, other.token)  # What opens nothing need not be copied.
    for _ in range(2):
        client_of(alice).post(f"/links/{link.pk}/revoke/")
    assertContains(client_of(alice).get("/links/"), "Revoked")


def test_a_link_to_what_lies_in_the_trash_is_said_to_open_nothing(
    alice: User, image: Image
) -> None:
    make_share_link(by=alice, image=image)
    Image.objects.update(deleted_at=timezone.now())

    page = client_of(alice).get("/links/")

    assertContains(page, "Photo not on show")
    assertNotContains(page, f"/images/{image.pk}/share/")


# --- Opening ----------------------------------------------------------------------------------


def test_a_link_shows_its_photo_and_counts_each_visitor_once(alice: User, image: Image) -> None:
    link = make_share_link(by=alice, image=image)
    visitor = Client()

    visitor.head(link.get_absolute_url())
    for _ in range(3):
        assertContains(visitor.get(link.get_absolute_url()), "A heron")
    Client().get(link.get_absolute_url())
    client_of(alice).get(link.get_absolute_url())

    link.refresh_from_db()
    assert link.opened_count == 2
    assertContains(visitor.get(image.get_absolute_url()), "shares it with few people")


def test_a_link_shows_its_album_and_opens_each_photo(album: Album, alice: User) -> None:
    link = make_share_link(by=alice, album=album)
    visitor = Client()

    page = visitor.get(link.get_absolute_url())

    assertContains(page, "2 photos")
    assertNotContains(page, "Add photos")
    for shown in page.context["page"].images:
        assertContains(page, f'href="/images/{shown.pk}/"')
        assert visitor.get(f"/images/{shown.pk}/").status_code == 200
    assert page["X-Robots-Tag"] == "noindex, nofollow"


def test_a_link_to_a_public_album_shows_what_strangers_do_not_find(
    album: Album, alice: User
) -> None:
    Album.objects.update(visibility="public")
    link = make_share_link(by=alice, album=album)
    visitor = Client()
    assert visitor.get(f"/albums/{album.pk}/").context["photo_count"] == 0

    visitor.get(link.get_absolute_url())

    assert visitor.get(f"/albums/{album.pk}/").context["photo_count"] == 2


@pytest.mark.parametrize("end", ["revoked", "expired", "trashed", "hidden", "deleted"])
def test_a_link_that_ends_while_it_is_open_opens_nothing(
    alice: User, image: Image, end: str
) -> None:
    link = make_share_link(by=alice, image=image, expires_at=timezone.now() + timedelta(days=1))
    visitor = Client()
    assert visitor.get(link.get_absolute_url()).status_code == 200
    assert visitor.get(f"/media/{image.pk}/96.webp").status_code == 200

    if end == "revoked":
        revoke_share_link(link=link)
    elif end == "expired":
        ShareLink.objects.update(expires_at=timezone.now())
    elif end == "trashed":
        Image.objects.update(deleted_at=timezone.now())
    elif end == "hidden":
        Image.objects.update(hidden_at=timezone.now())
    else:
        image.delete()

    again = visitor.get(link.get_absolute_url())
    assertContains(again, "ask whoever gave it", status_code=404 if end == "deleted" else 410)
    assert visitor.get(f"/media/{link.image_id}/96.webp").status_code == 404
    assert visitor.get(f"/images/{link.image_id}/").status_code == 404
    assert visitor.get(f"/images/{link.image_id}/tags/").status_code == 404


@pytest.mark.parametrize("token", ["x", "x" * 500, "a-b_c"])
def test_a_link_that_never_was_says_so(db: None, token: str) -> None:
    assertContains(Client().get(f"/s/{token}/"), "leads nowhere", status_code=404)


def test_an_address_of_other_signs_is_not_found(db: None) -> None:
    for address in ("/s/%00/", "/s/ä/", "/s//"):
        assert Client().get(address).status_code == 404


# --- Passwords --------------------------------------------------------------------------------


def test_a_password_opens_a_link_and_is_kept_as_a_hash(alice: User, image: Image) -> None:
    client_of(alice).post(f"/images/{image.pk}/share/", {**CHOICES, "password": " reed bed "})
    link = ShareLink.objects.get()
    visitor = Client()
    address = link.get_absolute_url()

    asked = visitor.get(address)
    assertContains(asked, "A password, please")
    assertNotContains(asked, "heron")
    assert visitor.get(image.get_absolute_url()).status_code == 404
    assertContains(visitor.post(address, {"password": "reed"}), "not the password", status_code=422)
    assert visitor.post(address, {"password": ""}).status_code == 422
    assert visitor.post(address, {"password": "\x00"}).status_code == 422
    assert visitor.post(address, {"password": " reed bed "})["Location"] == address

    assertContains(visitor.get(address), "A heron")
    assert "reed" not in link.password
    link.refresh_from_db()
    assert link.opened_count == 1


def test_guessing_is_slowed_down_for_each_link_and_address(alice: User, image: Image) -> None:
    cache.clear()
    link = make_share_link(by=alice, image=image, password="reed")
    other = make_share_link(by=alice, image=image, password="reed")
    visitor = Client()
    for _ in range(10):
        assert visitor.post(link.get_absolute_url(), {"password": "x"}).status_code == 422

    slowed = visitor.post(link.get_absolute_url(), {"password": "reed"})

    assertContains(slowed, "Too many tries", status_code=429)
    assert 0 < int(slowed["Retry-After"]) <= 60
    assert visitor.get(image.get_absolute_url()).status_code == 404
    assert visitor.post(other.get_absolute_url(), {"password": "reed"}).status_code == 302
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post(link.get_absolute_url(), {"password": "reed"}).status_code == 302


def test_logging_in_keeps_what_a_link_opened_and_logging_out_ends_it(
    alice: User, bob: User, image: Image
) -> None:
    visitor = Client()
    visitor.get(make_share_link(by=alice, image=image).get_absolute_url())

    visitor.force_login(bob)
    assert visitor.get(image.get_absolute_url()).status_code == 200
    visitor.logout()
    assert visitor.get(image.get_absolute_url()).status_code == 404
