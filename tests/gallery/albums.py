"""What tests of albums share: photos, clients, and an album with some photos."""

from __future__ import annotations

from gallery.models import Album, Image, User
from gallery.services.albums import add_to_album, make_album
from tests.gallery.cast import store


def filled_album(owner: User, number: int, **choices: object) -> tuple[Album, list[Image]]:
    album = make_album(owner=owner, title="Birds", **choices)
    images = [store(owner, seed, title=f"Photo {seed}") for seed in range(number)]
    add_to_album(album=album, images=images, by=owner)
    return album, images


def order_of(album: Album) -> list[int]:
    return list(album.places.order_by("position", "pk").values_list("image_id", flat=True))
