"""A site for the proofs: photos without files, and what people say of them through services."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from benchmarks.material import BACKBONE

if TYPE_CHECKING:
    from gallery.models import Image, User
    from tagging.head import Head
    from training.report import RetrainReport


def add_photos(
    owners: Sequence[User], vectors: NDArray[np.float16], *, name: str, group: int | None = None
) -> list[Image]:
    """Return photos of these vectors, one per owner in turn, each in a group of its own.

    With `group` all of them are near-duplicates of each other, in the group of that id.
    """
    from gallery.models import Image, Visibility
    from tagging.models import Content, Embedding, TwinGroup

    hashes = [hashlib.sha256(f"{name} {row}".encode()).hexdigest() for row in range(len(vectors))]
    images = Image.objects.bulk_create(
        Image(owner=owner, sha256=sha256, dhash=sha256, file_format="jpeg", width=1, height=1,
              byte_size=1, visibility=Visibility.PUBLIC)
        for owner, sha256 in zip(owners, hashes, strict=True)
    )  # fmt: skip
    if group is None:
        ids = [row.pk for row in TwinGroup.objects.bulk_create(TwinGroup() for _ in hashes)]
    else:
        ids = [group] * len(hashes)
    contents = Content.objects.bulk_create(
        Content(sha256=sha256, dhash=sha256, group_id=pk)
        for sha256, pk in zip(hashes, ids, strict=True)
    )
    Embedding.objects.bulk_create(
        Embedding(content=content, backbone=BACKBONE, vector=vector.astype("<f2").tobytes())
        for content, vector in zip(contents, vectors, strict=True)
    )
    return images


def retrain() -> RetrainReport:
    """Return the report of one run as the schedule would start it, in this process."""
    from training.options import RetrainOptions
    from training.runner import carry_out
    from training.services import begin_run

    options = RetrainOptions()
    return carry_out(begin_run(backbone=BACKBONE, options=options.as_json()), options)


def live_head() -> Head | None:
    """Return the head of the live version, from its published files."""
    from tagging.registry import check_version, live_version

    return check_version(live_version())


def f1_per_tag(
    head: Head, vectors: NDArray[np.float16], labels: NDArray[np.intp], tags: Sequence[str]
) -> dict[str, float]:
    """Return the F1 of what the head shows, for each tag that it knows and these photos have."""
    shown = head.speak(vectors).shown
    found = {}
    for column, tag in enumerate(head.labels):
        present = labels == tags.index(tag)
        said = shown[:, column]
        if present.any():
            found[tag] = 2 * float((said & present).sum()) / float(said.sum() + present.sum())
    return found


def top1(
    head: Head, vectors: NDArray[np.float16], labels: NDArray[np.intp], tags: Sequence[str]
) -> float:
    """Return how often the true tag has the highest score of all that the head knows."""
    scores = head.scores(vectors)
    names = [tags.index(label) for label in head.labels]
    return float((np.array(names)[scores.argmax(axis=1)] == labels).mean())
