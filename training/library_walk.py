"""One walk over every photo with the live head: what is doubtful, what is hard, what is strange."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from django.db.models import QuerySet
from numpy.typing import NDArray

from gallery.models import Image
from tagging.head import Head
from tagging.models import ClosedWorld, FullyTagged, ImageTag, Tag, TagState
from tagging.services.embeddings import chunks, embedding_matrix
from tagging.words import current_words
from training.learning.queue import Nearest, nearest_rows

CHUNK: Final = 1000
# Kept of photos that are like nothing learnt; which ones is left to chance.
_MOST_UNFAMILIAR: Final = 1000
_SEED: Final = 20_190_611

Pair = tuple[int, int | None]


@dataclass
class Walk:
    """Pairs by tag, the nearest to the threshold and the hardest first, and unfamiliar photos."""

    uncertain: dict[int, list[Pair]] = field(default_factory=dict)
    hard: dict[int, list[Pair]] = field(default_factory=dict)
    unfamiliar: list[int] = field(default_factory=list)


@dataclass(frozen=True)
class _Known:
    """What people know of the photos of one chunk."""

    rows: dict[int, int]
    on_show: NDArray[np.bool_]
    # bool [n, t]: an answer is known, by votes, a moderator, an import or the mark.
    settled: NDArray[np.bool_]
    # (row, column, whether it is there) of every decided pair.
    decided: list[tuple[int, int, bool]]


def speakable_columns(head: Head) -> dict[int, int]:
    """Return the place in the head of each tag, by id, that people may be asked about.

    Tags that were renamed or merged since are asked about under their present names.
    """
    words = current_words()
    places = words.places(head.labels)
    tags = Tag.objects.usable().order_by("pk").values_list("pk", "name")
    return {
        pk: places[name]
        for pk, name in tags.iterator()
        if name in places and name not in words.unspoken
    }


def walk_library(head: Head, backbone: str, *, nearest: int, hardest: int) -> Walk:
    """Return what the live head finds in every photo that has a vector of its backbone.

    `nearest` pairs on either side of the thresholds are shared by all tags, at least five each;
    `hardest` are kept of each tag: curated with a low score, rejected with a high one.
    """
    columns = speakable_columns(head)
    tags, places = list(columns), np.array(list(columns.values()), dtype=np.intp)
    each = max(5, nearest // max(1, len(tags)))
    uncertain = {tag: Nearest(each) for tag in tags}
    hard = {tag: Nearest(hardest) for tag in tags}
    unfamiliar: list[int] = []
    thresholds = _asking_thresholds(head)[places]
    photos = Image.objects.filter(hidden_at=None).order_by("pk")
    for ids in chunks(list(photos.values_list("pk", flat=True)), CHUNK):
        found, vectors = embedding_matrix(ids, backbone)
        if not found:
            continue
        spoken, known = head.speak(vectors), _read_known(found, tags)
        scores = spoken.scores[:, places]
        askable = (known.on_show & spoken.familiar)[:, None] & ~known.settled
        for column, tag in enumerate(tags):
            threshold = float(thresholds[column])
            for row in nearest_rows(scores[:, column], threshold, askable[:, column], each):
                distance = abs(float(scores[row, column]) - threshold)
                uncertain[tag].offer(distance, (found[row], tag))
        for row, column, is_there in known.decided:
            score = float(scores[row, column])
            tag = tags[column]
            hard[tag].offer(score if is_there else 1 - score, (found[row], tag))
        unfamiliar += [found[row] for row in np.flatnonzero(known.on_show & ~spoken.familiar)]
    return Walk(
        uncertain={tag: one.keys() for tag, one in uncertain.items()},
        hard={tag: one.keys() for tag, one in hard.items()},
        unfamiliar=_some(unfamiliar),
    )


def _asking_thresholds(head: Head) -> NDArray[np.float32]:
    """Return per tag where a question tells most: where it would be shown, else offered, else a
    half. Thresholds above one mean never."""
    offered = np.where(head.suggest <= 1, head.suggest, np.float32(0.5))
    result: NDArray[np.float32] = np.where(head.show <= 1, head.show, offered)
    return result


def _some(photos: list[int]) -> list[int]:
    rng = random.Random(_SEED)
    return rng.sample(photos, min(_MOST_UNFAMILIAR, len(photos)))


def _read_known(photos: Sequence[int], tags: Sequence[int]) -> _Known:
    """Return what people know of these photos and tags, in a few queries per five hundred."""
    rows = {photo: row for row, photo in enumerate(photos)}
    column_of = {tag: column for column, tag in enumerate(tags)}
    known = _Known(
        rows=rows,
        on_show=np.zeros(len(rows), dtype=np.bool_),
        settled=np.zeros((len(rows), len(tags)), dtype=np.bool_),
        decided=[],
    )
    worlds = _columns_of_worlds(column_of)
    for ids in chunks(photos, 500):
        for pk in Image.objects.on_show().filter(pk__in=ids).values_list("pk", flat=True):
            known.on_show[rows[pk]] = True
        for pk in FullyTagged.objects.filter(image__in=ids).values_list("image_id", flat=True):
            known.settled[rows[pk]] = True
        sorted_in = ClosedWorld.images.through.objects.filter(image__in=ids)
        for pk, world in sorted_in.values_list("image_id", "closedworld_id"):
            known.settled[rows[pk], worlds[world]] = True
        said = ImageTag.objects.filter(image__in=ids).exclude(state=TagState.PENDING)
        _note_states(said, column_of, known)
    return known


def _note_states(said: QuerySet[ImageTag], column_of: dict[int, int], known: _Known) -> None:
    for photo, tag, state in said.values_list("image_id", "tag_id", "state"):
        if tag in column_of:
            row, column = known.rows[photo], column_of[tag]
            known.settled[row, column] = True
            if state in (TagState.CURATED, TagState.REJECTED):
                known.decided.append((row, column, state == TagState.CURATED))


def _columns_of_worlds(column_of: dict[int, int]) -> dict[int, list[int]]:
    """Return the columns of the tags of each closed world, by the world's id."""
    columns: defaultdict[int, list[int]] = defaultdict(list)
    pairs = ClosedWorld.tags.through.objects.values_list("closedworld_id", "tag_id")
    for world, tag in pairs:
        if tag in column_of:
            columns[world].append(column_of[tag])
    return columns
