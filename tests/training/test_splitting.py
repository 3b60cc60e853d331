"""Which group learns and which judges: decided by content alone, once and for ever."""

from __future__ import annotations

import hashlib
import random
from collections import Counter

from training.learning.split import Group, assign_folds, assign_sides

SHARES = {"validation": 0.15, "test": 0.15}
LEAST = {"validation": 3, "test": 3}


def group(name: str, *tags: str, side: str = "", absent: tuple[str, ...] = ()) -> Group:
    key = hashlib.sha256(name.encode()).hexdigest()
    return Group(key, side, frozenset(tags), frozenset(absent))


def sides_of(groups: list[Group]) -> dict[str, str]:
    return assign_sides(groups, shares=SHARES, least_groups=LEAST)


def test_a_large_tag_is_split_about_seventy_fifteen_fifteen() -> None:
    counts = Counter(sides_of([group(f"cat {n}", "cat") for n in range(200)]).values())
    assert counts == {"train": 140, "validation": 30, "test": 30}


def test_the_smallest_tag_gets_three_groups_to_stop_on_and_three_to_judge_on() -> None:
    counts = Counter(sides_of([group(f"heron {n}", "heron") for n in range(9)]).values())
    assert counts == {"train": 3, "validation": 3, "test": 3}


def test_a_rare_tag_is_not_drowned_by_a_common_one_on_the_same_photos() -> None:
    groups = [group(f"{n}", "bird", *(["heron"] if n % 20 == 0 else [])) for n in range(400)]
    sides = sides_of(groups)
    rare = Counter(sides[each.key] for each in groups if "heron" in each.present)
    assert rare["validation"] >= 3
    assert rare["test"] >= 3


def test_known_negatives_reach_every_side() -> None:
    groups = [group(f"yes {n}", "heron") for n in range(20)]
    groups += [group(f"no {n}", absent=("heron",)) for n in range(3)]
    sides = sides_of(groups)
    assert {sides[each.key] for each in groups if each.absent} == {"train", "validation", "test"}


def test_order_has_no_say() -> None:
    groups = [group(f"{tag} {n}", tag) for tag in ("cat", "dog") for n in range(40)]
    shuffled = random.Random(5).sample(groups, len(groups))
    assert sides_of(groups) == sides_of(shuffled)


def test_a_group_keeps_its_side_whatever_comes_later() -> None:
    early = [group(f"cat {n}", "cat") for n in range(30)]
    first = sides_of(early)
    settled = [group(f"cat {n}", "cat", side=first[early[n].key]) for n in range(30)]
    later = sides_of([*settled, *(group(f"new {n}", "cat") for n in range(300))])
    assert {key: later[key] for key in first} == first
    assert Counter(later.values())["test"] == round(0.15 * 330)


def test_newcomers_fill_the_side_that_lacks_them() -> None:
    learnt = [group(f"cat {n}", "cat", side="train") for n in range(30)]
    sides = sides_of([*learnt, *(group(f"new {n}", "cat") for n in range(6))])
    new = Counter(side for key, side in sides.items() if key not in {g.key for g in learnt})
    assert new["train"] == 0
    assert new["validation"] >= 3 <= new["test"]


def test_folds_are_even_and_keep_groups_together() -> None:
    entries = [f"group {n // 3}" for n in range(300)]
    folds = assign_folds(entries, folds=5)
    assert Counter(folds) == dict.fromkeys(range(5), 60)
    assert len({(name, fold) for name, fold in zip(entries, folds, strict=True)}) == 100
