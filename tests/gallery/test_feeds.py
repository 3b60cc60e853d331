"""Feeds: public photos only, nothing sent twice, and as many queries for any length."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains

from gallery.feeds import ITEMS
from gallery.models import Image, User
from tests.gallery.cast import store
from tests.gallery.test_likes import copy_of

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"
MEDIA = "{http://search.yahoo.com/mrss/}"


def entries(client: Client, address: str) -> list[ElementTree.Element]:
    answer = client.get(address)
    assert answer["Content-Type"].startswith("application/atom+xml")
    return ElementTree.fromstring(answer.content).findall(f"{ATOM}entry")


def test_the_newest_photos_come_with_their_pictures(alice: User, bob: User, client: Client) -> None:
    image = store(alice, title="A <b>hill</b> & more\x0b", description="By\nthe river")
    store(bob, seed=2)
    newest, entry = entries(client, "/photos.atom")
    assert entry.findtext(f"{ATOM}title") == "A <b>hill</b> & more"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "alice"
    assert newest.findtext(f"{ATOM}title") == "Photo by bob"
    picture = entry.find(f"{MEDIA}content")
    assert picture is not None
    assert picture.get("url") == f"http://testserver{image.largest_url}"
    assert (picture.get("width"), picture.get("height")) == ("96", "64")
    assert client.get(picture.get("url", "")).status_code == 200
    summary = entry.findtext(f"{ATOM}summary") or ""
    assert "A &lt;b&gt;hill&lt;/b&gt; &amp; more" in summary


def test_only_what_everybody_may_see(alice: User, bob: User, client: Client) -> None:
    for seed, visibility in enumerate(("private", "followers", "unlisted")):
        store(alice, seed=seed, visibility=visibility)
    hidden, in_trash = store(alice, seed=7), store(alice, seed=8)
    Image.objects.filter(pk=hidden.pk).update(hidden_at=timezone.now())
    Image.objects.filter(pk=in_trash.pk).update(deleted_at=timezone.now())
    client.force_login(alice)
    assert entries(client, "/people/alice/photos.atom") == entries(client, "/photos.atom") == []
    shown, _ = store(alice, seed=9), store(bob, seed=10)
    [entry] = entries(client, "/people/alice/photos.atom")
    assert entry.findtext(f"{ATOM}id") == f"http://testserver{shown.get_absolute_url()}"
    assert client.get("/people/nobody/photos.atom").status_code == 404


def test_who_has_it_gets_304_until_something_changes(alice: User, client: Client) -> None:
    image = store(alice, title="A hill")
    first = client.get("/photos.atom")
    assert first["Last-Modified"]
    again = client.get("/photos.atom", HTTP_IF_NONE_MATCH=first["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    Image.objects.filter(pk=image.pk).update(title="A mountain")
    assertContains(client.get("/photos.atom", HTTP_IF_NONE_MATCH=first["ETag"]), "A mountain")


def test_fifty_at_most_in_one_query(alice: User, client: Client) -> None:
    image = store(alice)
    for number in range(ITEMS + 1):
        copy_of(image, number)
    with CaptureQueriesContext(connection) as queries:
        assert len(entries(client, "/photos.atom")) == ITEMS
    assert len(queries) == 1
    with CaptureQueriesContext(connection) as queries:
        assert len(entries(client, "/people/alice/photos.atom")) == ITEMS
    assert len(queries) == 2


def test_pages_say_where_their_feed_is(alice: User, client: Client) -> None:
    assertContains(client.get("/"), 'type="application/atom+xml"')
    assertContains(client.get("/people/alice/"), 'href="/people/alice/photos.atom"')
    assert client.post("/photos.atom").status_code == 405
