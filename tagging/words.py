"""The words as moderators have ordered them: which names mean another, and what stands above."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TypeAlias, TypeVar

from tagging.chunks import chunks
from tagging.hierarchy import Hierarchy
from tagging.models import Tag
from tagging.vocabulary import Vocabulary, load_vocabulary, reword_vocabulary

Pairs: TypeAlias = frozenset[tuple[str, str]]
Value = TypeVar("Value")


@dataclass(frozen=True)
class Words:
    """How moderators have ordered the words, at one moment.

    `aliases` holds the tag that each other name means, `unspoken` what no machine may say.
    """

    aliases: Mapping[str, str]
    hierarchy: Hierarchy
    unspoken: frozenset[str]

    def meaning(self, name: str) -> str:
        """Return the tag that this name means: itself, unless it is another name for one."""
        return self.aliases.get(name, name)

    def places(self, labels: Sequence[str]) -> dict[str, int]:
        """Return for each tag the place of the label that speaks for it.

        A head keeps the names under which it learnt. Where several of them mean one tag now, the
        tag's own speaks, or else the first.
        """
        place_of: dict[str, int] = {}
        for place, label in enumerate(labels):
            place_of.setdefault(self.meaning(label), place)
        own = {label: place for place, label in enumerate(labels) if label in place_of}
        return place_of | own

    def presently(self, told: Mapping[str, Value]) -> dict[str, Value]:
        """Return what was told by name under the names that mean the tags now.

        Of several names for one tag its own counts, or else the first in `told`.
        """
        labels = list(told)
        return {tag: told[labels[place]] for tag, place in self.places(labels).items()}

    @cached_property
    def first_day(self) -> Vocabulary:
        """Return the first day's words under their present names and parents."""
        known = load_vocabulary()
        parents = {(tag, above) for tag, all_above in self.hierarchy.parents.items()
                   for above in all_above}  # fmt: skip
        if not self.aliases and self.hierarchy.parents == known.parents_of:
            return known
        return _reworded(frozenset(self.aliases.items()), frozenset(parents))


def current_words() -> Words:
    """Return the words as they are ordered now, in one query.

    What the first day's words put above a tag holds until a moderator sets its parents.
    """
    aliases: dict[str, str] = {}
    told: dict[str, set[str]] = defaultdict(set)
    unspoken: set[str] = set()
    columns = ("name", "alias_of__name", "has_own_parents", "parents__name")
    rows = Tag.objects.with_orders().values_list(*columns, "is_blocked", "never_show")
    for name, target, has_own_parents, parent, is_blocked, never_show in rows:
        if target is not None:
            aliases[name] = target
            continue
        if has_own_parents:
            told[name] |= {parent} - {None}
        if is_blocked or never_show:
            unspoken.add(name)
    parents = frozenset((name, frozenset(above)) for name, above in told.items())
    return _remember_order(frozenset(aliases.items()), parents, frozenset(unspoken))


@lru_cache(maxsize=8)
def _remember_order(
    aliases: Pairs, told: frozenset[tuple[str, frozenset[str]]], unspoken: frozenset[str]
) -> Words:
    """Return the words in this order. Every page asks, and moderators seldom give new orders."""
    return order_words(dict(aliases), {name: set(above) for name, above in told}, set(unspoken))


def places_of_tags(labels: Sequence[str]) -> dict[int, int]:
    """Return for each tag that a machine may say, by id in ascending order, the place of the label
    that speaks for it now, whatever the tag was called when the labels were learnt."""
    words = current_words()
    place_of = {name: place for name, place in words.places(labels).items()
                if name not in words.unspoken}  # fmt: skip
    usable = Tag.objects.usable()
    rows = [
        row
        for names in chunks(sorted(place_of))
        for row in usable.filter(name__in=names).values_list("pk", "name")
    ]
    return {pk: place_of[name] for pk, name in sorted(rows)}


def order_words(
    aliases: Mapping[str, str],
    told: Mapping[str, set[str]] | None = None,
    unspoken: set[str] | None = None,
) -> Words:
    """Return the words, given the parents that moderators `told` and the tags they keep quiet.

    A tag takes over what the first day's words put above its other names. What must not be said
    under one name must not be said under another one either.
    """
    vocabulary = load_vocabulary()

    def meaning(name: str) -> str:
        return aliases.get(name, name)

    parents: dict[str, set[str]] = defaultdict(set)
    for tag, above in vocabulary.parents_of.items():
        parents[meaning(tag)] |= {meaning(one) for one in above}
    parents |= {tag: {meaning(one) for one in above} for tag, above in (told or {}).items()}
    quiet = vocabulary.never_show | (unspoken or set())
    quiet |= {meaning(word) for word in quiet}
    return Words(
        aliases=aliases,
        hierarchy=Hierarchy({tag: frozenset(above - {tag}) for tag, above in parents.items()}),
        unspoken=quiet | {name for name, target in aliases.items() if target in quiet},
    )


def current_hierarchy() -> Hierarchy:
    """Return what stands above each tag, in one query."""
    return current_words().hierarchy


def current_aliases() -> dict[str, str]:
    """Return the tag that each other name means, in one query."""
    rows = Tag.objects.exclude(alias_of=None).values_list("name", "alias_of__name")
    return dict(rows)


@lru_cache(maxsize=2)
def _reworded(aliases: Pairs, parents: Pairs) -> Vocabulary:
    """Return the first day's words in others, made once for as long as nobody orders them anew."""
    parents_of: dict[str, frozenset[str]] = defaultdict(frozenset)
    for tag, above in parents:
        parents_of[tag] |= {above}
    return reword_vocabulary(load_vocabulary(), dict(aliases), parents_of)
