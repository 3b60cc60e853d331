"""Photos of tags: what people said, what the network shows, or both."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final

from django.db import models
from django.db.models import Exists, F, OuterRef, Q, QuerySet

from gallery.models import Image, ImageQuerySet, Viewer
from tagging.models import ImageTag, Suggestion, Tag

# Of more photos than this it is quicker to walk along the newest and look at each; of fewer, to
# gather them and sort. Both find the same.
COMMON: Final = 4000
# Nobody looks through more photos; counting them all takes longer than finding a page of them.
MOST_COUNTED: Final = 1000
FEW_TAGS: Final = 8


class Voice(models.TextChoices):
    """Whose word counts."""

    EVERYBODY = "", "Anybody"
    PEOPLE = "people", "People"
    NETWORK = "network", "The network"


def photos_showing(
    images: ImageQuerySet, tags: Collection[Tag], *, voice: str = Voice.EVERYBODY
) -> ImageQuerySet:
    """Return those photos that have any of these usable tags by this voice.

    People's word covers every tag that is not rejected. The network's covers suggestions that
    are shown and that nobody answered, so a photo never counts on both sides.
    """
    ids = [tag.pk for tag in tags]
    by_people = sum(tag.photos_by_people for tag in tags)
    by_network = sum(tag.photos_by_network for tag in tags)
    condition = Q()
    if voice != Voice.NETWORK:
        condition |= has_row(ImageTag.objects.shown().filter(tag__in=ids), by_people)
    if voice != Voice.PEOPLE:
        of_network = Suggestion.objects.open().shown().filter(tag__in=ids)
        # One walk or one gathering for both; alone, few of the network are soon gathered however
        # many people have said it.
        beside = by_people if voice != Voice.NETWORK else 0
        condition |= has_row(of_network, beside + by_network)
    return images.filter(condition)


def count_some(photos: ImageQuerySet) -> int:
    """Return how many photos there are, at most one more than `MOST_COUNTED`.

    Walked from the newest on: without an order a database may jump about in the whole table.
    """
    return photos.newest().values("pk")[: MOST_COUNTED + 1].count()


def of_tags(rows: QuerySet[Any], tag_ids: Collection[int], photos: int) -> QuerySet[Any]:
    """Return the rows of these tags; `photos` is about how many photos have them.

    Where a walk looks at the few rows of each photo, a sum keeps the database from seeking every
    single tag of a long list in them.
    """
    if photos > COMMON and len(tag_ids) > FEW_TAGS:
        summed: QuerySet[Any] = rows.alias(tag_number=F("tag_id") + 0)
        return summed.filter(tag_number__in=tag_ids)
    return rows.filter(tag__in=tag_ids)


def has_row(rows: QuerySet[Any], photos: int) -> Q:
    """Return the condition that a photo has one of these rows; `photos` is about how many have."""
    found = rows.order_by()
    if photos > COMMON:
        return Q(Exists(found.filter(image_id=OuterRef("pk"))))
    return Q(pk__in=found.values("image_id"))


@dataclass(frozen=True)
class PhotoCounts:
    """On how many photos a tag is, by people and only by the network."""

    by_people: int
    by_network: int


def photo_counts(tag: Tag, viewer: Viewer) -> PhotoCounts:
    """Return how many photos of a tag this person would find.

    Exact up to a thousand; beyond, the number of public ones as last counted, since counting them
    for one person takes longer than a page may.
    """
    seen = Image.objects.visible_to(viewer)
    found = {}
    for voice, kept in (
        (Voice.PEOPLE, tag.photos_by_people),
        (Voice.NETWORK, tag.photos_by_network),
    ):
        found[voice] = kept
        if kept <= MOST_COUNTED:
            found[voice] = count_some(photos_showing(seen, [tag], voice=voice))
    return PhotoCounts(found[Voice.PEOPLE], found[Voice.NETWORK])
