"""Where a tag stands among the others: its other names, what is above and what is below it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from gallery.models import Viewer
from tagging.models import Tag
from tagging.words import current_words


@dataclass(frozen=True)
class WordPlace:
    """Other names of a tag, and the tags right above and below it that have a page."""

    aliases: list[str]
    above: list[Tag]
    below: list[Tag]


def place_of(tag: Tag, viewer: Viewer) -> WordPlace:
    """Return where the tag stands, in three queries at most.

    Only tags with photos that this person may see are named.
    """
    words = current_words()
    above = words.hierarchy.parents.get(tag.name, frozenset())
    below = words.hierarchy.children(tag.name)
    near = above | below
    # Many tags stand alone; only to put the question together takes as long as a query.
    known = Tag.objects.usable().filter(name__in=near)
    tags = list(known.seen_by(viewer)) if near else []
    return WordPlace(
        aliases=sorted(name for name, target in words.aliases.items() if target == tag.name),
        above=_named(tags, above),
        below=_named(tags, below),
    )


def _named(tags: list[Tag], names: Collection[str]) -> list[Tag]:
    return [tag for tag in tags if tag.name in names]
