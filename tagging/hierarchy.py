"""Which tag stands above which: a pug is a dog, a dog is an animal. Pure: no Django."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError as GraphCycle
from graphlib import TopologicalSorter


class CycleError(ValueError):
    """Raised where a tag would stand above itself; `path` leads from it back to it."""

    def __init__(self, path: tuple[str, ...]) -> None:
        self.path = path
        super().__init__(f"A tag cannot stand above itself: {' → '.join(path)}.")


@dataclass(frozen=True)
class Hierarchy:
    """The parents of each tag by name. Tags that are not among them have none."""

    parents: Mapping[str, frozenset[str]]

    def ancestors(self, tag: str) -> frozenset[str]:
        """Return every tag above this one, up all paths."""
        found: set[str] = set()
        waiting = list(self.parents.get(tag, ()))
        while waiting:
            parent = waiting.pop()
            if parent not in found:
                found.add(parent)
                waiting.extend(self.parents.get(parent, ()))
        return frozenset(found)

    def descendants(self, tag: str) -> frozenset[str]:
        """Return every tag below this one, down all paths."""
        found: set[str] = set()
        waiting = list(self._children.get(tag, ()))
        while waiting:
            child = waiting.pop()
            if child not in found:
                found.add(child)
                waiting.extend(self._children.get(child, ()))
        return frozenset(found)

    def children(self, tag: str) -> frozenset[str]:
        """Return the tags right below this one."""
        return frozenset(self._children.get(tag, ()))

    def are_related(self, one: str, other: str) -> bool:
        """Return whether one of two tags stands above the other."""
        return other in self.ancestors(one) or one in self.ancestors(other)

    def kinds_of(self, word: str) -> frozenset[str]:
        """Return every tag below one that is this word or contains it whole: kinds of dog."""
        above = {tag for tag in self._everything if word == tag or word in tag.split()}
        return frozenset().union(*(self.descendants(tag) for tag in above))

    def find_cycle(self) -> tuple[str, ...]:
        """Return a way that leads from a tag up to itself again; () where there is none."""
        try:
            TopologicalSorter(self.parents).prepare()
        except GraphCycle as cycle:
            return tuple(reversed(cycle.args[1]))
        return ()

    def with_parents(self, tag: str, parents: frozenset[str]) -> Hierarchy:
        """Return the hierarchy in which this tag has these parents; raises CycleError."""
        changed = Hierarchy({**self.parents, tag: parents})
        for parent in sorted(parents):
            way = changed.way_up(parent, tag)
            if way:
                raise CycleError((tag, *way))
        return changed

    def way_up(self, tag: str, above: str) -> tuple[str, ...]:
        """Return the shortest way from a tag up to another one, both included; () for none."""
        ways: list[tuple[str, ...]] = [(tag,)]
        seen = {tag}
        while ways:
            way = ways.pop(0)
            if way[-1] == above:
                return way
            for parent in sorted(self.parents.get(way[-1], frozenset()) - seen):
                seen.add(parent)
                ways.append((*way, parent))
        return ()

    @cached_property
    def _everything(self) -> frozenset[str]:
        return frozenset(self.parents).union(*self.parents.values())

    @cached_property
    def _children(self) -> dict[str, set[str]]:
        children: dict[str, set[str]] = {}
        for tag, parents in self.parents.items():
            for parent in parents:
                children.setdefault(parent, set()).add(tag)
        return children
