"""What was said upload by upload: decisions, closed worlds and marks, read from their rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from django.db.models import Q
from django.db.models.functions import Coalesce
from numpy.typing import NDArray

from gallery.models import Image
from tagging.hierarchy import Hierarchy
from tagging.models import ClosedWorld, FullyTagged, ImageTag, Tag, TagState
from training.learning.implications import (
    CHECKED,
    NOTHING,
    SAID,
    Pairs,
    Statements,
    Strengths,
    pairs_among,
    spread_down,
    spread_up,
)

# What stands on a pair of photo and tag. OPEN is a person's tag that nobody approved.
_EMPTY, _CURATED, _REJECTED, _OPEN = 0, 1, 2, 3
_STATES = {
    TagState.CURATED: _CURATED,
    TagState.REJECTED: _REJECTED,
    TagState.PENDING: _OPEN,
    TagState.CONFIRMED: _OPEN,
}
_DECIDED = (TagState.CURATED, TagState.REJECTED)


@dataclass(frozen=True)
class Words:
    """The tags that are looked at, in the order of their columns.

    They are read once and everything else is asked for by id, so that a tag that is renamed in
    the meantime keeps one name from the beginning to the end.
    """

    names: tuple[str, ...]
    column_of: dict[int, int]
    coined_at: tuple[datetime, ...]
    pairs: Pairs


@dataclass(frozen=True)
class Upload:
    """One photo of one person, offered for teaching."""

    pk: int
    sha256: str
    owner_id: int


@dataclass(frozen=True)
class Reading:
    """Uploads in ascending order of SHA-256, what was said of them [n, t], and among which tags
    each was sorted in a closed world [n, t]."""

    uploads: tuple[Upload, ...]
    said: Statements
    contested: NDArray[np.bool_]


def read_words(names: Sequence[str], hierarchy: Hierarchy) -> Words:
    """Return these tags and those above and below them, as far as they are in use here.

    Blocked tags and names for other tags say nothing, of themselves or of others.
    """
    wanted = set(names)
    for name in names:
        wanted |= hierarchy.ancestors(name) | hierarchy.descendants(name)
    rows = Tag.objects.usable().filter(name__in=wanted).order_by("name")
    found = list(rows.values_list("pk", "name", "created_at"))
    return Words(
        names=tuple(name for _, name, _ in found),
        column_of={pk: column for column, (pk, _, _) in enumerate(found)},
        coined_at=tuple(coined for _, _, coined in found),
        pairs=pairs_among([name for _, name, _ in found], hierarchy),
    )


def read_statements(words: Words) -> Reading:
    """Return what was said of these tags on every upload that is offered for teaching."""
    uploads = _read_uploads(words)
    row_of = {upload.pk: row for row, upload in enumerate(uploads)}
    states, strengths = _read_states(words, row_of)
    assumed = np.zeros_like(strengths)
    contested = _assume_from_worlds(words, row_of, states, assumed)
    _assume_from_marks(words, row_of, states, assumed)
    said = Statements(
        present=np.where(states == _CURATED, strengths, NOTHING).astype(np.int8),
        absent=np.where(states == _REJECTED, strengths, NOTHING).astype(np.int8),
        assumed=assumed,
        doubted=states == _OPEN,
    )
    return Reading(uploads, said, contested)


def _read_uploads(words: Words) -> tuple[Upload, ...]:
    """Return the photos something may be known of; the id breaks ties and decides nothing."""
    decided = ImageTag.objects.filter(tag__in=words.column_of, state__in=_DECIDED)
    worlds = ClosedWorld.objects.filter(_speaks_of(words))
    sorted_in = Image.closed_worlds.through.objects.filter(closedworld__in=worlds)
    either = (
        Q(pk__in=decided.values("image_id"))
        | Q(pk__in=sorted_in.values("image_id"))
        | Q(pk__in=FullyTagged.objects.values("image_id"))
    )
    photos = Image.objects.teachable().filter(either).order_by("sha256", "pk")
    return tuple(Upload(*row) for row in photos.values_list("pk", "sha256", "owner_id"))


def _speaks_of(words: Words) -> Q:
    """Return the condition on a world that it has one of these tags, under any of its names."""
    return Q(tags__in=words.column_of) | Q(tags__alias_of__in=words.column_of)


def _read_states(words: Words, row_of: dict[int, int]) -> tuple[Strengths, Strengths]:
    """Return what stands on each pair, and how strong a decision about it is, int8 [n, t]."""
    states = np.zeros((len(row_of), len(words.names)), dtype=np.int8)
    strengths = np.full_like(states, SAID)
    rows = ImageTag.objects.filter(tag__in=words.column_of)
    fields = rows.values_list("image_id", "tag_id", "state", "is_double_checked")
    for image_id, tag_id, state, is_checked in fields.iterator(chunk_size=10_000):
        if image_id in row_of:
            place = row_of[image_id], words.column_of[tag_id]
            states[place] = _STATES[TagState(state)]
            if is_checked:
                strengths[place] = CHECKED
    return states, strengths


def _assume_from_worlds(
    words: Words, row_of: dict[int, int], states: Strengths, assumed: Strengths
) -> NDArray[np.bool_]:
    """Add the negatives of closed worlds to `assumed`; return which tags each photo was sorted
    among.

    Nothing is assumed of tags above one that the photo carries, nor of those below the one it
    was sorted into: a photo of the folder "pug" shows a dog, and one of the folder "dog" may well
    show a pug. A photo whose own tag was taken away afterwards is no longer sorted, and its world
    says nothing of it any more. What was sorted is as strong as the decision that sorted it.
    """
    contested = np.zeros(states.shape, dtype=np.bool_)
    carried = (states == _CURATED) | (states == _OPEN)
    above_carried = spread_up(carried, words.pairs)
    for world in ClosedWorld.objects.filter(_speaks_of(words)).distinct():
        own = set(world.tags.values_list(Coalesce("alias_of_id", "pk"), flat=True))
        known = own & words.column_of.keys()
        columns = np.array(sorted(words.column_of[pk] for pk in known), dtype=np.intp)
        strength_of = _sorted_in(world, own, row_of)
        rows = np.array(sorted(strength_of), dtype=np.intp)
        strengths = np.array([strength_of[row] for row in rows.tolist()], dtype=np.int8)
        own_column = np.zeros(len(words.names), dtype=np.bool_)
        own_column[columns] = True
        sorted_into = (states[rows] == _CURATED) & own_column
        kin = above_carried[rows] | spread_down(sorted_into, words.pairs)
        free = (states[rows] == _EMPTY) & ~kin & own_column
        assumed[rows] = np.maximum(assumed[rows], free * strengths[:, None])
        contested[np.ix_(rows, columns)] = True
    return contested


def _sorted_in(world: ClosedWorld, own: set[int], row_of: dict[int, int]) -> dict[int, int]:
    """Return the rows of photos still sorted in this world, and how strongly each was."""
    decided = ImageTag.objects.curated().filter(image__closed_worlds=world, tag__in=own)
    strength_of: dict[int, int] = {}
    for image_id, is_checked in decided.values_list("image_id", "is_double_checked"):
        if image_id in row_of:
            row = row_of[image_id]
            strength_of[row] = max(strength_of.get(row, SAID), CHECKED if is_checked else SAID)
    return strength_of


def _assume_from_marks(
    words: Words, row_of: dict[int, int], states: Strengths, assumed: Strengths
) -> None:
    """Add to `assumed` what is not said on photos that a moderator marked as fully tagged.

    Tags that were coined after the mark stay unknown, and so do tags above or below one that the
    photo carries: who says pug has said dog, and who says dog may not know the breed.
    """
    coined_at = np.array([coined.timestamp() for coined in words.coined_at])
    marks = FullyTagged.objects.filter(image__in=Image.objects.teachable())
    marked = [
        (row_of[image_id], marked_at.timestamp())
        for image_id, marked_at in marks.values_list("image_id", "marked_at")
        if image_id in row_of
    ]
    if not marked:
        return
    rows = np.array([row for row, _ in marked], dtype=np.intp)
    marked_at = np.array([moment for _, moment in marked])
    carried = (states[rows] == _CURATED) | (states[rows] == _OPEN)
    kin = spread_up(carried, words.pairs) | spread_down(carried, words.pairs)
    unsaid = (states[rows] == _EMPTY) & ~kin & (coined_at <= marked_at[:, None])
    assumed[rows] = np.where(unsaid, CHECKED, assumed[rows])
