"""Batches of photos, prepared by threads while the network is busy with the one before."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Rows = NDArray[np.intp]

# Batches waiting at any time: enough that the network never does, and a few dozen MB at most.
_AHEAD = 2
_MOST_THREADS = 12


class Feeder:
    """Prepares photos on threads. Pillow lets go of Python's lock for nearly all of its work."""

    def __init__(self) -> None:
        """Start the threads; on a small machine two, which steal little from the network."""
        cores = len(os.sched_getaffinity(0))
        self._threads = ThreadPoolExecutor(min(max(2, cores), _MOST_THREADS), "photos")

    def close(self) -> None:
        """Let the threads end; what was asked for and not begun is dropped."""
        self._threads.shutdown(wait=True, cancel_futures=True)

    def batches(
        self, batches: Sequence[Rows], prepare: Callable[[int], Pixels]
    ) -> Iterator[tuple[Rows, Pixels]]:
        """Yield each batch's rows and pixels uint8 [n, s, s, 3] in order, a few prepared ahead.

        Raises what `prepare` raises, at the batch that needed the photo.
        """
        waiting: deque[tuple[Rows, list[Future[Pixels]]]] = deque()
        for rows in batches:
            waiting.append((rows, [self._threads.submit(prepare, int(row)) for row in rows]))
            if len(waiting) > _AHEAD:
                yield _collect(*waiting.popleft())
        while waiting:
            yield _collect(*waiting.popleft())


def shuffled_batches(rows: Rows, size: int, random: np.random.Generator) -> list[Rows]:
    """Return the rows in a new order in parts of exactly `size`; a rest sits this epoch out.

    With fewer rows than that, they are all in one part, some of them twice.
    """
    order = random.permutation(rows)
    if len(order) < size:
        return [np.resize(order, size)]
    whole = len(order) // size * size
    return list(order[:whole].reshape(-1, size))


def _collect(rows: Rows, futures: list[Future[Pixels]]) -> tuple[Rows, Pixels]:
    return rows, np.stack([future.result() for future in futures])
