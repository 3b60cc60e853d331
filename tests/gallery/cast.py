"""Stored photos with their files, and browsers of people, for tests of what the site serves."""

from __future__ import annotations

from django.test import Client

from gallery.models import Image, User
from gallery.services.images import store_image
from tests.conftest import draw_photo, encode


def store(
    owner: User, seed: int = 1, *, size: tuple[int, int] = (96, 64), **choices: object
) -> Image:
    """Return a stored photo: public, teaching and not announced unless chosen otherwise."""
    usual: dict[str, object] = {
        "name": f"p{seed}.jpg",
        "visibility": "public",
        "teaches": True,
        "announce": False,
    }
    data = encode(draw_photo(seed, size))
    return store_image(owner=owner, data=data, **{**usual, **choices}).image  # type: ignore[arg-type]


def client_of(person: User | None) -> Client:
    """Return a browser in which this person, if any, is logged in."""
    client = Client()
    if person is not None:
        client.force_login(person)
    return client
