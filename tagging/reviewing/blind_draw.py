"""The blind slice: pairs of photo and tag drawn uniformly, whatever the network says of them.

The population is every pair of a photo on show that took no part in teaching and a tag that the
live version knows, of which nobody has said anything. It falls into three strata: what the
network shows, what it only offers, and what it is silent about. Within a stratum every pair has
the same chance, so that the answers estimate precision and recall of the live version without
bias. Nothing here sorts a table at random: photos are probed by id.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

from django.db.models import Exists, Max, Min, OuterRef, Q

from gallery.models import Image
from tagging.blind import spoken_tags
from tagging.models import (
    ClosedWorld,
    FullyTagged,
    ImageTag,
    ModelVersion,
    ReviewKind,
    ReviewTask,
    Suggestion,
    Tag,
)
from tagging.registry import live_version
from tagging.reviewing.mix import OFFERED, SHOWN, SILENT, STRATUM_SHARES, weighted_order
from tagging.reviewing.sources import Asker, Draw
from tagging.vocabulary import load_vocabulary

# Ids probed at once, below the variable limit of old SQLite builds, and how often at most.
PROBED: Final = 500
ATTEMPTS: Final = 3
# More words than the network has for one photo. Each photo has so many places, most of them
# empty, and a place is drawn, not a photo: otherwise a pair on a photo with few words would come
# more often than one among many.
PLACES: Final = 32

Pair = tuple[int, int]


@dataclass
class _Probe:
    """Photos that were probed, in random order, and what is said of them, by photo."""

    photos: list[int] = field(default_factory=list)
    suggested: dict[str, dict[int, list[int]]] = field(
        default_factory=lambda: {SHOWN: defaultdict(list), OFFERED: defaultdict(list)}
    )
    # Pairs that are not silent any more, or that this person was asked about.
    taken: set[Pair] = field(default_factory=set)
    is_everything: bool = False


def find_blind(asker: Asker) -> Draw | None:
    """Return a pair of the blind slice with version and stratum, or None where none was found.

    Nothing for one tag alone: its answers would weigh as if they had been drawn from all.
    """
    if asker.tag is not None:
        return None
    version = live_version()
    tags = known_tags(version)
    if not tags:
        return None
    order = weighted_order(STRATUM_SHARES, asker.rng)
    for _ in range(ATTEMPTS):
        probe = _probe(asker, version, set(tags))
        for stratum in order:
            pair = _draw(probe, stratum, tags, asker)
            if pair is not None:
                return Draw(ReviewKind.BLIND, *pair, version_id=version.pk, stratum=stratum)
        if probe.is_everything:
            return None
    return None


def known_tags(version: ModelVersion) -> list[int]:
    """Return the ids of the tags that this version is measured on, ascending.

    Those of `spoken_tags`; for version 0 the tags it suggests anywhere.
    """
    tags = spoken_tags(version)
    if version.is_bootstrap:
        said = Suggestion.objects.filter(tag_id=OuterRef("pk"))
        speakable = Tag.objects.usable().filter(Exists(said), never_show=False)
        tags = speakable.exclude(name__in=load_vocabulary().never_show)
    return list(tags.order_by("pk").values_list("pk", flat=True))


def untaught_photos() -> Q:
    """Return the condition on photos that took no part in teaching: nobody decided about any of
    their tags, no import sorted them, and they are not fully tagged."""
    photo = {"image_id": OuterRef("pk")}
    decided = Q(decided_by__isnull=False) | Q(is_double_checked=True)
    sorted_in = ClosedWorld.images.through.objects.filter(**photo)
    return Q(
        ~Exists(ImageTag.objects.filter(decided, **photo)),
        ~Exists(sorted_in),
        ~Exists(FullyTagged.objects.filter(**photo)),
    )


def _probe(asker: Asker, version: ModelVersion, tags: set[int]) -> _Probe:
    """Return photos at random ids with what the live version says of them, in five queries."""
    ends = Image.objects.aggregate(low=Min("pk"), high=Max("pk"))
    if ends["low"] is None:
        return _Probe(is_everything=True)
    ids = range(ends["low"], ends["high"] + 1)
    probe = _Probe(is_everything=len(ids) <= PROBED)
    probed = list(ids) if probe.is_everything else asker.rng.sample(ids, PROBED)
    photos = Image.objects.on_show().filter(asker.may_see(), untaught_photos(), pk__in=probed)
    probe.photos = list(photos.order_by("pk").values_list("pk", flat=True))
    asker.rng.shuffle(probe.photos)
    about = {"image__in": probe.photos}
    said = list(ImageTag.objects.filter(**about).values_list("image_id", "tag_id"))
    mine = ReviewTask.objects.filter(**about, person=asker.person).exclude(tag=None)
    said += [(image_id, tag_id or 0) for image_id, tag_id in mine.values_list("image_id", "tag_id")]
    probe.taken.update(said)
    spoken = Suggestion.objects.filter(**about).order_by("pk")
    speakers = {version.pk, ModelVersion.objects.bootstrap().pk}
    for image_id, tag_id, is_shown, version_id in spoken.values_list(
        "image_id", "tag_id", "is_shown", "version_id"
    ):
        # What an earlier version said is about to be replaced, and belongs to no stratum.
        if version_id in speakers and tag_id in tags and (image_id, tag_id) not in probe.taken:
            probe.suggested[SHOWN if is_shown else OFFERED][image_id].append(tag_id)
        probe.taken.add((image_id, tag_id))
    return probe


def _draw(probe: _Probe, stratum: str, tags: list[int], asker: Asker) -> Pair | None:
    """Return a pair of this stratum, each with the same chance, or None."""
    if stratum == SILENT:
        return _draw_silent(probe, tags, asker)
    suggested = probe.suggested[stratum]
    if probe.is_everything:
        pairs = [(photo, tag) for photo in probe.photos for tag in suggested.get(photo, ())]
        return asker.rng.choice(pairs) if pairs else None
    for photo in probe.photos:
        place = asker.rng.randrange(PLACES)
        if place < len(suggested.get(photo, ())):
            return photo, suggested[photo][place]
    return None


def _draw_silent(probe: _Probe, tags: list[int], asker: Asker) -> Pair | None:
    """Return a pair that nobody has spoken of, the network included: most pairs are such."""
    for photo in probe.photos:
        tag = asker.rng.choice(tags)
        if (photo, tag) not in probe.taken:
            return photo, tag
    return None
