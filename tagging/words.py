"""The words as moderators have ordered them: which names mean another, and what stands above."""

from __future__ import annotations

from collections import defaultdict

from tagging.hierarchy import Hierarchy
from tagging.models import Tag
from tagging.vocabulary import load_vocabulary


def current_hierarchy() -> Hierarchy:
    """Return what stands above each tag, in one query.

    The first day's words hold until a moderator sets the parents of a tag.
    """
    told: dict[str, set[str]] = defaultdict(set)
    rows = Tag.objects.filter(has_own_parents=True).values_list("name", "parents__name")
    for name, parent in rows:
        told[name] |= {parent} - {None}
    vocabulary = load_vocabulary()
    own = {tag: frozenset(above) for tag, above in told.items()}
    return Hierarchy({**vocabulary.parents_of, **own})


def current_aliases() -> dict[str, str]:
    """Return the tag that each other name means, in one query."""
    rows = Tag.objects.exclude(alias_of=None).values_list("name", "alias_of__name")
    return dict(rows)
