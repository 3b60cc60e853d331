"""Which accounts may be one person: those that were seen on one network or device. Pure."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import TypeAlias

Seen: TypeAlias = tuple[str, datetime]
"""The mark of a network or device, and when somebody was seen there."""


def find_circles(seen: Mapping[int, Iterable[Seen]], within: timedelta) -> dict[int, int]:
    """Return for each of these people the circle they belong to, named after one of its members.

    Two people belong together when they were seen at one mark no further apart than `within`, and
    so do all who are joined by such pairs (union-find, Tarjan 1975). Who met nobody is a circle of
    one. Marks are compared pair by pair in the order of time: within one mark the nearest
    neighbours join whatever more distant ones would.
    """
    leader = {person: person for person in seen}

    def find(person: int) -> int:
        while leader[person] != person:
            leader[person] = leader[leader[person]]
            person = leader[person]
        return person

    visits: defaultdict[str, list[tuple[datetime, int]]] = defaultdict(list)
    for person, marks in seen.items():
        for mark, moment in marks:
            visits[mark].append((moment, person))
    for at_mark in visits.values():
        at_mark.sort()
        for (earlier, one), (later, other) in itertools.pairwise(at_mark):
            if later - earlier <= within:
                leader[find(one)] = find(other)
    return {person: find(person) for person in leader}
