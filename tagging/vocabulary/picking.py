"""The rule by which scores become the few tags that a photo is shown with."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

# Below half, "given that it is a dog, it is a corgi" is more likely wrong than right.
_LEAST_SHARE = 0.5


@dataclass(frozen=True)
class PickedTag:
    """A tag that the network offers for one photo.

    `shown` tags are displayed as the network's opinion; the others are only offered to people who
    look for a tag to add.
    """

    tag: str
    score: float
    shown: bool


@dataclass(frozen=True)
class Thresholds:
    """From which score a tag is offered, shown, and shown although it names only a kind."""

    suggest: float
    show: float
    coarse_show: float

    def __post_init__(self) -> None:
        """Raise ValueError unless 0 < suggest <= show <= coarse_show <= 1."""
        if not 0 < self.suggest <= self.show <= self.coarse_show <= 1:
            raise ValueError(f"Thresholds must rise from above 0 to at most 1, not {self}.")


def pick_tags(
    scores: Mapping[str, float],
    *,
    ancestors: Mapping[str, frozenset[str]],
    coarse: Collection[str],
    thresholds: Thresholds,
) -> list[PickedTag]:
    """Return the tags to show and to offer, sorted by score, the highest first.

    `scores` holds the tags that may be named at all; `coarse` are those that name only a kind, such
    as animal. Per branch only the most specific tag that passes is shown: what stands above it is
    implied and left out. A tag with less than half the score of a kind that passes too is more
    likely wrong than right, so the kind is shown instead.
    """
    passing = {
        tag
        for tag, score in scores.items()
        if score >= (thresholds.coarse_show if tag in coarse else thresholds.show)
    }
    sure = {
        tag
        for tag in passing
        if all(scores[tag] >= _LEAST_SHARE * scores[kind] for kind in ancestors[tag] & passing)
    }
    implied = _above(sure, ancestors)
    shown = sure - implied
    offered = {tag for tag in scores if tag not in coarse} - sure - implied
    # "Animal?" helps nobody who is already asked "otter?", and below `show` it is only noise.
    covered = _above(shown | offered, ancestors)
    offered |= {
        tag for tag in coarse if thresholds.show <= scores.get(tag, 0) < thresholds.coarse_show
    } - covered
    picked = [
        PickedTag(tag, scores[tag], tag in shown)
        for tag in shown | offered
        if scores[tag] >= thresholds.suggest
    ]
    return sorted(picked, key=lambda one: (-one.score, one.tag))


def _above(tags: Collection[str], ancestors: Mapping[str, frozenset[str]]) -> set[str]:
    """Return everything that stands above any of these tags."""
    return {above for tag in tags for above in ancestors[tag]}
