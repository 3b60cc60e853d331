"""How far the network is with a tag: known, on the way, or untouched; and how good it is at it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, cast

from django.core.cache import cache
from django.db.models import OuterRef, Subquery

from gallery.models import Image, Viewer
from tagging.models import (
    ImageTag,
    ModelVersion,
    ReviewCandidate,
    ReviewKind,
    Tag,
    TagState,
    VersionState,
)
from tagging.presets import current_policy
from tagging.registry import live_version
from tagging.searching import MOST_COUNTED
from tagging.supply import Supply, supply_of
from tagging.vocabulary import load_vocabulary
from tagging.words import current_hierarchy

HARDEST: Final = 6
# Seconds that the supply of a tag on very many photos is remembered in a process.
SUPPLY_KEPT_FOR: Final = 600
# How far back the page looks for the first version that knew a tag.
_VERSIONS_BACK: Final = 100


@dataclass(frozen=True)
class Figures:
    """How a version did on photos of one tag that took no part in learning; shares or None."""

    photos: int
    precision: float | None
    recall: float | None
    f1: float | None


@dataclass(frozen=True)
class HardPhoto:
    """A photo on which people and network disagree most, and what people say."""

    image: Image
    is_there: bool


@dataclass(frozen=True)
class Knowledge:
    """What the live version knows of one tag, and what it would need to learn it."""

    version_number: int
    is_learnt: bool
    is_known_from_start: bool
    is_never_shown: bool
    learnable_photos: int
    photos_needed: int
    # Both only where a tag needs several people.
    people: int
    people_needed: int
    photos_taught: int | None
    """How many photos of it that version was taught, where it is written down."""
    learnt_since: int | None
    """The first of those versions in a row, up to the live one, that know the tag."""
    figures: Figures | None
    hardest: list[HardPhoto]

    @property
    def is_known_for_longer(self) -> bool:
        """Return whether earlier versions than the live one knew the tag already."""
        return self.learnt_since != self.version_number

    @property
    def is_ready(self) -> bool:
        """Return whether there are enough photos, of enough people, for the next lesson."""
        return not self.photos_missing and not self.people_missing

    @property
    def photos_missing(self) -> int:
        """Return how many approved photos are still missing."""
        return max(self.photos_needed - self.learnable_photos, 0)

    @property
    def people_missing(self) -> int:
        """Return how many more people have to have photos of it."""
        return max(self.people_needed - self.people, 0)


def knowledge_of(tag: Tag, viewer: Viewer) -> Knowledge:
    """Return what the network knows of a tag, and what it would need to learn it.

    Photos of the tags below it count, as they do for a run. Those named are only such as the
    viewer may see. In seven queries at most, however many photos there are.
    """
    version, policy, vocabulary = live_version(), current_policy(), load_vocabulary()
    supply = _known_supply(tag)
    # Versions remember names as they were when they learnt them.
    names = frozenset({tag.name, *tag.aliases.values_list("name", flat=True)})
    is_learnt = not names.isdisjoint(version.labels)
    return Knowledge(
        version_number=version.number,
        is_learnt=is_learnt,
        is_known_from_start=not names.isdisjoint(vocabulary.tags),
        is_never_shown=tag.never_show or not names.isdisjoint(vocabulary.never_show),
        learnable_photos=supply.photos,
        photos_needed=policy.learnable_photos,
        people=supply.people,
        people_needed=policy.learnable_uploaders if policy.learnable_uploaders > 1 else 0,
        photos_taught=_told(version.metrics, "taught", tag.name, names).get("present"),
        learnt_since=_learnt_since(names, version) if is_learnt else None,
        figures=_figures(version.metrics, tag.name, names) if is_learnt else None,
        hardest=hardest_photos(tag, viewer) if is_learnt else [],
    )


def _known_supply(tag: Tag) -> Supply:
    """Return the supply of a tag; of one on thousands of photos as it was minutes ago.

    There counting takes longer than the rest of the page, and one photo more changes nothing.
    """
    if tag.photos_by_people <= MOST_COUNTED:
        return supply_of(tag, current_hierarchy())
    known = cache.get_or_set(
        f"supply-of-tag-{tag.pk}", lambda: supply_of(tag, current_hierarchy()), SUPPLY_KEPT_FOR
    )
    return cast(Supply, known)


def hardest_photos(tag: Tag, viewer: Viewer) -> list[HardPhoto]:
    """Return the photos of a tag that the live version found hardest when it last looked.

    Curated ones with the lowest score and rejected ones with the highest, as the job that fills
    the review queue stored them; what was decided otherwise since is left out.
    """
    state = ImageTag.objects.filter(image_id=OuterRef("image_id"), tag_id=OuterRef("tag_id"))
    rows = (
        ReviewCandidate.objects.filter(
            tag=tag, kind=ReviewKind.HARD, image__in=Image.objects.visible_to(viewer)
        )
        .annotate(state=Subquery(state.values("state")[:1]))
        .filter(state__in=[TagState.CURATED, TagState.REJECTED])
        .select_related("image__owner")
        .order_by("rank")
    )
    return [
        HardPhoto(image=row.image, is_there=row.state == TagState.CURATED) for row in rows[:HARDEST]
    ]


def _learnt_since(names: frozenset[str], live: ModelVersion) -> int:
    """Return the number of the earliest version from which on every live one knew the tag."""
    earlier = ModelVersion.objects.newest().filter(
        number__lt=live.number, state__in=[VersionState.PROMOTED, VersionState.DAMAGED]
    )
    since = live.number
    for number, labels in earlier.values_list("number", "labels")[:_VERSIONS_BACK]:
        if names.isdisjoint(labels):
            break
        since = number
    return since


def _figures(metrics: dict[str, Any], name: str, names: frozenset[str]) -> Figures | None:
    """Return the figures of one tag, or None for a version that was not judged on it."""
    told = _told(metrics, "per_tag", name, names)
    if not told:
        return None
    return Figures(
        photos=told.get("present", 0),
        precision=told.get("precision"),
        recall=told.get("recall"),
        f1=told.get("f1"),
    )


def _told(metrics: dict[str, Any], table: str, name: str, names: frozenset[str]) -> dict[str, Any]:
    """Return what a table of metrics holds of one tag, under its own or else another of its names;
    nothing where it is not in it."""
    per_tag = metrics.get(table, {})
    return next((per_tag[each] for each in (name, *sorted(names)) if each in per_tag), {})
