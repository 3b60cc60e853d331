"""What a head remembers, and of which photos it may speak."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tagging.familiarity import Familiarity
from tagging.head import BrokenHead, Head
from tests.training.classroom import vector_for
from training.learning.familiarity import FamiliarityRules, learn_familiarity

RULES = FamiliarityRules(anchors=64, quantile=0.05, margin=0.5)
COMPARED = 1280


def photos_of(tag: str, numbers: range, noise: float = 1.0) -> NDArray[np.float16]:
    """Return vectors of the tag; number 0 would be its very centre, near to all others."""
    return np.stack([vector_for(tag, number, noise) for number in numbers])


def learnt(*tags: str, each: int = 60) -> Familiarity:
    """Return what is remembered of so many photos of each tag, none like another."""
    vectors = np.concatenate([photos_of(tag, range(1, each + 1)) for tag in tags])
    return learn_familiarity(vectors, [str(n) for n in range(len(vectors))], COMPARED, RULES)


def test_new_photos_of_what_was_taught_are_familiar_and_others_are_not() -> None:
    familiarity = learnt("heron", "stork")
    assert familiarity.covers(photos_of("heron", range(100, 150))).mean() > 0.9
    assert familiarity.covers(photos_of("stork", range(100, 150))).mean() > 0.9
    assert not familiarity.covers(photos_of("motorcycle", range(50))).any()


def test_a_rare_tag_is_remembered_beside_a_common_one() -> None:
    vectors = np.concatenate([photos_of("dog", range(1, 901)), photos_of("heron", range(1, 21))])
    groups = [str(number) for number in range(len(vectors))]
    familiarity = learn_familiarity(vectors, groups, COMPARED, RULES)
    assert len(familiarity.anchors) == RULES.anchors
    assert familiarity.covers(photos_of("heron", range(100, 120))).mean() > 0.9


def test_bursts_of_photos_do_not_make_their_own_subjects_unfamiliar() -> None:
    walls = [photos_of(name, range(1, 41), noise=0.05) for name in ("brick wall", "hedge")]
    # As in life, where the order is that of a hash, neighbours have nothing in common.
    mixed = np.stack(walls, axis=1).reshape(80, -1)
    familiarity = learn_familiarity(mixed, [str(n) for n in range(80)], COMPARED, RULES)
    assert familiarity.covers(photos_of("hedge", range(100, 120), noise=0.5)).all()
    assert not familiarity.covers(photos_of("motorcycle", range(1, 20))).any()


def test_photos_are_not_compared_with_their_own_near_duplicates() -> None:
    twice = np.concatenate([photos_of("heron", range(1, 61))] * 2)
    groups = [str(number) for number in range(60)] * 2
    once = learnt("heron")
    assert learn_familiarity(twice, groups, COMPARED, RULES).floor == pytest.approx(once.floor)


def test_a_single_group_knows_no_bounds() -> None:
    vectors = photos_of("heron", range(5))
    familiarity = learn_familiarity(vectors, ["one"] * 5, COMPARED, RULES)
    assert familiarity.covers(photos_of("motorcycle", range(3))).all()


def test_a_head_keeps_its_memory_byte_for_byte_and_is_silent_where_it_ends() -> None:
    size = vector_for("heron", 0).size
    head = Head(
        labels=("heron",),
        mean=np.zeros(size),
        scale=np.ones(size),
        kernel=np.zeros((size, 1)),
        bias=np.array([3.0]),
        show=np.array([0.9]),
        suggest=np.array([0.6]),
        familiarity=learnt("heron"),
    )
    loaded = Head.from_bytes(head.to_bytes())
    assert loaded.to_bytes() == head.to_bytes()
    spoken = loaded.speak(np.stack([vector_for("heron", 200), vector_for("motorcycle", 0)]))
    assert spoken.scores[:, 0].tolist() == pytest.approx([0.9526] * 2, abs=1e-4)
    assert spoken.familiar.tolist() == [True, False]
    assert spoken.shown[:, 0].tolist() == [True, False]
    assert spoken.offered[:, 0].tolist() == [True, False]


def test_a_memory_of_another_backbone_is_refused() -> None:
    with pytest.raises(BrokenHead, match="anchors"):
        Head(
            labels=(),
            mean=np.zeros(3),
            scale=np.ones(3),
            kernel=np.zeros((3, 0)),
            bias=np.zeros(0),
            show=np.zeros(0),
            suggest=np.zeros(0),
            familiarity=Familiarity(np.ones((2, 4), dtype=np.float32), 0.5),
        )
