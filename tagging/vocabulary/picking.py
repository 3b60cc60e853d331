"""The rule by which scores become the few tags that a photo is shown with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagging.ancestry import Ancestry

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]

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


@dataclass(frozen=True, eq=False)
class Picked:
    """Of n photos and t tags: which are shown, and which are only offered, both bool [n, t]."""

    shown: Flags
    offered: Flags


def pick_tags(
    scores: Floats,
    *,
    ancestry: Ancestry,
    may_be_named: Flags,
    coarse: Flags,
    thresholds: Thresholds,
) -> Picked:
    """Return which tags to show and which to offer, for scores float32 [n, t] of many photos.

    `may_be_named` and `coarse` [t] say which tags may be named at all and which name only a kind,
    such as animal. Per branch only the most specific tag that passes is shown: what stands above
    it is implied and left out. A tag with less than half the score of a kind that passes too is
    more likely wrong than right, so the kind is shown instead.
    """
    named = (scores >= thresholds.suggest) & may_be_named
    passing = named & (scores >= np.where(coarse, thresholds.coarse_show, thresholds.show))
    sure = passing & ~ancestry.outshone(scores, passing, _LEAST_SHARE)
    implied = ancestry.above(sure)
    shown = sure & ~implied
    offered = named & ~coarse & ~sure & ~implied
    # "Animal?" helps nobody who is already asked "otter?", and below `show` it is only noise.
    covered = ancestry.above(shown | offered)
    nearly = (scores >= thresholds.show) & (scores < thresholds.coarse_show)
    return Picked(shown=shown, offered=offered | (named & coarse & nearly & ~covered))
