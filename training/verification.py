"""Whether a stored dataset can be had from the database again, and what has changed if not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from tagging.policy import Policy
from training.learning.examples import Examples, hash_of_manifest, read_manifest
from training.models import DatasetVersion
from training.snapshot import NothingToLearn, Snapshot, take_snapshot

# So many photos are named for each difference; the rest is a number.
_NAMED = 3


@dataclass(frozen=True)
class Verification:
    """Whether the stored bytes are those that were stored, and the sentences that say what a
    snapshot of this moment would have in another way; none where it has the same bytes."""

    is_intact: bool
    differences: tuple[str, ...]

    @property
    def is_identical(self) -> bool:
        """Return whether the dataset could be thrown away and had again, to the byte."""
        return self.is_intact and not self.differences


def verify_dataset(dataset: DatasetVersion, policy: Policy, backbone: str) -> Verification:
    """Compare a stored dataset with one taken now; nothing is written.

    Raises ValueError where the stored manifest cannot be read at all.
    """
    packed = bytes(dataset.manifest)
    stored = read_manifest(packed)
    is_intact = hash_of_manifest(packed) == dataset.sha256
    try:
        now = take_snapshot(policy, backbone)
    except NothingToLearn as nothing:
        return Verification(is_intact, (f"Nothing could be learnt now: {nothing}",))
    if now.manifest.sha256 == dataset.sha256:
        return Verification(is_intact, ())
    return Verification(is_intact, tuple(_describe(stored, now)))


def _describe(stored: Examples, now: Snapshot) -> Iterable[str]:
    """Yield a sentence for each kind of difference, the largest first."""
    fresh = now.examples
    sentences = [
        *_about_tags(stored, now),
        *_about_photos("no longer in it", set(stored.photos) - set(fresh.photos)),
        *_about_photos("new", set(fresh.photos) - set(stored.photos)),
    ]
    tags = sorted(set(stored.tags) & set(fresh.tags))
    before, after = _by_photo(stored, tags), _by_photo(fresh, tags)
    both = before.keys() & after.keys()
    for name, of in (
        ("on another side of the split", 0),
        ("in another group", 1),
        ("sorted among other tags", 2),
        ("answered in another way", 3),
    ):
        changed = {photo for photo in both if before[photo][of] != after[photo][of]}
        sentences += _about_photos(name, changed)
    yield from sentences or ["The weights of the answers are others."]


def _about_tags(stored: Examples, now: Snapshot) -> Iterable[str]:
    for tag in sorted(set(stored.tags) - set(now.examples.tags)):
        yield f"The tag “{tag}” is no longer in it: {now.missing.get(tag, 'nobody curates it')}."
    for tag in sorted(set(now.examples.tags) - set(stored.tags)):
        yield f"The tag “{tag}” is new."


def _about_photos(what: str, photos: set[str]) -> Iterable[str]:
    if photos:
        named = ", ".join(photo[:12] for photo in sorted(photos)[:_NAMED])
        more = ", …" if len(photos) > _NAMED else ""
        noun = "1 photo is" if len(photos) == 1 else f"{len(photos)} photos are"
        yield f"{noun} {what}: {named}{more}."


def _by_photo(
    examples: Examples, tags: list[str]
) -> dict[str, tuple[str, str, frozenset[str], bytes]]:
    """Return side, group, contest and answers of each photo, the last two of these tags only."""
    columns = np.array([examples.tags.index(tag) for tag in tags], dtype=np.intp)
    answers = examples.answers[:, columns]
    kept = set(tags)
    return {
        photo: (
            examples.sides[row],
            examples.groups[row],
            frozenset(examples.tags[column] for column in examples.contests[row]) & kept,
            answers[row].tobytes(),
        )
        for row, photo in enumerate(examples.photos)
    }
