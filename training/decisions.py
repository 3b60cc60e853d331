"""What people decided, file by file, before anything is split: three answers and no more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagging.words import current_hierarchy
from training.learning.examples import ABSENT, PRESENT
from training.learning.implications import CHECKED, NOTHING, Statements, conclude
from training.statements import Reading, read_statements, read_words


@dataclass(frozen=True)
class Decisions:
    """Distinct files in ascending order of SHA-256 with their answers, int8 [n, t].

    `checked` says which answers a moderator vouches for, bool [n, t]. `image_ids` names one
    upload of each file and `owner_ids` everybody who offers it. `contests` holds per file the
    columns of the closed worlds in which it was sorted.
    """

    photos: tuple[str, ...]
    tags: tuple[str, ...]
    answers: NDArray[np.int8]
    checked: NDArray[np.bool_]
    contests: tuple[tuple[int, ...], ...]
    image_ids: tuple[int, ...]
    owner_ids: tuple[frozenset[int], ...]

    def part(self, rows: NDArray[np.intp]) -> Decisions:
        """Return these rows only."""
        return Decisions(
            photos=tuple(self.photos[row] for row in rows),
            tags=self.tags,
            answers=self.answers[rows],
            checked=self.checked[rows],
            contests=tuple(self.contests[row] for row in rows),
            image_ids=tuple(self.image_ids[row] for row in rows),
            owner_ids=tuple(self.owner_ids[row] for row in rows),
        )

    def without(self, tags: frozenset[str]) -> Decisions:
        """Return the same files without these tags."""
        return self.with_columns([c for c, tag in enumerate(self.tags) if tag not in tags])

    def with_columns(self, kept: Sequence[int]) -> Decisions:
        """Return the same files with the tags of these columns only, in this order."""
        moved = {column: position for position, column in enumerate(kept)}
        return Decisions(
            photos=self.photos,
            tags=tuple(self.tags[column] for column in kept),
            answers=self.answers[:, kept],
            checked=self.checked[:, kept],
            contests=tuple(
                tuple(moved[column] for column in contest if column in moved)
                for contest in self.contests
            ),
            image_ids=self.image_ids,
            owner_ids=self.owner_ids,
        )


def read_decisions(names: Sequence[str]) -> Decisions:
    """Return what is known of these tags on every photo that is offered for teaching.

    Curated is present, rejected is absent, and what follows from either along the hierarchy is
    known as well (see `training.learning.implications`). In a closed world a photo that was
    sorted into one of its tags is absent from the others, and what is not said on a fully tagged
    photo is absent (see `training.statements`). The same bytes uploaded twice are one file; where
    their answers contradict, nothing is known. Names that no usable tag bears are left out.
    """
    words = read_words(names, current_hierarchy())
    wanted = frozenset(names)
    columns = [column for column, name in enumerate(words.names) if name in wanted]
    reading = read_statements(words)
    if not reading.uploads:
        return _nothing_known(tuple(words.names[column] for column in columns))
    photos, first_rows = np.unique([upload.sha256 for upload in reading.uploads], return_index=True)
    there, gone = conclude(_of_each_file(reading.said, first_rows), words.pairs)
    among = np.logical_or.reduceat(reading.contested, first_rows, axis=0)
    every = Decisions(
        photos=tuple(str(sha256) for sha256 in photos),
        tags=words.names,
        answers=(PRESENT * (there > NOTHING) + ABSENT * (gone > NOTHING)).astype(np.int8),
        checked=np.maximum(there, gone) == CHECKED,
        contests=tuple(tuple(np.flatnonzero(row).tolist()) for row in among),
        image_ids=tuple(reading.uploads[row].pk for row in first_rows),
        owner_ids=_owners_of_each_file(reading, first_rows),
    )
    return every.with_columns(columns)


def _of_each_file(said: Statements, first_rows: NDArray[np.intp]) -> Statements:
    """Return the statements with all uploads of the same bytes taken together."""
    return Statements(
        present=np.maximum.reduceat(said.present, first_rows, axis=0),
        absent=np.maximum.reduceat(said.absent, first_rows, axis=0),
        assumed=np.maximum.reduceat(said.assumed, first_rows, axis=0),
        doubted=np.logical_or.reduceat(said.doubted, first_rows, axis=0),
    )


def _owners_of_each_file(
    reading: Reading, first_rows: NDArray[np.intp]
) -> tuple[frozenset[int], ...]:
    ends = [*first_rows[1:].tolist(), len(reading.uploads)]
    return tuple(
        frozenset(upload.owner_id for upload in reading.uploads[start:end])
        for start, end in zip(first_rows.tolist(), ends, strict=True)
    )


def _nothing_known(tags: tuple[str, ...]) -> Decisions:
    answers = np.zeros((0, len(tags)), dtype=np.int8)
    return Decisions((), tags, answers, answers.astype(np.bool_), (), (), ())
