"""Long lists of photos, a page at a time, that neither repeat nor skip while others upload."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q
from django.http import HttpRequest

from gallery.models import Image, ImageQuerySet

PAGE_SIZE = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class PhotoPage:
    """Some photos with their owners, and the query string of the older ones ("" at the end)."""

    images: list[Image]
    older_url: str


def page_of_photos(
    request: HttpRequest, photos: ImageQuerySet, *, size: int = PAGE_SIZE
) -> PhotoPage:
    """Return the newest photos, or those older than the mark in `?before=`, in one query.

    The mark names a moment and a photo instead of a page number, so that an upload in between
    shifts nothing and the last page costs as little as the first. An unreadable mark counts as
    none. Other parameters of the address are kept.
    """
    older = before_mark(photos, request.GET.get("before", ""))
    images = list(older.newest().with_owner()[: size + 1])
    if len(images) <= size:
        return PhotoPage(images, "")
    query = request.GET.copy()
    query["before"] = mark_of(images[size - 1])
    return PhotoPage(images[:size], f"?{query.urlencode()}")


def mark_of(image: Image) -> str:
    """Return the place of a photo in the list: microseconds of its upload, and its id."""
    return f"{(image.created_at - EPOCH) // timedelta(microseconds=1)}-{image.pk}"


def before_mark(photos: ImageQuerySet, mark: str) -> ImageQuerySet:
    """Return the photos that come after the marked one in the list."""
    moment, _, number = mark.partition("-")
    if not (moment.isascii() and moment.isdigit() and number.isascii() and number.isdigit()):
        return photos
    try:
        created_at, pk = EPOCH + timedelta(microseconds=int(moment)), int(number[:18])
    except (OverflowError, ValueError):
        return photos
    return photos.filter(Q(created_at__lt=created_at) | Q(created_at=created_at, pk__lt=pk))
