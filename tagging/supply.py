"""How much teaching material a tag has: what a run counts, and what the tag's page tells."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from gallery.models import Image
from tagging.hierarchy import Hierarchy
from tagging.models import ImageTag, Tag
from tagging.policy import Policy

_PHOTOS: Final = Count("image__sha256", distinct=True)
_PEOPLE: Final = Count("image__owner", distinct=True)


@dataclass(frozen=True)
class Supply:
    """How many curated photos a tag has, those of tags below included, and of how many people."""

    photos: int
    people: int

    def what_is_short(self, policy: Policy) -> str:
        """Return in words what the policy asks for beyond this; empty where it is enough."""
        short = []
        if self.photos < policy.learnable_photos:
            short.append(f"{self.photos} of {policy.learnable_photos} curated photos")
        if self.people < policy.learnable_uploaders and policy.learnable_uploaders > 1:
            short.append(f"from {self.people} of {policy.learnable_uploaders} people")
        return ", ".join(short)


NOTHING: Final = Supply(photos=0, people=0)


def supply_of(tag: Tag, hierarchy: Hierarchy) -> Supply:
    """Return the supply of one tag, in two small queries at most."""
    of_itself = Count("pk", filter=Q(tag=tag))
    family = _photos_of({tag.name, *hierarchy.descendants(tag.name)})
    found = family.aggregate(photos=_PHOTOS, people=_PEOPLE, of_itself=of_itself)
    is_taught = found.pop("of_itself") or _parents_by_moderators().filter(pk=tag.pk).exists()
    return Supply(**found) if is_taught else NOTHING


def supplies(hierarchy: Hierarchy) -> dict[str, Supply]:
    """Return the supply of each tag that people teach, by name in alphabetical order.

    These are the tags on any curated photo, and those that moderators themselves put above
    others. A word that stands above a curated one in the first day's words alone is left to the
    first day's network: it has seen every animal there, and these photos perhaps only cats.
    """
    counted = _offered().values("tag__name").annotate(photos=_PHOTOS, people=_PEOPLE)
    own = {row["tag__name"]: Supply(row["photos"], row["people"]) for row in counted}
    parents = frozenset(_parents_by_moderators().values_list("name", flat=True))
    found = {}
    for name in sorted(own.keys() | parents):
        below = hierarchy.descendants(name) & own.keys()
        if below:
            family = _photos_of(below | {name})
            found[name] = Supply(**family.aggregate(photos=_PHOTOS, people=_PEOPLE))
        else:
            found[name] = own.get(name, NOTHING)
    return {name: supply for name, supply in found.items() if supply.photos}


def _offered() -> QuerySet[ImageTag]:
    """Return curated rows of tags in use, on photos that their owners offer.

    Asked of each row: given two lists instead, SQLite tries every photo with every tag.
    """
    in_use = Tag.objects.usable().filter(pk=OuterRef("tag_id"))
    return _curated_and_offered().filter(Exists(in_use))


def _photos_of(names: Collection[str]) -> QuerySet[ImageTag]:
    """Return those of tags in use with these names.

    Here a list of tags: joined to them, SQLite reads every curated row of the site.
    """
    in_use = Tag.objects.usable().filter(name__in=names)
    return _curated_and_offered().filter(tag__in=in_use.values("pk"))


def _curated_and_offered() -> QuerySet[ImageTag]:
    offered = Image.objects.teachable().filter(pk=OuterRef("image_id"))
    return ImageTag.objects.curated().order_by().filter(Exists(offered))


def _parents_by_moderators() -> QuerySet[Tag]:
    return Tag.objects.usable().filter(children__has_own_parents=True)
