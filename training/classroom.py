"""What a lesson on a frozen dataset is taught with, and what the live version says of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gallery.models import Image
from tagging.registry import LoadedVersion, serving_version
from tagging.services.embeddings import embed_images
from training.learning.comparison import Answers
from training.learning.examples import TEST
from training.live import ask_live
from training.progress import Progress
from training.snapshot import Snapshot, load_embeddings


@dataclass(frozen=True)
class Classroom:
    """The vectors to learn from and those the live version reads (the same, where it has the
    same backbone), what it says of the test photos, and what it believes of all."""

    embeddings: NDArray[np.float16]
    believed: NDArray[np.bool_]
    live_on_test: Answers


def open_classroom(
    backbone: str, snapshot: Snapshot, progress: Progress
) -> tuple[LoadedVersion, Classroom]:
    """Return the version that serves, and what it says of a snapshot's photos, whose vectors of
    this backbone are there; those that it reads itself are computed where they are missing."""
    progress.tell("Asking the live network", 0.36)
    examples, live = snapshot.examples, serving_version()
    embeddings = load_embeddings(examples.photos, backbone)
    read = []
    for key in live.spaces:
        if key != backbone:
            ids = Image.objects.filter(sha256__in=examples.photos).values_list("pk", flat=True)
            embed_for_run(list(ids), key, progress, 0.36, 0.39)
        read.append(embeddings if key == backbone else load_embeddings(examples.photos, key))
    first_day = read[1] if len(read) > 1 else None
    opinion = ask_live(live, read[0], examples.tags, first_day=first_day)
    test = examples.rows_on(TEST)
    said = opinion.answers
    on_test = Answers(said.scores[test], said.shown[test], said.knows, said.learnt)
    return live, Classroom(embeddings, opinion.believed, on_test)


def embed_for_run(
    ids: Collection[int], backbone: str, progress: Progress, start: float, end: float
) -> None:
    """Embed what is missing of these photos, which takes a run from `start` to `end`."""
    counting, done = progress.counting("Embedding photos", start, end), 0

    def count(photos: int) -> None:
        nonlocal done
        done += photos
        counting(done, len(ids))

    embed_images(image_ids=ids, backbone=backbone, progress=count)
