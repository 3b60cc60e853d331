"""Near-duplicate groups, found when a content is first seen and never pairwise over everything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from django.db import transaction
from django.db.models import Q
from numpy.typing import NDArray

from tagging.backbones.cards import get_card
from tagging.chunks import chunks
from tagging.models import Content, Embedding, TwinGroup
from tagging.presets import current_policy
from tagging.services.advisory_locks import Lock, call_lock
from tagging.services.known_hashes import KnownHashes
from tagging.twins import Vectors, find_twins, pack_hashes

# On its features the cosines of the policy were measured.
REFERENCE = "efficientnet_lite0"
# The same cosines tell copies from strangers on these (benchmarks/twin_features.py). Of another
# network nobody knows what a cosine means: there the hashes decide alone.
MEASURED = frozenset({REFERENCE, "vgg16"})


def family_of(backbone: str) -> str:
    """Return the key of the network whose features come first in vectors of this backbone.

    Those of a fine-tuned network are its base's, so that the two can be compared.
    """
    card = get_card(backbone)
    return card.tuned_from or card.key


@contextmanager
def hold_twin_groups() -> Iterator[None]:
    """Open a transaction in which no other process changes a group or a side of the split.

    SQLite has one writer at a time anyway; on PostgreSQL an advisory lock does the same for
    this one matter. Whoever writes `TwinGroup.side` must hold it as well.
    """
    with transaction.atomic():
        call_lock("pg_advisory_xact_lock", Lock.TWINS)
        yield


@dataclass
class TwinIndex:
    """Finds the groups of newcomers among the hashes of all known contents.

    `top_features` is how many numbers of an embedding the cosine is measured on.
    """

    backbone: str
    top_features: int
    known: KnownHashes = field(default_factory=KnownHashes)

    def refresh(self) -> None:
        """Read the contents that were added since the last time; call it under the lock."""
        self.known.refresh()

    def place(self, *, sha256: str, dhash: str, vector: NDArray[np.float16]) -> Content:
        """Return the new content in the group of its twins, with its embedding stored.

        Must run inside `hold_twin_groups`, after `refresh`.
        """
        rows = find_twins(
            pack_hashes([dhash])[0],
            vector[: self.top_features],
            self.known.bits,
            self._vectors_of,
            current_policy(),
        )
        group, straddles = join_groups(self.known.ids_at(rows))
        content = Content.objects.create(
            sha256=sha256, dhash=dhash, group=group, straddles=straddles
        )
        self.add_vector(content, vector)
        self.known.append([content.pk], [dhash], content.created_at)
        return content

    def add_vector(self, content: Content, vector: NDArray[np.float16]) -> None:
        """Store the vector of a content that has a group already."""
        data = vector.astype("<f2").tobytes()
        Embedding.objects.create(content=content, backbone=self.backbone, vector=data)

    def _vectors_of(self, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], Vectors]:
        """Return those rows that have an embedding of the same family, with the compared part.

        A fine-tuned network and its base agree in that part, so either's vector will do: of
        photos from before and from after a swap some have only one of them.
        """
        row_of = dict(zip(self.known.ids_at(rows), rows.tolist(), strict=True))
        vectors: dict[int, NDArray[np.float16]] = {}
        family = family_of(self.backbone)
        of_family = Q(backbone=family) | Q(backbone__startswith=f"{family}+")
        for some in chunks(list(row_of) if family in MEASURED else []):
            for embedding in Embedding.objects.filter(of_family, content_id__in=some):
                compared = embedding.as_array()[: self.top_features]
                vectors[row_of[embedding.content_id]] = compared
        found = np.array(list(vectors), dtype=np.intp)
        nothing = np.empty((0, self.top_features), np.float16)
        return found, np.stack(list(vectors.values())) if vectors else nothing


def join_groups(content_ids: Sequence[int]) -> tuple[TwinGroup, bool]:
    """Return the group for a newcomer with these twins, and whether it must stay out of datasets.

    Groups that it links become one as long as they do not lie on two sides of the split; the
    side that is already given is kept. A newcomer between two sides gets a group of its own and
    stays out, as no side is right for it. Twins that stay out themselves link nothing.
    """
    linked: set[int] = set()
    for some in chunks(content_ids):
        twins = Content.objects.filter(pk__in=some)
        linked.update(twins.filter(straddles=False).values_list("group_id", flat=True))
    groups = list(TwinGroup.objects.filter(pk__in=linked).order_by("pk"))
    sides = {group.side for group in groups} - {TwinGroup.Side.UNUSED}
    if not groups or len(sides) > 1:
        return TwinGroup.objects.create(), len(sides) > 1
    kept = next((group for group in groups if group.side), groups[0])
    merged = [group.pk for group in groups if group != kept]
    if merged:
        Content.objects.filter(group__in=merged).update(group=kept)
        TwinGroup.objects.filter(pk__in=merged).delete()
    return kept, False
