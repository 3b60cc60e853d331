"""Long lists, a slice at a time. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from gallery.chunks import QUERY_SIZE as QUERY_SIZE
from gallery.chunks import chunks as chunks


def spanning(field: str, ids: Collection[int]) -> dict[str, Any]:
    """Return the condition of a query for rows of these ids, which may let through some others.

    Of ids that lie close together only the ends are named: preparing a thousand values costs
    more than reading a thousand rows. Whoever asks leaves out what is not wanted. Not for a query
    with another condition that has an index: a database may then walk along that one.
    """
    if len(ids) > 1 and max(ids) - min(ids) < 2 * len(ids):
        return {f"{field}__gte": min(ids), f"{field}__lte": max(ids)}
    return {f"{field}__in": ids}
