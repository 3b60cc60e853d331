"""The explore page: tags as pictures, colours, and what people liked this week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.utils import timezone

from gallery.models import Colour, Image
from gallery.paging import Sort, in_order
from tagging.models import Tag
from tagging.services.tag_figures import covers_on_show, rising_first

POPULAR: Final = 24
RISING: Final = 8
LIKED: Final = 12
WEEK: Final = timedelta(days=7)


@dataclass(frozen=True)
class PicturedTag:
    """A tag with a photo that stands for it and the number of its photos."""

    tag: Tag
    cover: Image
    photos: int


@dataclass(frozen=True)
class Explore:
    """Everything the page shows; only what everybody may see."""

    popular: list[PicturedTag]
    rising: list[PicturedTag]
    liked: list[Image]
    colours: list[Colour]

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to look at yet."""
        return not (self.popular or self.liked)


def read_explore() -> Explore:
    """Return what the page shows, in five queries whatever the size of the library.

    The figures of the tags are as old as the last count, a few minutes.
    """
    usable = Tag.objects.usable().filter(cover__isnull=False)
    popular = list(usable.order_by("-photos_by_people", "-photos_by_network", "name")[:POPULAR])
    known = {tag.pk for tag in popular}
    rising = list(rising_first().exclude(pk__in=known).filter(cover__isnull=False)[:RISING])
    covers = covers_on_show([*popular, *rising])
    week = Image.objects.on_show().filter(created_at__gte=timezone.now() - WEEK)
    liked = in_order(week.filter(like_count__gt=0), Sort.LIKES).with_owner()[:LIKED]
    has_colours = Image.objects.on_show().exclude(colour_name="").order_by().exists()
    return Explore(
        popular=_pictured(popular, covers),
        rising=_pictured(rising, covers),
        liked=list(liked),
        colours=list(Colour) if has_colours else [],
    )


def _pictured(tags: list[Tag], covers: dict[int, Image]) -> list[PicturedTag]:
    """Return the tags whose photo is still to be seen."""
    return [
        PicturedTag(tag, covers[tag.pk], tag.photos_by_people + tag.photos_by_network)
        for tag in tags
        if tag.pk in covers
    ]
