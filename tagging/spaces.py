"""How full each embedding space is, for pages and the command line. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db.models import Count

from gallery.models import Image
from tagging.backbones.cards import CARDS, UnknownBackbone, get_card
from tagging.backbones.weights import BackboneUnavailable, read_record
from tagging.models import Embedding, EmbeddingSpace
from tagging.registry import live_backbone, standing_versions
from tagging.services.embeddings import photos_without_vector
from tagging.services.spaces import reasons_to_keep

BYTES_PER_NUMBER = 2
PERCENT = 100


@dataclass(frozen=True)
class Space:
    """One embedding space: how many of all photos have a vector of this backbone.

    `vectors` are stored ones, of distinct files, and `photos` are uploads, of which `missing` have
    none. `megabytes` is what the numbers alone take, None for a backbone nobody knows any more.
    `kept` says who reads the vectors, `unavailable` why no more can be computed, `wish` how far
    filling is, where somebody asked for it.
    """

    backbone: str
    title: str
    vectors: int
    photos: int
    missing: int
    megabytes: float | None
    is_live: bool
    kept: str | None
    unavailable: str | None
    wish: EmbeddingSpace | None

    @property
    def is_being_filled(self) -> bool:
        """Return whether a job is at it, or will be."""
        return self.wish is not None and self.wish.finished_at is None and not self.wish.problem

    @property
    def done(self) -> int:
        """Return how many photos have a vector."""
        return self.photos - self.missing

    @property
    def percent(self) -> int:
        """Return the share of photos that are done, in whole per cent, 100 only for all."""
        return PERCENT * self.done // self.photos if self.photos else PERCENT

    @property
    def seconds_left(self) -> float | None:
        """Return how long filling goes on at its present speed, None where nobody can say."""
        speed = self.wish.photos_per_second if self.wish else None
        return self.missing / speed if speed and self.is_being_filled else None

    @property
    def can_be_filled(self) -> bool:
        """Return whether asking for it now would do anything."""
        return bool(self.missing) and not self.unavailable and not self.is_being_filled

    @property
    def can_be_forgotten(self) -> bool:
        """Return whether there is something that nobody needs."""
        return self.kept is None and bool(self.vectors or self.wish)

    @property
    def state(self) -> str:
        """Return in words how it stands."""
        if self.is_being_filled:
            return _being_filled(self)
        if self.wish is not None and self.wish.problem:
            return self.wish.problem
        if not self.missing:
            return "full"
        unreadable = self.wish.unreadable if self.wish else 0
        if unreadable:
            return f"as full as can be: {_photos(unreadable)} cannot be read"
        return "not asked for" if not self.vectors else "partly filled"

    def as_json(self) -> dict[str, Any]:
        """Return everything a script may want to wait for."""
        speed = self.wish.photos_per_second if self.wish else None
        return {
            "backbone": self.backbone,
            "vectors": self.vectors,
            "photos": self.photos,
            "missing": self.missing,
            "percent": self.percent,
            "megabytes": self.megabytes,
            "live": self.is_live,
            "kept": self.kept,
            "being_filled": self.is_being_filled,
            "photos_per_second": round(speed, 2) if speed else None,
            "seconds_left": round(self.seconds_left) if self.seconds_left is not None else None,
            "unreadable": self.wish.unreadable if self.wish else 0,
            "problem": self.wish.problem if self.wish else "",
        }


def all_spaces() -> list[Space]:
    """Return every space that holds something, is wished for, is read, or could be filled."""
    counted = Embedding.objects.values_list("backbone").annotate(Count("pk")).order_by()
    vectors: dict[str, int] = dict(counted)
    wishes = {wish.backbone: wish for wish in EmbeddingSpace.objects.all()}
    read = {version.serving_backbone for version in standing_versions()}
    ready = {key for key in CARDS if _why_unavailable(key) is None}
    live, photos, kept = live_backbone(), Image.objects.count(), reasons_to_keep()
    return [
        _describe(
            *(key, vectors.get(key, 0), photos, wishes.get(key)),
            is_live=key == live,
            kept=kept.get(key),
        )
        for key in sorted(
            vectors.keys() | wishes.keys() | read | ready, key=lambda k: (k != live, k)
        )
    ]


def space_of(backbone: str) -> Space:
    """Return one space, whether or not anything is in it."""
    wish = EmbeddingSpace.objects.filter(backbone=backbone).first()
    vectors, photos = Embedding.objects.of_backbone(backbone).count(), Image.objects.count()
    return _describe(
        *(backbone, vectors, photos, wish),
        is_live=backbone == live_backbone(),
        kept=reasons_to_keep().get(backbone),
    )


def in_minutes(seconds: float) -> str:
    """Return a length of time as people say it: `40 s`, `12 min`, `3 h 5 min`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def _describe(
    key: str,
    vectors: int,
    photos: int,
    wish: EmbeddingSpace | None,
    *,
    is_live: bool,
    kept: str | None,
) -> Space:
    try:
        card = get_card(key)
        title, size = card.title, vectors * card.dimension * BYTES_PER_NUMBER / 1e6
    except UnknownBackbone:
        title, size = key, None
    return Space(
        backbone=key,
        title=title,
        vectors=vectors,
        photos=photos,
        missing=photos_without_vector(key).count() if vectors else photos,
        megabytes=None if size is None else round(size, 1),
        is_live=is_live,
        kept=kept,
        unavailable=_why_unavailable(key),
        wish=wish,
    )


def _why_unavailable(key: str) -> str | None:
    try:
        read_record(get_card(key), settings.EYES_MODELS_STORE)
    except (UnknownBackbone, BackboneUnavailable) as error:
        return str(error)
    return None


def _being_filled(space: Space) -> str:
    speed = space.wish.photos_per_second if space.wish else None
    if not speed or space.seconds_left is None:
        return "waits for the training cluster"
    return f"{speed:.1f} photos per second, {in_minutes(space.seconds_left)} left"


def _photos(number: int) -> str:
    return f"{number:,} photo{'' if number == 1 else 's'}"
