"""How long it takes to say what is on photos, from stored embeddings to tags.

A made-up head of 300 labels, half of them among the first day's words, and a made-up backbone's
own head speak about 10,000 made-up embeddings, in chunks as re-tagging the library does. Beside it
stand the matrix products that nobody can do without. Run with

    python -m benchmarks.speaking_speed
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import django
import numpy as np
from numpy.typing import NDArray

PHOTOS, CHUNK, LABELS = 10_000, 1000, 300
DIMENSION, TOP_FEATURES, CLASSES = 1792, 1280, 1000
ROUNDS = 3


def main() -> None:
    """Print the seconds per 10,000 photos, and how many tags a photo got."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "eyes.settings")
    django.setup()
    from tagging.head import Head
    from tagging.policy import COMMUNITY
    from tagging.speech import Speech
    from tagging.vocabulary import class_probabilities, load_vocabulary
    from tagging.words import order_words

    random = np.random.default_rng(0)
    known = sorted(random.choice(load_vocabulary().tags, LABELS // 2, replace=False).tolist())
    head = Head(
        labels=(*known, *(f"thing {number}" for number in range(LABELS - len(known)))),
        mean=np.zeros(DIMENSION, dtype=np.float32),
        scale=np.ones(DIMENSION, dtype=np.float32),
        kernel=(random.normal(size=(DIMENSION, LABELS)) * 0.08).astype(np.float32),
        bias=np.full(LABELS, -6.0, dtype=np.float32),
        show=np.full(LABELS, 0.8, dtype=np.float32),
        suggest=np.full(LABELS, 0.4, dtype=np.float32),
    )
    top = (
        (random.normal(size=(TOP_FEATURES, CLASSES)) * 0.1).astype(np.float32),
        np.zeros(CLASSES, dtype=np.float32),
    )
    embeddings = random.normal(size=(PHOTOS, DIMENSION)).astype(np.float32)
    speech = Speech(head, top, order_words({}), COMMUNITY.roll_up_show)
    tags = 0

    def speak(photos: NDArray[np.float32]) -> None:
        nonlocal tags
        tags += sum(map(len, speech.about(photos, only_suggested=True)))

    def multiply(photos: NDArray[np.float32]) -> None:
        head.speak(photos)
        load_vocabulary().roll_up(class_probabilities(photos, top))

    print(f"products alone   {best_of(multiply, embeddings):5.2f} s per {PHOTOS:,} photos")
    print(f"everything said  {best_of(speak, embeddings):5.2f} s per {PHOTOS:,} photos")
    print(f"tags per photo   {tags / PHOTOS / ROUNDS:5.1f}")


def best_of(deed: Callable[[NDArray[np.float32]], None], embeddings: NDArray[np.float32]) -> float:
    """Return the seconds of the fastest round over all embeddings."""
    seconds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for start in range(0, len(embeddings), CHUNK):
            deed(embeddings[start : start + CHUNK])
        seconds.append(time.perf_counter() - started)
    return min(seconds)


if __name__ == "__main__":
    main()
