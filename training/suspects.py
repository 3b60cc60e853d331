"""Decisions that are probably mistakes: found tag by tag, on a bounded number of photos each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from gallery.models import Image
from tagging.chunks import chunks
from tagging.models import Content, ImageTag, Tag, TagState
from tagging.services.embeddings import embedding_matrix
from tagging.vocabulary import load_vocabulary
from training.decisions import Decisions, read_decisions
from training.learning.examples import ABSENT, PRESENT
from training.learning.queue import LEAST_ANSWERS, suspected_errors
from training.library_walk import Pair

# Tags whose answers are read together, and photos of either answer that one tag is judged on.
_TAGS_AT_ONCE: Final = 50
_MOST_PHOTOS: Final = 1000


def find_suspects(backbone: str) -> dict[int, list[Pair]]:
    """Return by tag the curated and rejected pairs that confident learning doubts, worst first.

    Only pairs that somebody decided or voted down one by one, on photos on show: what follows from
    an import as a whole is not a statement about one photo.
    """
    counted = (
        ImageTag.objects.curated()
        .filter(image__in=Image.objects.teachable(), tag__is_blocked=False, tag__alias_of=None)
        .exclude(tag__never_show=True)
        .values_list("tag__name")
        .annotate(photos=Count("image__sha256", distinct=True))
    )
    never = load_vocabulary().never_show
    names = sorted(
        name for name, photos in counted if photos >= LEAST_ANSWERS and name not in never
    )
    suspects: dict[int, list[Pair]] = {}
    for part in chunks(names, _TAGS_AT_ONCE):
        ids = dict(Tag.objects.filter(name__in=part).values_list("name", "pk"))
        decisions = read_decisions(part)
        for column, name in enumerate(decisions.tags):
            suspects[ids[name]] = _suspects_of(decisions, column, ids[name], backbone)
    return suspects


def _suspects_of(decisions: Decisions, column: int, tag_id: int, backbone: str) -> list[Pair]:
    """Return the doubtful pairs of one tag."""
    answers = decisions.answers[:, column]
    rows = [
        # The order of the hashes is as good as random.
        *np.flatnonzero(answers == PRESENT)[:_MOST_PHOTOS],
        *np.flatnonzero(answers == ABSENT)[:_MOST_PHOTOS],
    ]
    row_of = {decisions.image_ids[row]: row for row in rows}
    photos, vectors = embedding_matrix(list(row_of), backbone)
    if not photos:
        return []
    present: NDArray[np.bool_] = np.array([answers[row_of[pk]] == PRESENT for pk in photos])
    hashes = [decisions.photos[row_of[pk]] for pk in photos]
    found = [photos[row] for row in suspected_errors(vectors, present, _groups_of(hashes))]
    stated: set[int] = set()
    for ids in chunks(found):
        said = ImageTag.objects.filter(
            image__in=Image.objects.on_show().filter(pk__in=ids),
            tag=tag_id,
            state__in=[TagState.CURATED, TagState.REJECTED],
        )
        stated.update(said.values_list("image_id", flat=True))
    return [(photo, tag_id) for photo in found if photo in stated]


def _groups_of(hashes: Sequence[str]) -> list[str]:
    """Return the near-duplicate group of each file, as a name."""
    group_of: dict[str, int] = {}
    for part in chunks(hashes):
        group_of.update(Content.objects.filter(sha256__in=part).values_list("sha256", "group_id"))
    return [str(group_of.get(sha256, sha256)) for sha256 in hashes]
