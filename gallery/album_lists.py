"""Lists of albums, and the photos of one in its order: read in a constant number of queries."""

from __future__ import annotations

import math
from collections.abc import Iterable

from django.db.models import Q
from django.http import HttpRequest

from gallery.access import OpenAlbum, Way
from gallery.models import Album, AlbumPhoto, AlbumPhotoQuerySet, Image
from gallery.paging import PAGE_SIZE, PhotoPage

Mark = tuple[float, int]


def with_loaded_faces(albums: Iterable[Album]) -> list[Album]:
    """Return the albums with `face`, the photo of `face_id`; one query for all of them."""
    found = list(albums)
    faces = Image.objects.in_bulk([album.face_id for album in found if album.face_id])
    for album in found:
        album.face = faces.get(album.face_id) if album.face_id else None
    return found


def places_of(opened: OpenAlbum) -> AlbumPhotoQuerySet:
    """Return the places of the album whose photos may be opened the way it was opened."""
    return AlbumPhoto.objects.filter(album=opened.album).showing(opened.photos)


def page_of_album(request: HttpRequest, opened: OpenAlbum, *, size: int = PAGE_SIZE) -> PhotoPage:
    """Return photos of the album in its order, those after the mark in `?after=`, in one query.

    The mark names a position, so that moving and adding in between shifts nothing. One that
    cannot be read counts as none. Other parameters of the address, such as a key, are kept.
    """
    places = after_mark(places_of(opened), request.GET.get("after", ""))
    found = list(places.in_order().select_related("image__owner")[: size + 1])
    images = [place.image for place in found[:size]]
    for image in images:
        image.withholds_key = opened.way == Way.LINK
    if len(found) <= size:
        return PhotoPage(images, "")
    query = request.GET.copy()
    query["after"] = f"{found[size - 1].position!r}_{found[size - 1].pk}"
    return PhotoPage(images, f"?{query.urlencode()}")


def after_mark(places: AlbumPhotoQuerySet, mark: str) -> AlbumPhotoQuerySet:
    """Return the places after the marked one: its position and its id."""
    position, _, number = mark.partition("_")
    try:
        exact, pk = float(position[:40]), int(number[:18])
    except ValueError:
        return places
    if not math.isfinite(exact):
        return places
    return places.filter(Q(position__gt=exact) | Q(position=exact, pk__gt=pk))
