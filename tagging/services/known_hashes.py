"""The hashes of all known contents, in memory, and kept by a process from one job to the next.

Reading a hundred thousand of them takes longer than the network needs for a photo, so that only
those are read that have come since. What was deleted meanwhile stays in memory and is nobody's
twin, since groups are joined by the rows of the database. What a transaction that was rolled back
had added is never kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np
from django.db import transaction
from numpy.typing import NDArray

from tagging.models import Content
from tagging.twins import HASH_BYTES, Bits, pack_hashes

LEAST_ROOM = 64


class KnownHashes:
    """Ids of contents, ascending, and their hashes; to be used by one thread at a time."""

    def __init__(self) -> None:
        self._forget()

    @property
    def bits(self) -> Bits:
        """Return the hashes, uint8 [n, 32]."""
        return self._bits[: self._count]

    def ids_at(self, rows: NDArray[np.intp]) -> list[int]:
        """Return the ids of the contents in these rows."""
        found: list[int] = self._ids[rows].tolist()
        return found

    def refresh(self) -> None:
        """Read the contents that were added since the last time; call it under the lock.

        Ids grow in the order of commits there, so that what is new lies behind the last one. Where
        that is not the row that it was, everything is read again: it was deleted, or the database
        is an earlier one, in which the same ids are given once more.
        """
        if self._count:
            last = int(self._ids[self._count - 1])
            since = Content.objects.filter(pk__gte=last).order_by("pk")
            rows = list(since.values_list("pk", "created_at", "dhash"))
            if rows and rows[0][:2] == (last, self._newest):
                self.append(
                    [pk for pk, _, _ in rows[1:]], [row[2] for row in rows[1:]], rows[-1][1]
                )
                return
            self._forget()
        known = list(Content.objects.order_by("pk").values_list("pk", "dhash"))
        if known:
            newest = Content.objects.values_list("created_at", flat=True).get(pk=known[-1][0])
            self.append([pk for pk, _ in known], [dhash for _, dhash in known], newest)

    def append(self, ids: Sequence[int], dhashes: Sequence[str], newest: datetime) -> None:
        """Add contents, the last of which was created at `newest`.

        The arrays double when they are full, so that growing stays cheap.
        """
        needed = self._count + len(ids)
        if needed > len(self._ids):
            room = max(needed, 2 * self._count, LEAST_ROOM) - self._count
            self._ids = np.concatenate([self._ids[: self._count], np.zeros(room, np.int64)])
            self._bits = np.concatenate([self.bits, np.zeros((room, HASH_BYTES), np.uint8)])
        self._ids[self._count : needed] = ids
        self._bits[self._count : needed] = pack_hashes(dhashes)
        self._count, self._newest = needed, newest

    def _forget(self) -> None:
        self._ids = np.empty(0, np.int64)
        self._bits: Bits = np.empty((0, HASH_BYTES), np.uint8)
        self._count = 0
        self._newest: datetime | None = None


_kept: list[KnownHashes] = []


def take_known_hashes() -> KnownHashes:
    """Return what the last job of this process kept, or an empty one. Nobody else gets the same,
    and it is lost unless `keep_known_hashes` is told to keep it."""
    try:
        return _kept.pop()
    except IndexError:
        return KnownHashes()


def keep_known_hashes(known: KnownHashes) -> None:
    """Keep these for the next job once everything in them is committed."""

    def keep() -> None:
        _kept[:] = [known]

    transaction.on_commit(keep)
