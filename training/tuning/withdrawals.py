"""What people have taken back since a dataset was frozen."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from gallery.models import Image
from tagging.chunks import chunks
from tagging.presets import current_policy
from training.decisions import read_decisions
from training.learning.examples import UNKNOWN
from training.models import DatasetVersion
from training.snapshot import learnable_candidates, taught_by


def withdrawn(photos: Collection[str]) -> set[str]:
    """Return those of these SHA-256 that nobody offers any more: deleted, taken back or hidden."""
    offered: set[str] = set()
    for batch in chunks(sorted(set(photos))):
        rows = Image.objects.teachable().filter(sha256__in=batch)
        offered.update(rows.values_list("sha256", flat=True))
    return set(photos) - offered


def something_was_taken_away(dataset: DatasetVersion) -> bool:
    """Return whether a photo that teaches is no longer offered, or an answer no longer holds.

    New photos and new answers are no harm: they teach the next time. A tag that bears another
    name now counts as taken away, and so does a manifest that cannot be read.
    """
    try:
        before = taught_by(dataset)
    except ValueError:
        return True
    # Read as a snapshot reads them: what a closed world excludes depends on the names in it.
    learnable, _ = learnable_candidates(current_policy())
    now = read_decisions(sorted({*before.tags, *learnable}))
    row_of = {sha256: row for row, sha256 in enumerate(now.photos)}
    if not set(before.tags) <= set(now.tags) or not set(before.photos) <= set(row_of):
        return True
    column_of = {tag: column for column, tag in enumerate(now.tags)}
    rows = np.array([row_of[sha256] for sha256 in before.photos], dtype=np.intp)
    columns = np.array([column_of[tag] for tag in before.tags], dtype=np.intp)
    today = now.answers[np.ix_(rows, columns)]
    return bool(((before.answers != UNKNOWN) & (today != before.answers)).any())
