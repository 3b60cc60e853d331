"""What the version that is live says of the same photos, so that two networks can be compared."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagging.registry import LoadedVersion, open_backbone
from tagging.vocabulary import class_probabilities, load_vocabulary
from tagging.vocabulary.table import SUGGEST
from training.learning.comparison import Answers

# Enough calls for a steady ratio of two networks, few enough to be over in a moment.
_TIMED_CALLS = 3


@dataclass(frozen=True)
class Opinion:
    """The live version's answers, and which pairs it believes in enough to offer them, [n, t]."""

    answers: Answers
    believed: NDArray[np.bool_]


def ask_live(
    live: LoadedVersion, embeddings: NDArray[np.float16], tags: tuple[str, ...]
) -> Opinion:
    """Return what the live version says of these tags for embeddings [n, d] of its own backbone.

    The trained head speaks where it knows the tag and the like of the photo, else the first-day
    vocabulary; a tag neither knows scores 0 and is not among `knows`. A first-day tag counts as
    shown also where a more specific one implies it.
    """
    size = (len(embeddings), len(tags))
    scores = np.zeros(size, dtype=np.float32)
    shown, believed = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    column_of = {tag: column for column, tag in enumerate(tags)}
    knows = _ask_vocabulary(live, embeddings, column_of, scores, shown, believed)
    learnt: frozenset[str] = frozenset()
    if live.head is not None:
        learnt = frozenset(live.head.labels)
        own = [(place, column_of[tag]) for place, tag in enumerate(live.head.labels)
               if tag in column_of]  # fmt: skip
        places, columns = [place for place, _ in own], [column for _, column in own]
        said = live.head.speak(embeddings)
        known = said.familiar[:, None]
        scores[:, columns] = said.scores[:, places]
        shown[:, columns] = np.where(known, said.shown[:, places], shown[:, columns])
        believed[:, columns] = np.where(known, said.offered[:, places], believed[:, columns])
    answers = Answers(scores=scores, shown=shown, knows=learnt | knows, learnt=learnt)
    return Opinion(answers=answers, believed=believed)


def speed_ratio(candidate: str, live: str) -> float:
    """Return how many times as long the candidate's backbone takes per photo as the live one's."""
    return _seconds_per_photo(candidate) / _seconds_per_photo(live)


def _ask_vocabulary(
    live: LoadedVersion,
    embeddings: NDArray[np.float16],
    column_of: dict[str, int],
    scores: NDArray[np.float32],
    shown: NDArray[np.bool_],
    believed: NDArray[np.bool_],
) -> frozenset[str]:
    """Fill in what the backbone's own classes say; return the tags they know."""
    top = live.engine.imagenet_head()
    vocabulary = load_vocabulary()
    shared = {
        tag: place
        for place, tag in enumerate(vocabulary.tags)
        if tag in column_of and tag not in vocabulary.never_show
    }
    if top is None or not shared:
        return frozenset()
    summed = vocabulary.roll_up(class_probabilities(embeddings.astype(np.float32), top))
    columns = [column_of[tag] for tag in shared]
    scores[:, columns] = summed[:, list(shared.values())]
    believed[:, columns] = scores[:, columns] >= SUGGEST
    for row, said in enumerate(summed):
        for picked in vocabulary.pick(said):
            if picked.shown:
                for tag in vocabulary.ancestors(picked.tag) | {picked.tag}:
                    if tag in shared:
                        shown[row, column_of[tag]] = True
    return frozenset(shared)


def _seconds_per_photo(backbone: str) -> float:
    engine = open_backbone(backbone)
    side = engine.card.input_size
    photo = np.zeros((1, side, side, 3), dtype=np.uint8)
    engine.embed(photo)
    started = time.perf_counter()
    for _ in range(_TIMED_CALLS):
        engine.embed(photo)
    return (time.perf_counter() - started) / _TIMED_CALLS
