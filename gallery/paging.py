"""Long lists of photos, a page at a time, that neither repeat nor skip while others upload."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db import models
from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from gallery.models import Image, ImageQuerySet

PAGE_SIZE = 30
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Larger numbers fit no column.
_NUMBER: Final = r"(-?[0-9]{1,18})"


class Sort(models.TextChoices):
    """What a list of photos begins with."""

    NEWEST = "newest", _("Newest first")
    OLDEST = "oldest", _("Oldest first")
    LIKES = "likes", _("Most liked first")
    TAKEN = "taken", _("Taken last first")


# The columns that each order compares, "-" for the largest first. The id breaks every tie.
COLUMNS: Final = {
    Sort.NEWEST: ("-created_at", "-pk"),
    Sort.OLDEST: ("created_at", "pk"),
    Sort.LIKES: ("-like_count", "-created_at", "-pk"),
    Sort.TAKEN: ("-taken_at", "-pk"),
}


@dataclass(frozen=True)
class PhotoPage:
    """Some photos with their owners, and the query string of those that follow ("" at the end)."""

    images: list[Image]
    older_url: str
    is_first: bool = True


def page_of_photos(
    request: HttpRequest,
    photos: ImageQuerySet,
    *,
    size: int = PAGE_SIZE,
    sort: Sort = Sort.NEWEST,
) -> PhotoPage:
    """Return the first photos in this order, or those after the mark in `?mark=`, in one query.

    The mark names a place among the photos instead of a page number, so that an upload in between
    shifts nothing and the last page costs as little as the first. An unreadable mark, such as
    that of another order, counts as none. Other parameters of the address are kept.
    """
    condition = after_mark(request.GET.get("mark", ""), sort)
    # Put in order by their numbers alone: whole rows of thousands are a lot to sort.
    first = in_order(photos.filter(condition), sort).values("pk")[: size + 1]
    images = list(in_order(Image.with_trash.filter(pk__in=first), sort).with_owner())
    if len(images) <= size:
        return PhotoPage(images, "", is_first=not condition)
    query = request.GET.copy()
    query["mark"] = mark_of(images[size - 1], sort)
    return PhotoPage(images[:size], f"?{query.urlencode()}", is_first=not condition)


def in_order(photos: ImageQuerySet, sort: Sort) -> ImageQuerySet:
    """Return the photos in this order."""
    return photos.order_by(*COLUMNS[sort])


def mark_of(image: Image, sort: Sort = Sort.NEWEST) -> str:
    """Return the place of a photo in a list: its numbers, moments in microseconds, and its id."""
    return "_".join(str(_as_number(getattr(image, _bare(column)))) for column in COLUMNS[sort])


def after_mark(mark: str, sort: Sort = Sort.NEWEST) -> Q:
    """Return the condition that a photo comes after the marked one; none for no such mark."""
    columns = COLUMNS[sort]
    found = re.fullmatch("_".join([_NUMBER] * len(columns)), mark)
    if found is None:
        return Q()
    try:
        values = [
            _as_value(column, int(number))
            for column, number in zip(columns, found.groups(), strict=True)
        ]
    except OverflowError:
        return Q()
    condition, same = Q(), Q()
    for column, value in zip(columns, values, strict=True):
        comparison = "lt" if column.startswith("-") else "gt"
        condition |= same & Q(**{f"{_bare(column)}__{comparison}": value})
        same &= Q(**{_bare(column): value})
    # Implied by the rest; with it a database finds the place in its index at once.
    comparison = "lte" if columns[0].startswith("-") else "gte"
    return Q(**{f"{_bare(columns[0])}__{comparison}": values[0]}) & condition


def _bare(column: str) -> str:
    return column.removeprefix("-")


def _as_number(value: datetime | int | None) -> int:
    if isinstance(value, datetime):
        return (value - EPOCH) // timedelta(microseconds=1)
    return value or 0


def _as_value(column: str, number: int) -> datetime | int:
    return EPOCH + timedelta(microseconds=number) if column.endswith("_at") else number
