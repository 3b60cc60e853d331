"""Long lists, a slice at a time. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeVar

Item = TypeVar("Item")

# How many values one query names: below the variable limit of old SQLite builds.
QUERY_SIZE: Final = 500


def chunks(items: Sequence[Item], size: int = QUERY_SIZE) -> Iterator[Sequence[Item]]:
    """Return the items in slices of at most this size."""
    return (items[start : start + size] for start in range(0, len(items), size))
