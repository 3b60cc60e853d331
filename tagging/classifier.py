"""The handle of one process on the network: from a photo to its tags, with whatever is live.

Reached from jobs and commands only. A page reads suggestions from the database and never loads
ONNX Runtime or TensorFlow.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from tagging.head import Spoken
from tagging.models import ModelVersion, Suggestion, Tag
from tagging.registry import LoadedVersion, live_promotion, serving_version
from tagging.services.embeddings import decode_for
from tagging.vocabulary import class_probabilities, load_vocabulary

if TYPE_CHECKING:
    from tagging.backbones.cards import BackboneCard

# How long a process that had to pass over a damaged live version waits before it looks again.
SECOND_LOOK = 60.0
# Plain strings: a member of TextChoices costs a call wherever it is compared or printed.
TRAINED = str(Suggestion.Source.TRAINED)
BOOTSTRAP = str(Suggestion.Source.BOOTSTRAP)

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class ScoredTag:
    """One tag of one photo: probability 0 to 1, and whether it is printed or only offered."""

    tag: str
    score: float
    shown: bool
    suggested: bool
    source: str


@dataclass(frozen=True, eq=False)
class Classifier:
    """A loaded version together with the words that it must not say."""

    loaded: LoadedVersion
    silent: frozenset[str]

    @property
    def version(self) -> ModelVersion:
        """Return the version that speaks."""
        return self.loaded.version

    @property
    def card(self) -> BackboneCard:
        """Return the facts of the backbone whose embeddings are read."""
        return self.loaded.engine.card

    def embed(self, source: Path | bytes) -> Floats:
        """Return the embedding float32 [1, d] of one file.

        Raises UnreadablePhoto, also for a file that would be too large to be uploaded.
        """
        pixels = decode_for(self.card, source, max_bytes=settings.EYES_MAX_UPLOAD_BYTES)
        return self.loaded.engine.embed(pixels[None])

    def tag(
        self, embeddings: NDArray[np.floating[Any]], *, only_suggested: bool = False
    ) -> list[list[ScoredTag]]:
        """Return the tags of each photo, the highest score first, for embeddings [n, d].

        Every tag that was learnt here comes with its score, whether or not it passes (unless
        `only_suggested`); of the first-day tags only those worth offering come. Where both know a
        tag the trained head speaks. Words that no machine may say are left out.
        """
        embeddings = np.asarray(embeddings, dtype=np.float32)
        spoken = self.loaded.head.speak(embeddings) if self.loaded.head else None
        tagged = []
        for row, first_day in enumerate(self._first_day_tags(embeddings, spoken)):
            trained = self._trained_tags(spoken, row, only_suggested) if spoken else ()
            # Of a photo that is like nothing learnt here the first-day tags speak instead.
            twice = {scored.tag for scored in first_day}
            both = [*(scored for scored in trained if scored.tag not in twice), *first_day]
            tagged.append(sorted(both, key=lambda scored: (-scored.score, scored.tag)))
        return tagged

    def _trained_tags(self, spoken: Spoken, row: int, only_suggested: bool) -> Iterator[ScoredTag]:
        """Yield the learnt tags of one photo."""
        labels = self._labels
        columns = np.flatnonzero(spoken.offered[row]) if only_suggested else range(len(labels))
        for column in columns:
            if labels[column] not in self._unspoken:
                yield ScoredTag(
                    labels[column],
                    float(spoken.scores[row, column]),
                    shown=bool(spoken.shown[row, column]),
                    suggested=bool(spoken.offered[row, column]),
                    source=TRAINED,
                )

    def _first_day_tags(self, embeddings: Floats, spoken: Spoken | None) -> list[list[ScoredTag]]:
        """Return the tags of the backbone's own classes that the trained head does not know.

        Where it knows one, its opinion takes the place of the score before the tags are picked:
        a tag that it shows implies those above it, one that it does not show hides nothing.
        Of unfamiliar photos the head has no opinion.
        """
        top = self.loaded.engine.imagenet_head()
        if top is None:
            return [[] for _ in embeddings]
        vocabulary = load_vocabulary()
        scores = vocabulary.roll_up(class_probabilities(embeddings, top))
        familiar = spoken.familiar if spoken else np.zeros(len(embeddings), dtype=np.bool_)
        if spoken and self._shared:
            columns = [self._column_of[tag] for tag in self._shared]
            opinion = spoken.shown[:, list(self._shared.values())]
            scores[:, columns] = np.where(familiar[:, None], opinion, scores[:, columns])
        return [
            [
                ScoredTag(picked.tag, picked.score, picked.shown, True, BOOTSTRAP)
                for picked in vocabulary.pick(row)
                if picked.tag not in self._unspoken and not (known and picked.tag in self._shared)
            ]
            for row, known in zip(scores, familiar, strict=True)
        ]

    @property
    def _labels(self) -> tuple[str, ...]:
        return self.loaded.head.labels if self.loaded.head else ()

    @cached_property
    def _column_of(self) -> dict[str, int]:
        return {tag: column for column, tag in enumerate(load_vocabulary().tags)}

    @cached_property
    def _shared(self) -> dict[str, int]:
        """The place in the trained head of each tag that the vocabulary knows as well."""
        return {tag: place for place, tag in enumerate(self._labels) if tag in self._column_of}

    @cached_property
    def _unspoken(self) -> frozenset[str]:
        return self.silent | load_vocabulary().never_show


@dataclass(frozen=True)
class _Held:
    """What this process serves, and what it was asked to serve when it loaded that."""

    asked: tuple[object, ...]
    loaded: LoadedVersion
    looked_at: float
    is_the_live_one: bool


_held: _Held | None = None


def current_classifier() -> Classifier:
    """Return the classifier for the next job: two small queries when nothing has changed.

    A promotion is followed here, between two jobs: the new version is loaded and checked while
    the old one is still in memory, and takes its place only when it is sound. Raises what
    `open_backbone` raises when no version at all can be served.
    """
    global _held
    promotion = live_promotion()
    place = (os.getpid(), str(settings.EYES_MODELS_STORE), settings.EYES_ENGINE)
    asked = (*place, settings.EYES_BACKBONE, promotion and promotion.pk)
    held = _held
    if held is None or held.asked != asked or _deserves_second_look(held):
        is_same_place = held is not None and held.asked[:-1] == asked[:-1]
        loaded = serving_version(held.loaded if held and is_same_place else None)
        wanted = promotion.version_id if promotion else loaded.version.pk
        held = _held = _Held(asked, loaded, time.monotonic(), loaded.version.pk == wanted)
    return classifier_of(held.loaded)


def classifier_of(loaded: LoadedVersion) -> Classifier:
    """Return a classifier of this version, live or not, that knows today's words."""
    return Classifier(loaded, frozenset(Tag.objects.silent().values_list("name", flat=True)))


def _deserves_second_look(held: _Held) -> bool:
    """Return whether a stand-in has served long enough to see if the live one was repaired."""
    return not held.is_the_live_one and time.monotonic() - held.looked_at > SECOND_LOOK
