"""Fills the queue of the review page from stored embeddings; replaced as a whole each time.

Memory is bounded: photos are walked in chunks, and per tag only the best are kept. Runs as a job,
since it needs scikit-learn and cleanlab, which no web process may load.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from numpy.typing import NDArray

from gallery.models import Image
from tagging.backbones.cards import get_card
from tagging.chunks import QUERY_SIZE, chunks
from tagging.familiarity import unit_vectors
from tagging.head import Head
from tagging.models import ImageTag, ModelVersion, ReviewCandidate, ReviewKind, Suggestion
from tagging.registry import live_version, stand_in
from tagging.reviewing.sources import unsettled
from tagging.services.embeddings import embedding_matrix
from tagging.version_files import HEAD, read_verified
from tagging.vocabulary import load_vocabulary
from tagging.vocabulary.table import COARSE_SHOW, SHOW
from tagging.words import places_of_tags
from training.learning.queue import Nearest, deal_out, farthest_first
from training.library_walk import Pair, Walk, walk_library
from training.suspects import find_suspects

# Enough for a day of many people; what is left over is computed anew the next night.
PER_KIND: Final = 300
# Photos of a tag page that the network finds hardest; a viewer sees those they may see.
HARD_PER_TAG: Final = 24
# k-centre looks at so many photos with nothing said about them, and keeps away from so many others.
_SAMPLED: Final = 4000
_KNOWN: Final = 1000
_SEED: Final = 20_190_611


@dataclass
class Filled:
    """What the queue holds now: rows per kind, in the order in which they are asked."""

    pairs: dict[str, list[Pair]] = field(default_factory=dict)

    def __str__(self) -> str:
        counts = [f"{len(pairs)} {kind}" for kind, pairs in self.pairs.items()]
        return f"The review queue holds {', '.join(counts)}."


def fill_queue() -> Filled:
    """Compute every kind of candidate, replace the queue, and return what it holds.

    Without a trained head, questions come from first-day suggestions near their threshold and from
    photos unlike others. Raises DamagedVersion where the files of the live version were changed.
    """
    version = stand_in() or live_version()
    head = _head_of(version)
    backbone = version.serving_backbone
    walk = Walk()
    if head is not None:
        walk = walk_library(head, backbone, nearest=2 * PER_KIND, hardest=HARD_PER_TAG)
    uncertain = {**_near_first_day_thresholds(), **walk.uncertain}
    strange, nameless = _sort_unfamiliar(walk.unfamiliar)
    diverse = [*strange[: PER_KIND // 2], *_unlike_others(head, backbone)]
    filled = Filled(
        {
            ReviewKind.UNCERTAIN: deal_out(uncertain, PER_KIND),
            ReviewKind.DIVERSE: diverse[:PER_KIND],
            ReviewKind.SUSPECT: deal_out(find_suspects(backbone), PER_KIND),
            ReviewKind.NAMING: [(photo, None) for photo in nameless[:PER_KIND]],
            ReviewKind.HARD: [pair for pairs in walk.hard.values() for pair in pairs],
        }
    )
    replace_candidates(pairs=filled.pairs)
    return filled


@transaction.atomic
def replace_candidates(*, pairs: dict[str, list[Pair]]) -> int:
    """Make these the whole queue and return its length; photos that are gone are left out.

    The photos are locked, so that none is deleted while its row is written.
    """
    named = sorted({image_id for some in pairs.values() for image_id, _ in some})
    alive: set[int] = set()
    for ids in chunks(named):
        locked = Image.objects.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True)
        alive.update(locked.values_list("pk", flat=True))
    rows = [
        ReviewCandidate(kind=kind, image_id=image_id, tag_id=tag_id, rank=rank)
        for kind, some in pairs.items()
        for rank, (image_id, tag_id) in enumerate(dict.fromkeys(some))
        if image_id in alive
    ]
    ReviewCandidate.objects.all().delete()
    ReviewCandidate.objects.bulk_create(rows, batch_size=QUERY_SIZE, ignore_conflicts=True)
    return len(rows)


def _head_of(version: ModelVersion) -> Head | None:
    """Return the head of a version without waking its network; None for version 0."""
    if version.is_bootstrap:
        return None
    return Head.from_bytes(read_verified(version.directory, version.sha256, (HEAD,))[HEAD])


def _near_first_day_thresholds() -> dict[int, list[Pair]]:
    """Return open first-day suggestions by tag, the nearest to where they would be shown first."""
    coarse = load_vocabulary().coarse
    open_ones = _askable_suggestions().filter(source=Suggestion.Source.BOOTSTRAP)
    nearest: defaultdict[int, Nearest] = defaultdict(lambda: Nearest(PER_KIND))
    rows = open_ones.order_by().values_list("image_id", "tag_id", "tag__name", "score")
    for image_id, tag_id, name, score in rows.iterator(chunk_size=10_000):
        threshold = COARSE_SHOW if name in coarse else SHOW
        nearest[tag_id].offer(abs(score - threshold), (image_id, tag_id))
    return {tag_id: one.keys() for tag_id, one in sorted(nearest.items())}


def _askable_suggestions() -> QuerySet[Suggestion]:
    """Return suggestions on photos on show that nobody has settled, of tags that may be asked."""
    shown = Image.objects.on_show().filter(pk=OuterRef("image_id"))
    rows = Suggestion.objects.filter(
        Exists(shown), tag__is_blocked=False, tag__never_show=False, tag__alias_of=None
    )
    return unsettled(rows)


def _sort_unfamiliar(photos: Sequence[int]) -> tuple[list[Pair], list[int]]:
    """Return, of photos unlike anything learnt, pairs to ask about and photos to be named.

    Where the first day's words see something, that is the question; where nobody, network or
    person, has a word, a person is asked for one.
    """
    best = _best_suggestions(photos)
    spoken: set[int] = set()
    for ids in chunks(photos):
        spoken.update(ImageTag.objects.filter(image__in=ids).values_list("image_id", flat=True))
    pairs: list[Pair] = [(photo, best[photo]) for photo in photos if photo in best]
    return pairs, [photo for photo in photos if photo not in best and photo not in spoken]


def _best_suggestions(photos: Sequence[int]) -> dict[int, int]:
    """Return the tag of the surest open suggestion of each photo that has one."""
    best: dict[int, int] = {}
    for ids in chunks(photos):
        rows = _askable_suggestions().filter(image__in=ids).order_by("score")
        best.update(rows.values_list("image_id", "tag_id"))
    return best


def _unlike_others(head: Head | None, backbone: str) -> list[Pair]:
    """Return photos with nothing said about them that lie far from each other and from the rest.

    Each with the tag that the network finds likeliest there. A sample keeps it small: beyond a few
    thousand photos the farthest ones hardly change.
    """
    said = ImageTag.objects.filter(image_id=OuterRef("pk"))
    silent = Image.objects.on_show().filter(~Exists(said))
    rng = random.Random(_SEED)
    ids = list(silent.order_by("pk").values_list("pk", flat=True))
    photos, vectors = embedding_matrix(rng.sample(ids, min(_SAMPLED, len(ids))), backbone)
    if not photos:
        return []
    spoken = Image.objects.on_show().filter(Exists(said)).order_by("-pk")
    _, known = embedding_matrix(list(spoken.values_list("pk", flat=True)[:_KNOWN]), backbone)
    compared = get_card(backbone).top_features
    rows = farthest_first(
        unit_vectors(vectors, compared),
        unit_vectors(known, compared) if len(known) else np.empty((0, compared), np.float32),
        PER_KIND,
    )
    chosen = [photos[row] for row in rows]
    best = _best_suggestions(chosen)
    if head is not None:
        best = _likeliest(head, chosen, vectors[rows]) | best
    return [(photo, best[photo]) for photo in chosen if photo in best]


def _likeliest(head: Head, photos: list[int], vectors: NDArray[np.float16]) -> dict[int, int]:
    """Return the tag with the highest score for each photo that is like something learnt."""
    columns = places_of_tags(head.labels)
    if not columns:
        return {}
    spoken = head.speak(vectors)
    tags = list(columns)
    scores = spoken.scores[:, [columns[tag] for tag in tags]]
    highest = scores.argmax(axis=1)
    return {photo: tags[highest[row]] for row, photo in enumerate(photos) if spoken.familiar[row]}
