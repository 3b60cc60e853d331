"""The blind slice: which pairs of photo and tag may be asked about whatever the network says.

One definition for both sides: the review page draws from it (`tagging.reviewing.blind_draw`), and
the figures know by it how large each stratum is (`tagging.blind`). It holds every pair of

- a photo on show that took no part in teaching, and
- a tag that the live version knows and may say,

of which nobody has said anything, "not sure" included. It falls into three strata: what the
network shows, what it only offers, and what it is silent about. Pairs of which only an earlier
version has spoken are about to be asked anew and belong to none. People are asked about pairs of
the slice that they may be asked about at all, so that each photo has people who are.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from django.db.models import Exists, OuterRef, Q, QuerySet

from gallery.models import Image, ImageQuerySet
from tagging.models import (
    FullyTagged,
    ImageTag,
    ModelVersion,
    Stratum,
    Suggestion,
    Tag,
    Vote,
)
from tagging.models.network import BOOTSTRAP_NUMBER
from tagging.words import current_words, places_of_tags

STRATA: Final = (Stratum.SHOWN, Stratum.OFFERED, Stratum.SILENT)

Pair: TypeAlias = tuple[int, int]
"""Ids of a photo and a tag."""


@dataclass(frozen=True)
class BlindSlice:
    """The slice of one version: its photos, and the ids of its tags in ascending order.

    The rows that the methods return are of all tags; whoever reads them leaves out the others.
    A query that names a thousand tags is more than some builds of SQLite take.
    """

    version: ModelVersion
    photos: ImageQuerySet
    tags: tuple[int, ...]

    @classmethod
    def of(cls, version: ModelVersion) -> BlindSlice:
        """Return the slice of the live version; of another one the suggestions are gone."""
        return cls(version, untaught_photos(), measured_tags(version))

    def on(self, photo_ids: Collection[int]) -> BlindSlice:
        """Return the part of the slice on these photos, which were read from `photos`."""
        return replace(self, photos=Image.objects.filter(pk__in=photo_ids))

    def suggested(self) -> QuerySet[Suggestion]:
        """Return what the network says of pairs of which nobody has spoken."""
        is_current = Q(version=self.version) | Q(version__number=BOOTSTRAP_NUMBER)
        said = Suggestion.objects.filter(is_current, image__in=self.photos)
        return said.filter(~is_spoken_of()).order_by("pk")

    def not_silent(self) -> tuple[QuerySet[Any], QuerySet[Any], QuerySet[Any]]:
        """Return rows of all pairs that are not silent, in three queries that share no pair:
        states, votes that left none, and what any version says of the rest."""
        here = {"image__in": self.photos}
        has_state = Exists(_same_pair(ImageTag.objects.all()))
        return (
            ImageTag.objects.filter(**here),
            Vote.objects.current().filter(~has_state, **here),
            Suggestion.objects.filter(~is_spoken_of(), **here),
        )


def stratum_of(*, is_shown: bool) -> Stratum:
    """Return the stratum of what the network suggests."""
    return Stratum.SHOWN if is_shown else Stratum.OFFERED


def is_spoken_of() -> Q:
    """Return the condition on rows of photo and tag that somebody has said anything of the two."""
    return Q(Exists(_same_pair(ImageTag.objects.all()))) | Q(
        Exists(_same_pair(Vote.objects.current()))
    )


def measured_tags(version: ModelVersion) -> tuple[int, ...]:
    """Return the ids of the tags that this version is measured on, ascending.

    Those for which one of its labels speaks now, whatever they were called when it learnt them,
    without those that no machine may say; for version 0 what is suggested anywhere.
    """
    if not version.is_bootstrap:
        return tuple(places_of_tags(version.labels))
    silent = current_words().unspoken
    said = Suggestion.objects.filter(tag_id=OuterRef("pk"), image__deleted_at=None)
    rows = Tag.objects.usable().filter(Exists(said)).order_by("pk").values_list("pk", "name")
    return tuple(pk for pk, name in rows if name not in silent)


def untaught_photos() -> ImageQuerySet:
    """Return the photos on show that took no part in teaching.

    A moderator's decision, an import that sorted the photo, or the mark "fully tagged" made it a
    part; there the network has been told the answer. Rejections by votes alone teach as well, but
    they leave the photo in: answers of the slice itself reject, and photos on which the network
    errs would leave it one by one, until it looked better than it is.
    """
    taught = ImageTag.objects.decided() | ImageTag.objects.curated()
    photo = {"image": OuterRef("pk")}
    return Image.objects.on_show().filter(
        ~Exists(taught.filter(**photo)),
        ~Exists(Image.closed_worlds.through.objects.filter(**photo)),
        ~Exists(FullyTagged.objects.filter(**photo)),
    )


def _same_pair(rows: QuerySet[Any, Any]) -> QuerySet[Any, Any]:
    return rows.filter(image_id=OuterRef("image_id"), tag_id=OuterRef("tag_id"))
