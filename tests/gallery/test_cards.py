"""What other sites and search engines learn of pages: of public ones enough, of others nothing."""

from __future__ import annotations

import re
from functools import partial

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Album, Image, User
from gallery.services.albums import add_to_album, make_album
from tests.gallery import cast

store = partial(cast.store, size=(1400, 700))


def card_of(address: str) -> dict[str, str]:
    """Return what the head of a page tells other sites."""
    page = Client().get(address).content.decode()
    tags = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', page)
    canonical = re.findall(r'<link rel="canonical" href="([^"]+)">', page)
    return {**dict(tags), "canonical": canonical[0] if canonical else ""}


def test_the_card_of_a_photo_has_full_addresses_and_measures(alice: User) -> None:
    image = store(alice, title='A "wide" <view>', description="By\n\nthe river")

    card = card_of(image.get_absolute_url())

    assert card["og:title"] == "A &quot;wide&quot; &lt;view&gt;"
    assert card["og:description"] == "By the river"
    assert card["og:url"] == card["canonical"] == f"http://testserver/images/{image.pk}/"
    assert card["og:image"] == f"http://testserver/media/{image.pk}/1400.webp"
    assert (card["og:image:width"], card["og:image:height"]) == ("1400", "700")
    assert card["og:image:alt"] == card["twitter:image:alt"]
    assert card["twitter:card"] == "summary_large_image"
    assert "robots" not in card


def test_a_card_shows_the_jpeg_once_it_is_made(alice: User) -> None:
    image = store(alice)
    Image.objects.filter(pk=image.pk).update(more_renditions={"jpeg": [1280]})

    card = card_of(image.get_absolute_url())

    assert card["og:image"] == f"http://testserver/media/{image.pk}/1280.jpg"
    assert (card["og:image:width"], card["og:image:height"]) == ("1280", "640")


def test_albums_and_people_have_cards_of_public_photos(alice: User) -> None:
    private, public = store(alice, 1, visibility="private"), store(alice, 2)
    album = make_album(owner=alice, title="Birds", visibility="public")
    add_to_album(album=album, images=[private, public], by=alice)
    Album.objects.update(cover=private)

    for address in (f"/albums/{album.pk}/", "/people/alice/"):
        card = card_of(address)
        assert card["og:image"] == f"http://testserver/media/{public.pk}/1400.webp"
        assert card["canonical"] == f"http://testserver{address}"
    assert card_of(f"/albums/{album.pk}/")["og:description"] == "1 photo by alice"


def test_a_person_without_public_photos_has_a_card_without_picture(alice: User) -> None:
    card = card_of("/people/alice/")

    assert card["twitter:card"] == "summary"
    assert "og:image" not in card


@pytest.mark.parametrize("kind", ["photo", "album"])
def test_what_is_unlisted_has_no_card(alice: User, kind: str) -> None:
    thing = (
        store(alice, visibility="unlisted")
        if kind == "photo"
        else make_album(owner=alice, title="Birds", visibility="unlisted")
    )

    card = card_of(thing.get_absolute_url())

    assert card["robots"] == "noindex, nofollow"
    assert not [name for name in card if name.startswith(("og:", "twitter:"))]
    assert card["canonical"] == ""


def test_the_map_of_the_site_holds_what_is_public(alice: User, bob: User, client: Client) -> None:
    public, private = store(alice, 1), store(bob, 2, visibility="private")
    album = make_album(owner=alice, title="Birds", visibility="public")
    secret = make_album(owner=alice, title="Secret")

    assertContains(client.get("/robots.txt"), "Sitemap: http://testserver/sitemap.xml")
    index = client.get("/sitemap.xml").content.decode()
    assert f"<lastmod>{public.created_at.isoformat()[:10]}" in index
    sections = re.findall(r"<loc>http://testserver(/sitemap-[a-z]+\.xml)</loc>", index)
    assert len(sections) == 3
    whole = "".join(client.get(section).content.decode() for section in sections)
    for address in (f"/images/{public.pk}/", f"/albums/{album.pk}/", "/people/alice/"):
        assert f"<loc>http://testserver{address}</loc>" in whole
    for address in (f"/images/{private.pk}/", f"/albums/{secret.pk}/", "/people/bob/"):
        assert address not in whole
    assert client.get("/sitemap-secrets.xml").status_code == 404


@pytest.mark.parametrize(
    ("kind", "badge", "own_words", "others_words"),
    [
        ("private", "Private", "Only you, the moderators", "shares it with few people"),
        ("unlisted", "Unlisted", "has the address of this page", "people who have its address"),
        ("followers", "Followers", "people who follow you can see", "Only people who follow alice"),
    ],
)
def test_badges_and_notes_say_who_may_see_it(
    alice: User, mona: User, kind: str, badge: str, own_words: str, others_words: str
) -> None:
    image = store(alice, visibility=kind)
    client = Client()
    client.force_login(alice)

    assertContains(client.get("/people/alice/"), f'<span class="tile__badge">{badge}</span>')
    assertContains(client.get(image.get_absolute_url()), own_words)
    client.force_login(mona)
    assertContains(client.get(image.get_absolute_url()), others_words)
    Image.objects.update(visibility="public")
    assertNotContains(client.get(image.get_absolute_url()), others_words)
    assertNotContains(client.get("/people/alice/"), "tile__badge")
