"""Which near-duplicate group learns, which stops the learning, and which judges it.

The sides follow the iterative stratification of Sechidis, Tsoumakas and Vlahavas (2011, "On the
stratification of multi-label data"): the rarest tag is dealt out first, each group to the side
that lacks it most. Order within a tag is the order of a hash, so that neither row ids nor the
order of uploads has a say.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from training.learning.examples import TEST, TRAIN, VALIDATION

# Ties go to the side whose lack would keep a tag from being judged at all.
_SIDES = (TEST, VALIDATION, TRAIN)
_ONE_EACH = {TEST: 1, VALIDATION: 1}

# A label that sides are balanced for: a tag, and whether it is known to be there or not.
Label = tuple[str, bool]


@dataclass(frozen=True)
class Group:
    """One near-duplicate group: its key (the smallest SHA-256 in it), the side it already has
    (empty when it was never used) and the tags known to be present and absent in it."""

    key: str
    side: str
    present: frozenset[str]
    absent: frozenset[str]

    def labels(self) -> Iterable[Label]:
        """Return everything known of the group, as labels to balance."""
        yield from ((tag, True) for tag in self.present)
        yield from ((tag, False) for tag in self.absent - self.present)


def hash_order(key: str, purpose: str) -> str:
    """Return a sort key that looks random but depends on nothing but the content."""
    return hashlib.sha256(f"{purpose}:{key}".encode()).hexdigest()


def assign_sides(
    groups: Sequence[Group], *, shares: dict[str, float], least_groups: dict[str, int]
) -> dict[str, str]:
    """Return the side of each group by key; groups that have a side keep it.

    Validation and test each get their share of every tag's groups, at least `least_groups` of
    those that show it and at least one of those known not to, where there are so many.
    """
    sides = {group.key: group.side for group in groups if group.side}
    totals = Counter(label for group in groups for label in group.labels())
    lacking = {
        label: _targets(total, shares, least_groups if label[1] else _ONE_EACH)
        for label, total in totals.items()
    }
    for group in groups:
        if group.side:
            _settle(group, group.side, lacking)
    waiting: dict[Label, list[Group]] = defaultdict(list)
    for group in sorted(groups, key=lambda each: hash_order(each.key, "side")):
        for label in group.labels():
            waiting[label].append(group)
    # Present before absent: a tag is judged on photos that show it before all else.
    for label in sorted(totals, key=lambda each: (not each[1], totals[each], each[0])):
        for group in waiting[label]:
            if group.key not in sides:
                side = max(_SIDES, key=lambda each: lacking[label][each])
                sides[group.key] = side
                _settle(group, side, lacking)
    return {group.key: sides.get(group.key, TRAIN) for group in groups}


def assign_folds(groups: Sequence[str], *, folds: int) -> list[int]:
    """Return per entry the number of its fold; entries of one group share theirs.

    Folds are dealt out in hash order, so that they are even to within one group.
    """
    ordered = sorted(set(groups), key=lambda key: hash_order(key, "fold"))
    fold_of = {key: position % folds for position, key in enumerate(ordered)}
    return [fold_of[key] for key in groups]


def _targets(total: int, shares: dict[str, float], least: dict[str, int]) -> dict[str, float]:
    targets = {side: max(float(least[side]), shares[side] * total) for side in (TEST, VALIDATION)}
    return {**targets, TRAIN: total - sum(targets.values())}


def _settle(group: Group, side: str, lacking: dict[Label, dict[str, float]]) -> None:
    for label in group.labels():
        lacking[label][side] -= 1.0
