"""The bootstrap table in memory: which class says which tag, and what stands above a tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from tagging.ancestry import Ancestry
from tagging.vocabulary.picking import Picked, PickedTag, Thresholds, pick_tags

Floats = npt.NDArray[np.float32]

# Measured with EfficientNet-Lite0 on 200 ImageNet photos of 200 classes (first tag right / wrong /
# none) and on 300 photos of cats and dogs (photos told their kind; wrong tags): 0.25 gives 183/7/10
# and 278; 16, 0.35 gives 181/6/13 and 271; 12, 0.45 gives 173/8/19 and 252; 11. Beyond 0.35, doubt
# costs right tags and saves hardly a wrong one.
SHOW = 0.35
# Of what lies between here and `SHOW`, one offer in ten is right: worth a glance, not an opinion.
SUGGEST = 0.10
# iNaturalist names the common ancestor of its guesses from a summed score of 0.78 on.
COARSE_SHOW = 0.78


@dataclass(frozen=True, eq=False)
class Vocabulary:
    """Everyday tags for the 1,000 classes of ImageNet. Built by `build_vocabulary`, never changed.

    `tags` are all tags in alphabetical order, those that only stand above others included: the
    columns of every score matrix here. `never_show` are words that no machine may put on a photo;
    it also holds words that are no tag of this table, since heads trained later obey it too.
    """

    tags: tuple[str, ...]
    never_show: frozenset[str]
    class_tags: Mapping[str, str]
    """The tag of each class by synset, in the order of the network's outputs."""
    parents_of: Mapping[str, frozenset[str]]
    """The tags right above each tag."""
    ancestors_of: Mapping[str, frozenset[str]]
    coarse: frozenset[str]
    """The tags that name only a kind: more classes lie under other tags below it than carry it
    themselves. So animal and food, but not dog, which most breeds are called."""
    membership: Floats
    """1 where a class (row) counts for a tag (column), else 0; see `roll_up`."""

    def ancestors(self, tag: str) -> frozenset[str]:
        """Return every tag above this one, up all paths; raise KeyError for an unknown tag."""
        return self.ancestors_of[tag]

    def are_related(self, one: str, other: str) -> bool:
        """Return whether one of two words stands above the other here; unknown words do not."""
        nothing: frozenset[str] = frozenset()
        above = self.ancestors_of.get(one, nothing), self.ancestors_of.get(other, nothing)
        return other in above[0] or one in above[1]

    def class_tag(self, synset: str) -> str:
        """Return the tag of a class such as "n02099601"; raise KeyError for an unknown synset."""
        return self.class_tags[synset]

    def roll_up(self, probabilities: Floats) -> Floats:
        """Return float32 [n, len(tags)]: per tag the summed probability of the classes below it.

        `probabilities` is float32 [n, 1000], the softmax of the network's logits. A class counts
        once for a tag, also where two paths lead there. The classes of a never-shown tag count
        for that tag alone and for nothing above it: calling a misread person "animal" would hurt
        just like the hidden word. Raises ValueError for another shape.
        """
        if probabilities.ndim != 2 or probabilities.shape[1] != len(self.class_tags):
            expected = len(self.class_tags)
            raise ValueError(f"Expected shape (n, {expected}), not {probabilities.shape}.")
        sums = probabilities.astype(np.float32, copy=False) @ self.membership
        # A thousand float32 roundings can lift a certain tag a hair above 1.
        capped: Floats = np.minimum(sums, np.float32(1))
        return capped

    def pick(
        self,
        scores: Floats,
        *,
        show: float = SHOW,
        suggest: float = SUGGEST,
        coarse_show: float = COARSE_SHOW,
    ) -> list[PickedTag]:
        """Return the tags of one photo, shown ones and offers, sorted by score, highest first.

        `scores` is float32 [len(tags)], a row of `roll_up`. In each branch the most specific tag
        from `show` on is shown and its ancestors are implied; a tag that names only a kind is
        shown alone, from `coarse_show` on, which is iNaturalist's rule and figure for naming the
        common ancestor. From `suggest` on a tag is offered without being shown. Both
        figures were measured (see `SHOW`). Never-shown tags never come.

        Raises ValueError for another shape or thresholds out of order.
        """
        if scores.shape != (len(self.tags),):
            raise ValueError(f"Expected shape ({len(self.tags)},), not {scores.shape}.")
        picked = self.pick_many(scores[None], show=show, suggest=suggest, coarse_show=coarse_show)
        chosen = np.flatnonzero(picked.shown[0] | picked.offered[0]).tolist()
        named = [
            PickedTag(self.tags[column], float(scores[column]), bool(picked.shown[0, column]))
            for column in chosen
        ]
        return sorted(named, key=lambda one: (-one.score, one.tag))

    def pick_many(
        self,
        scores: Floats,
        *,
        show: float = SHOW,
        suggest: float = SUGGEST,
        coarse_show: float = COARSE_SHOW,
    ) -> Picked:
        """Return what `pick` returns, for many photos at once: scores float32 [n, len(tags)]."""
        return pick_tags(
            scores,
            ancestry=self.ancestry,
            may_be_named=self._may_be_named,
            coarse=self._is_coarse,
            thresholds=Thresholds(suggest=suggest, show=show, coarse_show=coarse_show),
        )

    @cached_property
    def ancestry(self) -> Ancestry:
        """Return which of the columns stand above which."""
        return Ancestry(self.tags, self.ancestors)

    @cached_property
    def _may_be_named(self) -> npt.NDArray[np.bool_]:
        return np.array([tag not in self.never_show for tag in self.tags], dtype=np.bool_)

    @cached_property
    def _is_coarse(self) -> npt.NDArray[np.bool_]:
        return np.array([tag in self.coarse for tag in self.tags], dtype=np.bool_)
