"""What people decided, photo by photo, before anything is split: three answers and no more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from django.db.models import Q
from numpy.typing import NDArray

from gallery.models import Image
from tagging.models import ClosedWorld, FullyTagged, ImageTag, Tag, TagState
from tagging.vocabulary import load_vocabulary
from training.learning.examples import ABSENT, PRESENT

# What stands on a pair of photo and tag before worlds are looked at. OPEN is a person's tag that
# nobody approved: no ground to learn from, but enough to doubt that the tag is absent.
_EMPTY, _CURATED, _REJECTED, _OPEN = 0, 1, 2, 3
_STATES = {
    TagState.CURATED: _CURATED,
    TagState.REJECTED: _REJECTED,
    TagState.PENDING: _OPEN,
    TagState.CONFIRMED: _OPEN,
}


@dataclass(frozen=True)
class Decisions:
    """Distinct files in ascending order of SHA-256 with their answers, int8 [n, t].

    `image_ids` names one upload of each file. `contests` holds per file the columns of the closed
    worlds in which it was sorted.
    """

    photos: tuple[str, ...]
    tags: tuple[str, ...]
    answers: NDArray[np.int8]
    contests: tuple[tuple[int, ...], ...]
    image_ids: tuple[int, ...]

    def part(self, rows: NDArray[np.intp]) -> Decisions:
        """Return these rows only."""
        return Decisions(
            photos=tuple(self.photos[row] for row in rows),
            tags=self.tags,
            answers=self.answers[rows],
            contests=tuple(self.contests[row] for row in rows),
            image_ids=tuple(self.image_ids[row] for row in rows),
        )

    def without(self, tags: frozenset[str]) -> Decisions:
        """Return the same files without these tags."""
        kept = [column for column, tag in enumerate(self.tags) if tag not in tags]
        moved = {column: position for position, column in enumerate(kept)}
        return Decisions(
            photos=self.photos,
            tags=tuple(self.tags[column] for column in kept),
            answers=self.answers[:, kept],
            contests=tuple(
                tuple(moved[column] for column in contest if column in moved)
                for contest in self.contests
            ),
            image_ids=self.image_ids,
        )


def read_decisions(names: Sequence[str]) -> Decisions:
    """Return what is known of these tags on every photo that is offered for teaching.

    Curated is present, rejected is absent. In a closed world a photo that was sorted into one of
    its tags is absent from the others, unless a person put one of them on it as well; and what is
    not said on a fully tagged photo is absent. The same bytes uploaded twice are one file; where
    their answers contradict, nothing is known.
    """
    tags = tuple(sorted(names))
    images = _read_images(tags)
    row_of = {pk: row for row, (pk, _) in enumerate(images)}
    states = _read_states(tags, row_of)
    present, absent = states == _CURATED, states == _REJECTED
    contested = _apply_worlds(tags, row_of, states, absent)
    _apply_marks(tags, row_of, states, absent)
    return _one_row_per_file(images, tags, present, absent, contested)


def _read_images(tags: tuple[str, ...]) -> list[tuple[int, str]]:
    """Return (id, SHA-256) of the photos something may be known of, ordered by SHA-256.

    Only the first upload of each owner and file exists; the id breaks ties between owners and has
    no say in any answer.
    """
    decided = ImageTag.objects.filter(tag__name__in=tags, state__in=_DECIDED).values("image_id")
    worlds = ClosedWorld.objects.filter(tags__name__in=tags)
    sorted_in = Image.closed_worlds.through.objects.filter(closedworld__in=worlds)
    marked = FullyTagged.objects.values("image_id")
    either = Q(pk__in=decided) | Q(pk__in=sorted_in.values("image_id")) | Q(pk__in=marked)
    photos = Image.objects.teachable().filter(either)
    return list(photos.order_by("sha256", "pk").values_list("pk", "sha256"))


def _read_states(tags: tuple[str, ...], row_of: dict[int, int]) -> NDArray[np.int8]:
    column_of = {tag: column for column, tag in enumerate(tags)}
    states = np.zeros((len(row_of), len(tags)), dtype=np.int8)
    rows = ImageTag.objects.filter(tag__name__in=tags).values_list("image_id", "tag__name", "state")
    for image_id, name, state in rows.iterator(chunk_size=10_000):
        if image_id in row_of:
            states[row_of[image_id], column_of[name]] = _STATES[TagState(state)]
    return states


def _apply_worlds(
    tags: tuple[str, ...],
    row_of: dict[int, int],
    states: NDArray[np.int8],
    absent: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Add the negatives of closed worlds to `absent`; return which columns each photo was sorted
    among. A photo whose own tag was taken away afterwards is no longer sorted, and its world says
    nothing of it any more."""
    contested = np.zeros_like(absent)
    column_of = {tag: column for column, tag in enumerate(tags)}
    for world in ClosedWorld.objects.filter(tags__name__in=tags).distinct():
        names = world.tags.filter(name__in=tags).values_list("name", flat=True)
        columns = np.array(sorted(column_of[name] for name in names), dtype=np.intp)
        own_tags = set(world.tags.values_list("pk", flat=True))
        members = world.images.values_list("pk", flat=True)
        sorted_in = set(
            ImageTag.objects.curated()
            .filter(image__closed_worlds=world, tag__in=own_tags)
            .values_list("image_id", flat=True)
        )
        rows = np.array(
            sorted(row_of[pk] for pk in members if pk in row_of and pk in sorted_in),
            dtype=np.intp,
        )
        block = np.ix_(rows, columns)
        absent[block] |= states[block] == _EMPTY
        contested[block] = True
    return contested


def _apply_marks(
    tags: tuple[str, ...],
    row_of: dict[int, int],
    states: NDArray[np.int8],
    absent: NDArray[np.bool_],
) -> None:
    """Add to `absent` what is not said on fully tagged photos.

    Tags that were coined after the mark stay unknown, and so do tags above or below one that the
    photo carries: who says pug has said dog, and who says dog may not know the breed.
    """
    coined = dict(Tag.objects.filter(name__in=tags).values_list("name", "created_at"))
    coined_at = np.array([coined[tag].timestamp() for tag in tags])
    carried: dict[int, set[str]] = defaultdict(set)
    said = ImageTag.objects.shown().filter(image__fully_tagged__isnull=False)
    for image_id, name in said.values_list("image_id", "tag__name"):
        carried[image_id].add(name)
    related = {name: _related_columns(tags, name) for name in set().union(*carried.values())}
    for image_id, marked_at in FullyTagged.objects.values_list("image_id", "marked_at"):
        if image_id in row_of:
            row = row_of[image_id]
            unsaid = (states[row] == _EMPTY) & (coined_at <= marked_at.timestamp())
            for name in carried[image_id]:
                unsaid &= ~related[name]
            absent[row] |= unsaid


def _related_columns(tags: tuple[str, ...], name: str) -> NDArray[np.bool_]:
    """Return which tags stand above or below this one in the first day's words, bool [t]."""
    vocabulary = load_vocabulary()
    return np.array([vocabulary.are_related(tag, name) for tag in tags], dtype=np.bool_)


def _one_row_per_file(
    images: list[tuple[int, str]],
    tags: tuple[str, ...],
    present: NDArray[np.bool_],
    absent: NDArray[np.bool_],
    contested: NDArray[np.bool_],
) -> Decisions:
    if not images:
        return Decisions((), tags, np.zeros((0, len(tags)), dtype=np.int8), (), ())
    files = np.array([sha256 for _, sha256 in images])
    photos, first_rows = np.unique(files, return_index=True)
    is_there = np.logical_or.reduceat(present, first_rows, axis=0)
    is_not_there = np.logical_or.reduceat(absent, first_rows, axis=0)
    among = np.logical_or.reduceat(contested, first_rows, axis=0)
    answers = np.zeros(is_there.shape, dtype=np.int8)
    answers[is_there & ~is_not_there] = PRESENT
    answers[is_not_there & ~is_there] = ABSENT
    return Decisions(
        photos=tuple(str(sha256) for sha256 in photos),
        tags=tags,
        answers=answers,
        contests=tuple(tuple(np.flatnonzero(row).tolist()) for row in among),
        image_ids=tuple(images[row][0] for row in first_rows),
    )


_DECIDED = (TagState.CURATED, TagState.REJECTED)
