"""From scores to words: what is shown and offered of many photos at once.

Three voices: the trained head, the first day's words where it has no opinion, and roll-up, where
the head is sure of a kind though of nothing below it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from tagging.ancestry import Ancestry
from tagging.head import Head, Spoken
from tagging.models import Suggestion
from tagging.vocabulary import Vocabulary, class_probabilities
from tagging.words import Words

# Plain strings: a member of TextChoices costs a call wherever it is compared or printed.
TRAINED: Final = str(Suggestion.Source.TRAINED)
BOOTSTRAP: Final = str(Suggestion.Source.BOOTSTRAP)

Floats: TypeAlias = NDArray[np.float32]
Flags: TypeAlias = NDArray[np.bool_]
Columns: TypeAlias = NDArray[np.intp]


class ScoredTag(NamedTuple):
    """One tag of one photo: probability 0 to 1, and whether it is printed or only offered.

    A tuple, since re-tagging a library makes millions of them.
    """

    tag: str
    score: float
    shown: bool
    suggested: bool
    source: str


@dataclass(frozen=True, eq=False)
class _Kind:
    """A tag above learnt ones that the head has not learnt itself, by columns.

    `below` is everything below it, `learnt` what of that the head has learnt.
    """

    column: int
    below: Columns
    learnt: Columns
    among_learnt: Ancestry


@dataclass(eq=False)
class _Sheet:
    """What is said so far of n photos, all [n, names]."""

    scores: Floats
    shown: Flags
    offered: Flags
    is_trained: Flags

    @classmethod
    def blank(cls, photos: int, names: int) -> _Sheet:
        """Return a sheet on which nothing is said."""
        shape = (photos, names)
        flags = (np.zeros(shape, dtype=np.bool_) for _ in range(3))
        return cls(np.zeros(shape, dtype=np.float32), *flags)


@dataclass(frozen=True, eq=False)
class Speech:
    """A head (or none), the backbone's own classes (or none), and the words to use."""

    head: Head | None
    top: tuple[Floats, Floats] | None
    words: Words
    roll_up_show: float

    def about(
        self, embeddings: Floats, *, first_day: Floats | None = None, only_suggested: bool
    ) -> list[list[ScoredTag]]:
        """Return the tags of each photo, the highest score first, for float32 [n, d].

        `first_day` are the vectors that the top reads, where they are another network's.
        """
        sheet = _Sheet.blank(len(embeddings), len(self._names))
        spoken = self.head.speak(embeddings) if self.head else None
        self._say_first_day(sheet, embeddings if first_day is None else first_day, spoken)
        if spoken is not None:
            self._say_learnt(sheet, spoken)
            self._roll_up(sheet)
        implied = self._ancestry.above(sheet.shown)
        sheet.shown &= ~implied
        sheet.offered &= ~implied
        told = sheet.shown | sheet.offered
        return self._in_words(sheet, told if only_suggested else told | sheet.is_trained)

    def _say_first_day(self, sheet: _Sheet, embeddings: Floats, spoken: Spoken | None) -> None:
        """Write down the first-day tags of which the head has no opinion.

        Where it has one, that takes the place of the score before the tags are picked: a tag that
        it shows implies those above it, one that it does not show hides nothing. Of unfamiliar
        photos the head has no opinion.
        """
        if self.top is None:
            return
        scores = self._first_day.roll_up(class_probabilities(embeddings, self.top))
        known = np.zeros_like(scores, dtype=np.bool_)
        if spoken is not None:
            shared, places = self._shared
            known[:, shared] = spoken.familiar[:, None]
            opinion = spoken.shown[:, places]
            scores[:, shared] = np.where(spoken.familiar[:, None], opinion, scores[:, shared])
        picked = self._first_day.pick_many(scores)
        sheet.shown[:, self._first_day_columns] = picked.shown & ~known
        sheet.offered[:, self._first_day_columns] = picked.offered & ~known
        sheet.scores[:, self._first_day_columns] = scores
        sheet.shown[:, self._unspoken] = False
        sheet.offered[:, self._unspoken] = False

    def _say_learnt(self, sheet: _Sheet, spoken: Spoken) -> None:
        """Write down the learnt tags; of an unfamiliar photo only where the first day is silent."""
        places, columns = self._learnt
        free = ~(sheet.shown[:, columns] | sheet.offered[:, columns])
        said = np.where(free, spoken.scores[:, places], sheet.scores[:, columns])
        sheet.scores[:, columns] = said
        sheet.is_trained[:, columns] = free
        sheet.shown[:, columns] |= spoken.shown[:, places]
        sheet.offered[:, columns] |= spoken.offered[:, places]

    def _roll_up(self, sheet: _Sheet) -> None:
        """Show a kind where none below it is certain enough to be shown, but together they are.

        iNaturalist's rule for the common ancestor of its guesses. The most specific kind comes
        first, so that those above it are left alone.
        """
        for kind in self._kinds:
            offered = sheet.offered[:, kind.learnt] & sheet.is_trained[:, kind.learnt]
            # What stands below another offered tag is part of that one's score.
            counted = offered & ~kind.among_learnt.beneath(offered)
            total = (sheet.scores[:, kind.learnt] * counted).sum(axis=1)
            has_shown = sheet.shown[:, kind.below].any(axis=1) | sheet.shown[:, kind.column]
            rows = np.flatnonzero((total >= self.roll_up_show) & ~has_shown)
            sheet.scores[rows, kind.column] = np.minimum(total[rows], 1.0)
            sheet.shown[rows, kind.column] = True
            sheet.offered[rows, kind.column] = False
            sheet.is_trained[rows, kind.column] = True

    def _in_words(self, sheet: _Sheet, told: Flags) -> list[list[ScoredTag]]:
        """Return what is told of each photo, the highest score first, then by name."""
        rows, columns = np.nonzero(told)
        scores = sheet.scores[rows, columns]
        # Columns are in alphabetical order.
        order = np.lexsort((columns, -scores, rows))
        rows, columns = rows[order], columns[order]
        shown = sheet.shown[rows, columns]
        suggested = shown | sheet.offered[rows, columns]
        is_trained = sheet.is_trained[rows, columns].tolist()
        scored = list(
            map(
                ScoredTag,
                [self._names[column] for column in columns.tolist()],
                scores[order].tolist(),
                shown.tolist(),
                suggested.tolist(),
                [TRAINED if trained else BOOTSTRAP for trained in is_trained],
            )
        )
        ends = np.searchsorted(rows, np.arange(len(told) + 1)).tolist()
        return [scored[start:end] for start, end in pairwise(ends)]

    @property
    def _first_day(self) -> Vocabulary:
        return self.words.first_day

    @cached_property
    def _place_of(self) -> dict[str, int]:
        """The place in the head of the label that speaks for each tag."""
        return self.words.places(self.head.labels) if self.head else {}

    @cached_property
    def _names(self) -> tuple[str, ...]:
        """Every tag that may be said: the columns of a sheet, in alphabetical order."""
        learnt = set(self._place_of)
        above = learnt.union(*(self.words.hierarchy.ancestors(tag) for tag in learnt))
        return tuple(sorted(above.union(self._first_day.tags if self.top else ())))

    @cached_property
    def _column_of(self) -> dict[str, int]:
        return {name: column for column, name in enumerate(self._names)}

    @cached_property
    def _ancestry(self) -> Ancestry:
        return Ancestry(self._names, self.words.hierarchy.ancestors)

    @cached_property
    def _first_day_columns(self) -> Columns:
        return self._columns(self._first_day.tags)

    @cached_property
    def _unspoken(self) -> Columns:
        return self._columns(name for name in self._names if name in self.words.unspoken)

    @cached_property
    def _learnt(self) -> tuple[Columns, Columns]:
        """The places in the head, and the columns, of the learnt tags that may be said."""
        spoken = [tag for tag in self._place_of if tag not in self.words.unspoken]
        places = np.array([self._place_of[tag] for tag in spoken], dtype=np.intp)
        return places, self._columns(spoken)

    @cached_property
    def _shared(self) -> tuple[Columns, Columns]:
        """The columns in the first day's words of the tags that the head knows too, and their
        places in the head."""
        both = [
            (column, self._place_of[tag])
            for column, tag in enumerate(self._first_day.tags)
            if tag in self._place_of
        ]
        pairs = np.array(both, dtype=np.intp).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]

    @cached_property
    def _kinds(self) -> list[_Kind]:
        """What may be rolled up to, the most specific first."""
        hierarchy = self.words.hierarchy
        learnt = {tag for tag in self._place_of if tag not in self.words.unspoken}
        above = frozenset[str]().union(*(hierarchy.ancestors(tag) for tag in learnt))
        found = []
        for name in above - set(self._place_of) - self.words.unspoken:
            below = hierarchy.descendants(name)
            parts = sorted(below & learnt)
            kind = _Kind(
                column=self._column_of[name],
                below=self._columns(sorted(below & set(self._names))),
                learnt=self._columns(parts),
                among_learnt=Ancestry(parts, hierarchy.ancestors),
            )
            found.append((-len(hierarchy.ancestors(name)), name, kind))
        return [kind for _, _, kind in sorted(found, key=lambda one: one[:2])]

    def _columns(self, names: Iterable[str]) -> Columns:
        return np.array([self._column_of[name] for name in names], dtype=np.intp)
