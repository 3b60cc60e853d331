"""The handle of one process on the network: from a photo to its tags, with whatever is live.

Reached from jobs and commands only. A page reads suggestions from the database and never loads
ONNX Runtime or TensorFlow.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from tagging.models import ModelVersion
from tagging.presets import current_policy
from tagging.registry import LoadedVersion, close_backbones, live_promotion, serving_version
from tagging.services.embeddings import decode_for
from tagging.speech import ScoredTag, Speech
from tagging.words import Words, current_words

if TYPE_CHECKING:
    from tagging.backbones.cards import BackboneCard

# How long a process that had to pass over a damaged live version waits before it looks again.
SECOND_LOOK = 60.0
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Classifier:
    """A loaded version together with the words as they are ordered now.

    A head keeps the names under which it learnt; it speaks under those that they have now.
    """

    loaded: LoadedVersion
    words: Words

    @property
    def version(self) -> ModelVersion:
        """Return the version that speaks."""
        return self.loaded.version

    @property
    def card(self) -> BackboneCard:
        """Return the facts of the backbone whose embeddings are read."""
        return self.loaded.engine.card

    @property
    def spaces(self) -> tuple[str, ...]:
        """Return the keys of the backbones whose vectors `tag` takes, one or two."""
        return self.loaded.spaces

    def embed(self, source: Path | bytes) -> tuple[Floats, ...]:
        """Return the vectors float32 [1, d] of one file in every space that `tag` reads.

        Raises UnreadablePhoto, also for a file that would be too large to be uploaded.
        """
        engines = [self.loaded.engine, self.loaded.first_day][: len(self.spaces)]
        return tuple(
            engine.embed(
                decode_for(engine.card, source, max_bytes=settings.EYES_MAX_UPLOAD_BYTES)[None]
            )
            for engine in engines
            if engine is not None
        )

    def tag(
        self,
        embeddings: NDArray[np.floating[Any]],
        first_day: NDArray[np.floating[Any]] | None = None,
        *,
        only_suggested: bool = False,
    ) -> list[list[ScoredTag]]:
        """Return the tags of each photo, the highest score first, for embeddings [n, d].

        `first_day` are the vectors of the second space, where there are two (see `spaces`).

        Every tag that was learnt here comes with its score, whether or not it passes (unless
        `only_suggested`); of the first-day tags only those worth offering come. Where both know a
        tag the trained head speaks. Words that no machine may say are left out. What is shown is
        the most specific: tags above a shown one are implied, and not shown beside it.
        """
        if (first_day is None) != (len(self.spaces) == 1):
            raise ValueError(f"Vectors of {' and '.join(self.spaces)} are read, no others.")
        return self.speech.about(
            np.asarray(embeddings, dtype=np.float32),
            first_day=None if first_day is None else np.asarray(first_day, dtype=np.float32),
            only_suggested=only_suggested,
        )

    @cached_property
    def speech(self) -> Speech:
        """Return what turns embeddings into words."""
        return Speech(
            head=self.loaded.head,
            top=self.loaded.first_day.imagenet_head() if self.loaded.first_day else None,
            words=self.words,
            roll_up_show=current_policy().roll_up_show,
        )


@dataclass(frozen=True)
class _Held:
    """What this process serves, and what it was asked to serve when it loaded that."""

    asked: tuple[object, ...]
    classifier: Classifier
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
    promotion, words = live_promotion(), current_words()
    place = (os.getpid(), str(settings.EYES_MODELS_STORE), settings.EYES_ENGINE)
    asked = (*place, settings.EYES_BACKBONE, settings.EYES_POLICY, promotion and promotion.pk)
    held = _held
    if held is None or held.asked != asked or _deserves_second_look(held):
        is_same_place = held is not None and held.asked[:-1] == asked[:-1]
        loaded = serving_version(held.classifier.loaded if held and is_same_place else None)
        wanted = promotion.version_id if promotion else loaded.version.pk
        is_the_live_one = loaded.version.pk == wanted
        held = _Held(asked, Classifier(loaded, words), time.monotonic(), is_the_live_one)
    elif held.classifier.words != words:
        held = replace(held, classifier=Classifier(held.classifier.loaded, words))
    _held = held
    return held.classifier


def holds_network() -> bool:
    """Return whether a network is in this process's memory, whatever is live by now."""
    return _held is not None and _held.asked[0] == os.getpid()


def release_network() -> bool:
    """Let go of the classifier and its network; return whether memory came back by it.

    The next job loads them again. Not to be called while a job runs.
    """
    global _held
    if not close_backbones():
        return False
    _held = None
    return True


def classifier_of(loaded: LoadedVersion) -> Classifier:
    """Return a classifier of this version, live or not, that knows today's words."""
    return Classifier(loaded, current_words())


def _deserves_second_look(held: _Held) -> bool:
    """Return whether a stand-in has served long enough to see if the live one was repaired."""
    return not held.is_the_live_one and time.monotonic() - held.looked_at > SECOND_LOOK
