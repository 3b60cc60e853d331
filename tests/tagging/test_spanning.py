"""Conditions for many ids: the ends where they lie close together, each one where they do not."""

from __future__ import annotations

from tagging.chunks import spanning


def test_ids_side_by_side_are_named_by_their_ends() -> None:
    assert spanning("pk", [4, 5, 7, 6]) == {"pk__gte": 4, "pk__lte": 7}


def test_scattered_ids_are_all_named() -> None:
    assert spanning("image", [1, 900]) == {"image__in": [1, 900]}


def test_one_id_and_none_are_named_as_they_are() -> None:
    assert spanning("pk", [3]) == {"pk__in": [3]}
    assert spanning("pk", []) == {"pk__in": []}
