"""Near-duplicate groups as photos come in: the order must not matter, sides must not leak."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

import numpy as np
import pytest

from tagging.models import Content, TwinGroup
from tagging.services.twin_groups import TwinIndex, hold_twin_groups

pytestmark = pytest.mark.django_db

Side = TwinGroup.Side
# Bits set from the right: 0, 8 and 16 are twins of their neighbours only (distance 8, limit 10);
# 200 is nobody's twin.
CHAIN = (0, 8, 16, 200)
# Enough numbers that two vectors drawn at random have nothing in common.
FEATURES = 256


def place(bits: int, index: TwinIndex | None = None) -> Content:
    """Return a new content whose hash has this many bits set, under a vector of its own."""
    index = index or TwinIndex("efficientnet_lite0", FEATURES)
    vector = np.random.default_rng(bits).normal(size=FEATURES + 2).astype(np.float16)
    with hold_twin_groups():
        index.refresh()
        return index.place(sha256=f"{bits:064x}", dhash=f"{(1 << bits) - 1:064x}", vector=vector)


def groups() -> set[frozenset[int]]:
    """Return the groups as sets of the numbers given to `place`."""
    found: dict[int, set[int]] = {}
    for sha256, group in Content.objects.values_list("sha256", "group"):
        found.setdefault(group, set()).add(int(sha256, 16))
    return {frozenset(members) for members in found.values()}


@pytest.mark.parametrize("order", list(permutations(CHAIN)))
def test_the_groups_are_the_same_in_every_order(order: Sequence[int]) -> None:
    index = TwinIndex("efficientnet_lite0", FEATURES)
    for bits in order:
        place(bits, index)
    assert groups() == {frozenset({0, 8, 16}), frozenset({200})}
    assert TwinGroup.objects.count() == 2
    assert not Content.objects.filter(straddles=True).exists()


def test_two_indexes_in_turn_see_each_others_photos() -> None:
    one, two = TwinIndex("efficientnet_lite0", FEATURES), TwinIndex("efficientnet_lite0", FEATURES)
    for number, bits in enumerate((0, 8, 16, 24, 32)):
        place(bits, one if number % 2 else two)
    assert len(groups()) == 1


def test_a_newcomer_takes_the_side_of_its_twins() -> None:
    first = place(0)
    TwinGroup.objects.update(side=Side.TEST)
    newcomer = place(8)
    assert newcomer.group == first.group
    assert newcomer.group.side == Side.TEST


@pytest.mark.parametrize("assigned", [0, 16])
def test_a_link_to_an_unused_group_keeps_the_side_that_is_given(assigned: int) -> None:
    place(0), place(16)
    TwinGroup.objects.filter(contents__sha256=f"{assigned:064x}").update(side=Side.TRAIN)
    newcomer = place(8)
    assert groups() == {frozenset({0, 8, 16})}
    assert newcomer.group.side == Side.TRAIN


def test_groups_of_one_side_may_become_one() -> None:
    place(0), place(16)
    TwinGroup.objects.update(side=Side.TRAIN)
    place(8)
    assert groups() == {frozenset({0, 8, 16})}


def place_between_two_sides() -> Content:
    """Return content 8, a twin of 0 on the train side and of 16 on the test side."""
    train, test = place(0), place(16)
    TwinGroup.objects.filter(pk=train.group_id).update(side=Side.TRAIN)
    TwinGroup.objects.filter(pk=test.group_id).update(side=Side.TEST)
    return place(8)


def test_a_newcomer_between_two_sides_stays_out() -> None:
    newcomer = place_between_two_sides()
    assert newcomer.straddles
    assert groups() == {frozenset({0}), frozenset({8}), frozenset({16})}
    assert newcomer.group.side == Side.UNUSED


def test_what_stays_out_links_nothing() -> None:
    place_between_two_sides()
    twin_of_the_newcomer_and_the_train_side = place(4)
    assert not twin_of_the_newcomer_and_the_train_side.straddles
    assert frozenset({0, 4}) in groups()


def test_a_deleted_photo_is_no_twin_of_a_later_one() -> None:
    index = TwinIndex("efficientnet_lite0", FEATURES)
    gone = place(0, index)
    group = gone.group
    gone.delete()
    group.delete()
    assert place(8, index).group_id != group.pk


def test_alike_embeddings_join_what_the_hash_alone_would_not() -> None:
    index = TwinIndex("efficientnet_lite0", 4)
    vector = np.array([1, 2, 3, 4, 9, 9], np.float16)
    nearly = np.array([1, 2, 3, 4.5, -9, 0], np.float16)
    with hold_twin_groups():
        one = index.place(sha256="1" * 64, dhash="0" * 64, vector=vector)
        two = index.place(sha256="2" * 64, dhash=f"{(1 << 50) - 1:064x}", vector=nearly)
        three = index.place(sha256="3" * 64, dhash=f"{(1 << 150) - 1:064x}", vector=vector)
    assert one.group == two.group != three.group
