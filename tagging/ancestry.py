"""Which of many tags stand above which, for many photos at once. Pure: arrays in and out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

import numpy as np
from numpy.typing import NDArray

Flags = NDArray[np.bool_]
Floats = NDArray[np.float32]


class Ancestry:
    """The pairs (tag, tag above it) among t names, as columns of matrices [n, t].

    `ancestors` returns every tag above a name; those that are not among the names do not count.
    """

    def __init__(self, names: Sequence[str], ancestors: Callable[[str], Collection[str]]) -> None:
        column_of = {name: column for column, name in enumerate(names)}
        pairs = [
            (column, column_of[above])
            for column, name in enumerate(names)
            for above in ancestors(name)
            if above in column_of
        ]
        self._size = len(names)
        lower = np.array([below for below, _ in pairs], dtype=np.intp)
        upper = np.array([above for _, above in pairs], dtype=np.intp)
        self._by_upper = _Grouped(upper, lower)
        self._by_lower = _Grouped(lower, upper)

    def above(self, flags: Flags) -> Flags:
        """Return which tags stand above any flagged one, bool [n, t] for bool [n, t]."""
        return self._by_upper.any(flags[:, self._by_upper.others], self._size)

    def beneath(self, flags: Flags) -> Flags:
        """Return which tags stand below any flagged one, bool [n, t] for bool [n, t]."""
        return self._by_lower.any(flags[:, self._by_lower.others], self._size)

    def outshone(self, scores: Floats, passing: Flags, share: float) -> Flags:
        """Return which tags have less than this share of the score of a passing tag above them."""
        mine, above = self._by_lower.keys, self._by_lower.others
        weaker = passing[:, above] & (scores[:, mine] < share * scores[:, above])
        return self._by_lower.any(weaker, self._size)


class _Grouped:
    """Pairs in the order of their first half, so that an "or" per group is one call of NumPy."""

    def __init__(self, keys: NDArray[np.intp], others: NDArray[np.intp]) -> None:
        order = np.argsort(keys, kind="stable")
        self.keys, self.others = keys[order], others[order]
        self._columns, self._starts = np.unique(self.keys, return_index=True)

    def any(self, flags: Flags, size: int) -> Flags:
        """Return bool [n, size]: for each key whether any of its pairs is flagged in [n, pairs]."""
        found = np.zeros((len(flags), size), dtype=np.bool_)
        if len(self._columns):
            found[:, self._columns] = np.logical_or.reduceat(flags, self._starts, axis=1)
        return found
