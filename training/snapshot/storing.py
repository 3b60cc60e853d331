"""Writing a snapshot down, and reading the vectors that belong to one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tagging.chunks import chunks
from tagging.models import Embedding, TwinGroup
from tagging.policy import Policy
from tagging.services.embeddings import contents_by_id
from training.models import DatasetVersion
from training.one_moment import holding_the_split
from training.snapshot.taking import Snapshot, take_snapshot


def store_snapshot(policy: Policy, backbone: str) -> tuple[Snapshot, DatasetVersion]:
    """Take a snapshot and write it down with the sides it gave, in one transaction.

    Equal decisions give the row that is there already. Raises NothingToLearn.
    """
    with holding_the_split():
        snapshot = take_snapshot(policy, backbone)
        by_side: dict[str, list[int]] = defaultdict(list)
        for group_id, side in snapshot.sides.items():
            by_side[side].append(group_id)
        for side, ids in by_side.items():
            for batch in chunks(ids):
                TwinGroup.objects.filter(pk__in=batch, side="").update(side=side)
        dataset, _ = DatasetVersion.objects.get_or_create(
            sha256=snapshot.manifest.sha256,
            defaults={
                "manifest": snapshot.manifest.packed,
                "photos": len(snapshot.examples.photos),
                "tags": list(snapshot.examples.tags),
            },
        )
    return snapshot, dataset


def load_embeddings(photos: Sequence[str], backbone: str) -> NDArray[np.float16]:
    """Return the stored vectors of these photos in their order, float16 [n, d].

    Raises LookupError when one is missing: it was deleted in this moment, or never embedded.
    """
    found: dict[str, bytes] = {}
    for batch in chunks(photos):
        contents = contents_by_id(batch)
        rows = Embedding.objects.of_backbone(backbone).filter(content__in=contents)
        for content_id, vector in rows.values_list("content_id", "vector"):
            found[contents[content_id]] = bytes(vector)
    absent = len(photos) - len(found)
    if absent:
        raise LookupError(f"{absent} photos have no embedding of {backbone} any more.")
    return np.stack([np.frombuffer(found[sha256], dtype="<f2") for sha256 in photos])
