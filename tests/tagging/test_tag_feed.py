"""The feed of a tag: public photos that show it, whoever says so."""

from __future__ import annotations

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from tagging.services.votes import add_tag
from tests.gallery.cast import store

pytestmark = pytest.mark.django_db


def test_a_tag_has_a_feed(alice: User, client: Client) -> None:
    tagged = store(alice, title="With a heron")
    secret = store(alice, seed=2, title="A secret heron", visibility="private")
    store(alice, seed=3, title="Without")
    for image in (tagged, secret):
        row = add_tag(person=alice, image=image, name="heron")
    feed = client.get(f"/tags/{row.tag.slug}/photos.atom")
    assertContains(feed, "With a heron")
    assertNotContains(feed, "secret")
    assertNotContains(feed, "Without")
    assertContains(client.get(row.tag.get_absolute_url()), 'type="application/atom+xml"')


@pytest.mark.parametrize("slug", ["unknown", "%00"])
def test_what_is_no_tag_has_none(client: Client, slug: str) -> None:
    assert client.get(f"/tags/{slug}/photos.atom").status_code == 404
