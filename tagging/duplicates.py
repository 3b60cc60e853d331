"""Near-duplicates among one person's own photos, a pair at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from django.db.models import Count, Prefetch

from gallery.models import AlbumPhoto, Image, User
from tagging.models import Content, ImageTag, TwinChoice, TwinDecision


@dataclass(frozen=True)
class Side:
    """One photo of a pair, with what it has that the other lacks."""

    image: Image
    tags: list[str]
    albums: list[str]
    own_tags: frozenset[str]
    own_albums: frozenset[str]
    is_larger: bool
    is_older: bool


@dataclass(frozen=True)
class Pair:
    """Two photos that look alike; the first is the one worth keeping, by its pixels."""

    better: Side
    other: Side


@dataclass(frozen=True)
class _Row:
    """What decides which photo of a group is the better one."""

    pk: int
    pixels: int
    byte_size: int
    created_at: datetime

    @property
    def rank(self) -> tuple[int, int, datetime, int]:
        return (-self.pixels, -self.byte_size, self.created_at, self.pk)


def undecided_pairs(owner: User) -> list[tuple[int, int]]:
    """Return the ids of photos that look alike and on which the owner has not decided.

    The best photo of a group is compared with each of the others, and these with each other only
    once it was decided that they differ from it. Three queries; the newest groups come first.
    """
    mine = Image.objects.filter(owner=owner)
    contents = Content.objects.filter(sha256__in=mine.order_by().values("sha256"))
    shared = contents.values("group_id").annotate(photos=Count("pk")).filter(photos__gte=2)
    group_of = dict(
        contents.filter(group_id__in=shared.values("group_id")).values_list("sha256", "group_id")
    )
    groups: dict[int, list[_Row]] = defaultdict(list)
    columns = ("sha256", "pk", "width", "height", "byte_size", "created_at")
    in_groups = mine.filter(sha256__in=Content.objects.filter(
        group_id__in=shared.values("group_id")).values("sha256"))  # fmt: skip
    for sha256, pk, width, height, byte_size, created_at in in_groups.values_list(*columns):
        if sha256 in group_of:
            row = _Row(pk, width * height, byte_size, created_at)
            groups[group_of[sha256]].append(row)
    decided = _decided(owner)
    pairs = []
    for _group, rows in sorted(groups.items(), reverse=True):
        best_first = [row.pk for row in sorted(rows, key=lambda row: row.rank)]
        pairs += [
            pair for pair in combinations(best_first, 2) if frozenset(pair) not in decided
            and _is_next(pair, best_first, decided)
        ]  # fmt: skip
    return pairs


def _is_next(pair: tuple[int, int], best_first: list[int], decided: set[frozenset[int]]) -> bool:
    """Return whether everything better was told apart from both photos already."""
    better = best_first[: best_first.index(pair[0])]
    return all(frozenset((one, photo)) in decided for one in better for photo in pair)


def _decided(owner: User) -> set[frozenset[int]]:
    """Return the pairs that stay as they are."""
    kept = TwinChoice.objects.filter(
        owner=owner, decision=TwinDecision.KEEP_BOTH, undone_at=None
    ).values_list("kept_id", "other_id")
    return {frozenset(pair) for pair in kept}


def read_pairs(owner: User, pairs: Iterable[tuple[int, int]]) -> list[Pair]:
    """Return these pairs with their photos, tags and albums, in three queries."""
    wanted = list(pairs)
    said = ImageTag.objects.shown().select_related("tag").order_by("tag__name")
    places = AlbumPhoto.objects.select_related("album").order_by("album__title")
    images = (
        Image.objects.filter(owner=owner)
        .with_owner()
        .prefetch_related(
            Prefetch("image_tags", said, to_attr="tags_on_show"),
            Prefetch("places", places, to_attr="album_places"),
        )
        .in_bulk({pk for pair in wanted for pk in pair})
    )
    return [
        Pair(_side(images[one], images[two]), _side(images[two], images[one]))
        for one, two in wanted
        if one in images and two in images
    ]


def _side(image: Image, beside: Image) -> Side:
    """Return a photo and in what it differs from the one beside it."""
    tags, others = _tags(image), _tags(beside)
    albums, other_albums = _albums(image), _albums(beside)
    return Side(
        image=image,
        tags=tags,
        albums=albums,
        own_tags=frozenset(tags) - frozenset(others),
        own_albums=frozenset(albums) - frozenset(other_albums),
        is_larger=image.width * image.height > beside.width * beside.height,
        is_older=image.created_at < beside.created_at,
    )


def _tags(image: Image) -> list[str]:
    return [row.tag.name for row in image.tags_on_show]  # type: ignore[attr-defined]


def _albums(image: Image) -> list[str]:
    return [place.album.title for place in image.album_places]  # type: ignore[attr-defined]
