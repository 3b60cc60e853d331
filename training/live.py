"""What the version that is live says of the same photos, so that two networks can be compared."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagging.registry import LoadedVersion, open_backbone
from tagging.vocabulary import class_probabilities
from tagging.vocabulary.table import SUGGEST
from tagging.words import Words, current_words
from training.learning.comparison import Answers

# Enough calls for a steady ratio of two networks, few enough to be over in a moment.
_TIMED_CALLS = 3


@dataclass(frozen=True)
class Opinion:
    """The live version's answers, and which pairs it believes in enough to offer them, [n, t]."""

    answers: Answers
    believed: NDArray[np.bool_]


def ask_live(
    live: LoadedVersion,
    embeddings: NDArray[np.float16],
    tags: tuple[str, ...],
    words: Words | None = None,
    first_day: NDArray[np.float16] | None = None,
) -> Opinion:
    """Return what the live version says of these tags for embeddings [n, d] of its own backbone,
    and `first_day` [n, k] of that of the first day's words where it is another (`live.spaces`).

    The trained head speaks where it knows the tag and the like of the photo, else the first-day
    vocabulary; a tag neither knows scores 0 and is not among `knows`. A first-day tag counts as
    shown also where a more specific one implies it.

    A head keeps the names under which it learnt, and a tag may have been renamed or merged since,
    even while this run is under way: names are compared by what they mean now (by `words`, read
    here unless they come along), and `learnt` names what was learnt by the names of `tags`.
    """
    words = words or current_words()
    size = (len(embeddings), len(tags))
    scores = np.zeros(size, dtype=np.float32)
    shown, believed = np.zeros(size, dtype=np.bool_), np.zeros(size, dtype=np.bool_)
    read = embeddings if first_day is None else first_day
    knows = _ask_vocabulary(live, read, tags, words, scores, shown, believed)
    learnt: frozenset[str] = frozenset()
    if live.head is not None:
        place_of = _places(live.head.labels, tags, words)
        places = list(place_of.values())
        columns = [column for column, tag in enumerate(tags) if tag in place_of]
        elsewhere = {words.meaning(label) for label in live.head.labels}
        learnt = frozenset(place_of) | (elsewhere - {words.meaning(tag) for tag in place_of})
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


def _places(labels: tuple[str, ...], tags: tuple[str, ...], words: Words) -> dict[str, int]:
    """Return for each of these tags that the head knows the place of the label that speaks for it.

    The very name comes first: what two tags were when they were frozen, they are to the end of
    the run, even if they have been merged meanwhile.
    """
    by_meaning = words.places(labels)
    by_name = {label: place for place, label in enumerate(labels)}
    found = {tag: by_name.get(tag, by_meaning.get(words.meaning(tag))) for tag in tags}
    return {tag: place for tag, place in found.items() if place is not None}


def _ask_vocabulary(
    live: LoadedVersion,
    embeddings: NDArray[np.float16],
    tags: tuple[str, ...],
    words: Words,
    scores: NDArray[np.float32],
    shown: NDArray[np.bool_],
    believed: NDArray[np.bool_],
) -> frozenset[str]:
    """Fill in what the backbone's own classes say; return the tags they know."""
    top = live.first_day.imagenet_head() if live.first_day else None
    vocabulary = words.first_day
    place_of = {tag: place for place, tag in enumerate(vocabulary.tags)}
    shared = {
        tag: (column, place_of[words.meaning(tag)])
        for column, tag in enumerate(tags)
        if words.meaning(tag) in place_of and words.meaning(tag) not in vocabulary.never_show
    }
    if top is None or not shared:
        return frozenset()
    summed = vocabulary.roll_up(class_probabilities(embeddings.astype(np.float32), top))
    picked = vocabulary.pick_many(summed).shown
    implied = vocabulary.ancestry.above(picked)
    columns, places = map(list, zip(*shared.values(), strict=True))
    scores[:, columns] = summed[:, places]
    shown[:, columns] = (picked | implied)[:, places]
    believed[:, columns] = scores[:, columns] >= SUGGEST
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
