"""Nobody teaches everybody: the fair level is one number, and a flood runs dry."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from training.learning.shares import fair_level, least_people, within_shares


@pytest.mark.parametrize(
    ("counts", "share", "level"),
    [
        ([10] * 12 + [10_000], 0.2, 30),  # 30 of 150
        ([20, 20, 20, 20, 20], 0.2, 20),
        ([20, 20, 20, 20, 19], 0.2, 19),
        ([5, 5, 5, 5], 0.2, 0),
        ([3, 7, 100], 1.0, 100),
        ([], 0.2, 0),
    ],
)
def test_the_level_is_the_largest_at_which_nobody_is_above_the_share(
    counts: list[int], share: float, level: int
) -> None:
    assert fair_level(counts, share) == level


def test_every_level_above_the_fair_one_breaks_the_share() -> None:
    random = np.random.default_rng(4)
    for _ in range(50):
        counts = random.integers(1, 200, random.integers(5, 40))
        level = fair_level(counts, 0.2)
        fits = [
            c for c in range(1, 201) if min(c, counts.max()) <= 0.2 * np.minimum(counts, c).sum()
        ]
        assert min(level, counts.max()) == min(max(fits, default=0), counts.max())


def test_it_takes_five_people_for_a_fifth_and_twenty_for_a_twentieth() -> None:
    assert (least_people(0.2), least_people(0.05), least_people(1.0)) == (5, 20, 1)


def photos_of(people: dict[int, int], tags: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return shuffled uploaders, and photos that all show the first tag."""
    uploaders = np.repeat(list(people), list(people.values()))
    uploaders = np.random.default_rng(1).permutation(uploaders)
    present = np.zeros((len(uploaders), tags), dtype=np.bool_)
    present[:, 0] = True
    return uploaders, present


def test_an_account_that_floods_a_tag_ends_up_with_its_share_and_no_more() -> None:
    honest = dict.fromkeys(range(1, 31), 10)
    uploaders, present = photos_of({**honest, 99: 10_000})
    stays = within_shares(uploaders, present, most_of_tag=0.2, most_of_set=0.05)
    kept = Counter(uploaders[stays].tolist())
    assert kept[99] == 15  # 15 of 315 is just below a twentieth
    assert all(kept[person] == 10 for person in honest)


def test_both_shares_hold_at_the_end_whatever_was_cut_on_the_way() -> None:
    random = np.random.default_rng(7)
    for seed in range(10):
        uploaders = random.zipf(1.5, 3000) % 60
        present = random.random((3000, 4)) < [0.5, 0.2, 0.1, 0.02]
        stays = within_shares(uploaders, present, most_of_tag=0.2, most_of_set=0.05)
        kept = np.bincount(uploaders[stays])
        assert kept.max() <= 0.05 * stays.sum() + 1e-6, seed
        for column in range(4):
            shown = uploaders[stays & present[:, column]]
            assert np.bincount(shown).max(initial=0) <= 0.2 * len(shown) + 1e-6
        again = within_shares(uploaders[stays], present[stays], most_of_tag=0.2, most_of_set=0.05)
        assert again.all()


def test_too_few_people_leave_nothing() -> None:
    uploaders, present = photos_of({1: 50, 2: 50, 3: 50})
    assert not within_shares(uploaders, present, most_of_tag=0.2, most_of_set=1.0).any()


def test_whole_shares_cut_nothing() -> None:
    uploaders, present = photos_of({1: 50})
    assert within_shares(uploaders, present, most_of_tag=1.0, most_of_set=1.0).all()
