"""Drawing from the blind slice: within a stratum every pair has the same chance.

So the answers estimate precision and recall of the live version without bias. What the slice is
stands in `tagging.blind_slice`; one person is asked about the part of it that they may be asked
about. Nothing here sorts a table at random: photos are probed by id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from gallery.models import Image
from tagging.blind_slice import BlindSlice, Pair, stratum_of
from tagging.models import ReviewKind, ReviewTask
from tagging.registry import live_version
from tagging.reviewing.mix import OFFERED, SHOWN, SILENT, STRATUM_SHARES, weighted_order
from tagging.reviewing.sources import Asker, Draw, ends_of

# Ids probed at once, below the variable limit of old SQLite builds, and how often at most.
PROBED: Final = 500
ATTEMPTS: Final = 3
# More words than the network has for one photo. Each photo has so many places, most of them
# empty, and a place is drawn, not a photo: otherwise a pair on a photo with few words would come
# more often than one among many.
PLACES: Final = 32


@dataclass
class Probe:
    """Photos that were probed, in random order, and what is said of them, by photo."""

    tags: tuple[int, ...]
    photos: list[int] = field(default_factory=list)
    suggested: dict[str, dict[int, list[int]]] = field(
        default_factory=lambda: {SHOWN: defaultdict(list), OFFERED: defaultdict(list)}
    )
    # Pairs that are not silent any more, or that this person was asked about.
    taken: set[Pair] = field(default_factory=set)
    is_everything: bool = False

    def pairs(self, stratum: str) -> Iterator[Pair]:
        """Return every pair of a stratum on these photos."""
        for photo in self.photos:
            if stratum == SILENT:
                yield from ((photo, tag) for tag in self.tags if (photo, tag) not in self.taken)
            else:
                yield from ((photo, tag) for tag in self.suggested[stratum].get(photo, ()))


def find_blind(asker: Asker) -> Draw | None:
    """Return a pair of the blind slice with version and stratum, or None where none was found.

    Nothing for one tag alone: its answers would weigh as if they had been drawn from all.
    """
    if asker.tag is not None:
        return None
    version = live_version()
    whole = BlindSlice.of(version)
    if not whole.tags:
        return None
    order = weighted_order(STRATUM_SHARES, asker.rng)
    for _ in range(ATTEMPTS):
        probe = probe_photos(asker, whole)
        for stratum in order:
            pair = _draw(probe, stratum, asker)
            if pair is not None:
                return Draw(ReviewKind.BLIND, *pair, version_id=version.pk, stratum=stratum)
        if probe.is_everything:
            return None
    return None


def probe_photos(asker: Asker, whole: BlindSlice) -> Probe:
    """Return photos at random ids with what the live version says of them, in five queries."""
    probe = Probe(whole.tags)
    ends = ends_of(Image)
    if ends is None:
        probe.is_everything = True
        return probe
    ids = range(ends[0], ends[1] + 1)
    probe.is_everything = len(ids) <= PROBED
    probed = list(ids) if probe.is_everything else asker.rng.sample(ids, PROBED)
    photos = whole.photos.filter(asker.may_see(), pk__in=probed).order_by("pk")
    probe.photos = list(photos.values_list("pk", flat=True))
    asker.rng.shuffle(probe.photos)
    part, tags = whole.on(probe.photos), frozenset(whole.tags)
    mine = ReviewTask.objects.filter(image__in=probe.photos, person=asker.person)
    asked = set(mine.exclude(tag=None).values_list("image_id", "tag_id"))
    spoken, *others = (rows.values_list("image_id", "tag_id") for rows in part.not_silent())
    probe.taken.update(asked, spoken.union(*others, all=True))
    suggested = part.suggested().values_list("image_id", "tag_id", "is_shown")
    for image_id, tag_id, is_shown in suggested:
        if tag_id in tags and (image_id, tag_id) not in asked:
            probe.suggested[stratum_of(is_shown=is_shown)][image_id].append(tag_id)
    return probe


def _draw(probe: Probe, stratum: str, asker: Asker) -> Pair | None:
    """Return a pair of this stratum, each with the same chance, or None."""
    if stratum == SILENT:
        return _draw_silent(probe, asker)
    if probe.is_everything:
        pairs = list(probe.pairs(stratum))
        return asker.rng.choice(pairs) if pairs else None
    suggested = probe.suggested[stratum]
    for photo in probe.photos:
        place = asker.rng.randrange(PLACES)
        if place < len(suggested.get(photo, ())):
            return photo, suggested[photo][place]
    return None


def _draw_silent(probe: Probe, asker: Asker) -> Pair | None:
    """Return a pair that nobody has spoken of, the network included: most pairs are such.

    So trying one tag a photo finds one at once, except where almost everything has been said.
    """
    for photo in probe.photos:
        tag = asker.rng.choice(probe.tags)
        if (photo, tag) not in probe.taken:
            return photo, tag
    pairs = list(probe.pairs(SILENT)) if probe.is_everything else []
    return asker.rng.choice(pairs) if pairs else None
