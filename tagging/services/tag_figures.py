"""How often each tag is on photos that everybody may see, and a photo that stands for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from datetime import timedelta
from typing import Any, Final

from django.db.models import Count, F, QuerySet
from django.utils import timezone

from gallery.models import Image, Visibility
from tagging.chunks import chunks
from tagging.models import ImageTag, Suggestion, Tag

# What was shared so recently says what rises.
LATELY: Final = timedelta(days=14)
# Tags beyond these are on no page with pictures.
MOST_COVERS: Final = 200
# Photos looked at for each, so that neighbours do not all show the same one.
_CANDIDATES: Final = 6
# Up to so many photos counting takes some hundredths of a second, and nobody need wait for the job.
SMALL_SITE: Final = 1000
_ON_SHOW: Final = {
    "image__visibility": Visibility.PUBLIC,
    "image__hidden_at": None,
    "image__deleted_at": None,
}


def count_tags() -> int:
    """Count the photos of every tag anew and choose covers; return how many tags changed.

    For a job every few minutes: it reads whole tables, writes only what changed, and may run
    twice at the same moment, since both write the same.
    """
    by_people = _per_tag(ImageTag.objects.shown().filter(**_ON_SHOW))
    by_network = _per_tag(Suggestion.objects.open().shown().filter(**_ON_SHOW))
    recent = {**_ON_SHOW, "image__created_at__gte": timezone.now() - LATELY}
    lately = Counter(_per_tag(ImageTag.objects.shown().filter(**recent)))
    lately.update(_per_tag(Suggestion.objects.open().shown().filter(**recent)))
    totals = Counter(by_people)
    totals.update(by_network)
    covers = _choose_covers([pk for pk, _ in totals.most_common(MOST_COVERS)])
    changed = []
    columns = ("photos_by_people", "photos_by_network", "photos_lately", "cover_id")
    for tag in Tag.objects.only(*columns).order_by("pk"):
        figures = (
            by_people.get(tag.pk, 0),
            by_network.get(tag.pk, 0),
            lately.get(tag.pk, 0),
            covers.get(tag.pk),
        )
        if figures != tuple(getattr(tag, column) for column in columns):
            for column, figure in zip(columns, figures, strict=True):
                setattr(tag, column, figure)
            changed.append(tag)
    names = [column.removesuffix("_id") for column in columns]
    for some in chunks(changed):
        Tag.objects.bulk_update(some, names)
    return len(changed)


def count_tags_of_small_site() -> int:
    """Count tags at once where there are few photos, so that a new site has something to explore;
    return how many changed."""
    photos = Image.objects.order_by().values("pk")[: SMALL_SITE + 1].count()
    return count_tags() if photos <= SMALL_SITE else 0


def _per_tag(rows: QuerySet[Any]) -> dict[int, int]:
    """Return the number of rows of each tag."""
    counted = rows.order_by().values("tag_id").annotate(photos=Count("pk"))
    return dict(counted.values_list("tag_id", "photos"))


def _choose_covers(tag_ids: Collection[int]) -> dict[int, int]:
    """Return a photo for each of these tags: liked, recent, and no other tag's where possible."""
    covers: dict[int, int] = {}
    for tag_id in tag_ids:
        said = ImageTag.objects.shown().filter(tag_id=tag_id, **_ON_SHOW)
        found = list(
            said.order_by("-image__like_count", "-image__created_at", "-image_id")
            .values_list("image_id", flat=True)[:_CANDIDATES]
        )  # fmt: skip
        if not found:
            seen = Suggestion.objects.open().shown().filter(tag_id=tag_id, **_ON_SHOW)
            found = list(
                seen.order_by("-image__like_count", "-score", "-image_id")
                .values_list("image_id", flat=True)[:_CANDIDATES]
            )  # fmt: skip
        if found:
            taken = set(covers.values())
            covers[tag_id] = next((pk for pk in found if pk not in taken), found[0])
    return covers


def covers_on_show(tags: Collection[Tag]) -> dict[int, Image]:
    """Return the covers of these tags that everybody may still see, by tag, in one query."""
    wanted = {tag.cover_id for tag in tags if tag.cover_id}
    images = Image.objects.on_show().with_owner().in_bulk(wanted)
    return {tag.pk: images[tag.cover_id] for tag in tags if tag.cover_id in images}


def rising_first() -> QuerySet[Tag]:
    """Return the tags of which the largest share is new, of those with several new photos."""
    total = F("photos_by_people") + F("photos_by_network")
    return Tag.objects.usable().filter(photos_lately__gte=3, photos_lately__lt=total).order_by(
        (F("photos_lately") * 1000 / total).desc(), "-photos_lately", "name"
    )  # fmt: skip
