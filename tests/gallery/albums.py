"""What tests of albums share: photos, clients, and an album with some photos."""

from __future__ import annotations

from django.test import Client

from gallery.models import Album, Image, User
from gallery.services.albums import add_to_album, make_album
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
