"""Long lists, a slice at a time. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, Final, TypeVar

Item = TypeVar("Item")

# How many values one query names: below the variable limit of old SQLite builds.
QUERY_SIZE: Final = 500


def chunks(items: Sequence[Item], size: int = QUERY_SIZE) -> Iterator[Sequence[Item]]:
    """Return the items in slices of at most this size."""
    return (items[start : start + size] for start in range(0, len(items), size))


def spanning(field: str, ids: Collection[int]) -> dict[str, Any]:
    """Return the condition of a query for rows of these ids, which may let through some others.

    Of ids that lie close together only the ends are named: preparing a thousand values costs
    more than reading a thousand rows. Whoever asks leaves out what is not wanted. Not for a query
    with another condition that has an index: a database may then walk along that one.
    """
    if len(ids) > 1 and max(ids) - min(ids) < 2 * len(ids):
        return {f"{field}__gte": min(ids), f"{field}__lte": max(ids)}
    return {f"{field}__in": ids}
