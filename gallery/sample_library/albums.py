"""Albums of a sample library."""

from __future__ import annotations

from typing import Final

import numpy as np

from gallery.models import Album, AlbumPhoto, Image, User, Visibility
from gallery.sample_library.words import MOODS, SUBJECTS

_MOST_ALBUMS: Final = 5
_MOST_PHOTOS: Final = 150


def add_albums(people: list[User], random: np.random.Generator) -> None:
    """Put photos of each person into a few albums, most of them for everybody."""
    for person in people:
        ids = list(Image.objects.filter(owner=person).values_list("pk", flat=True))
        if not ids:
            continue
        for _ in range(int(random.integers(0, _MOST_ALBUMS + 1))):
            _add_album(person, ids, random)


def _add_album(person: User, ids: list[int], random: np.random.Generator) -> None:
    number = int(random.integers(1, min(len(ids), _MOST_PHOTOS) + 1))
    chosen = random.choice(ids, number, replace=False).tolist()
    mood, subject = MOODS[int(random.integers(0, len(MOODS)))], random.choice(SUBJECTS)
    visibility = Visibility.PUBLIC if random.random() < 0.8 else Visibility.PRIVATE
    album = Album.objects.create(
        owner=person, title=f"{mood} {subject}s", visibility=visibility, cover_id=chosen[0]
    )
    AlbumPhoto.objects.bulk_create(
        AlbumPhoto(album=album, image_id=pk, position=place)
        for place, pk in enumerate(chosen, start=1)
    )
