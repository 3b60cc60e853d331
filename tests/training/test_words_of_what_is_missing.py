"""What a tag still needs is told in numbers, and a schedule can read it back."""

from __future__ import annotations

import pytest

from tagging.policy import COMMUNITY, PUBLIC, Policy
from tagging.supply import Supply
from training.snapshot import WITHOUT_NEGATIVES, was_short_of_photos


@pytest.mark.parametrize(
    ("policy", "supply", "words"),
    [
        (COMMUNITY, Supply(12, 1), "12 of 20 curated photos"),
        (COMMUNITY, Supply(20, 1), ""),
        (COMMUNITY, Supply(0, 0), "0 of 20 curated photos"),
        (PUBLIC, Supply(62, 4), "62 of 100 curated photos, from 4 of 10 people"),
        (PUBLIC, Supply(62, 12), "62 of 100 curated photos"),
        (PUBLIC, Supply(140, 4), "from 4 of 10 people"),
        (PUBLIC, Supply(100, 10), ""),
    ],
)
def test_what_is_short_is_said_and_nothing_else(policy: Policy, supply: Supply, words: str) -> None:
    assert supply.what_is_short(policy) == words
    assert was_short_of_photos(words, policy) is bool(words)


@pytest.mark.parametrize(
    "words",
    [
        WITHOUT_NEGATIVES,
        "needs 3 more people with photos of it, checked by moderators, to judge it on",
        "needs more that can be used: 98 of 100 curated photos",
        "needs photos of 20 people in the whole set, which has those of 12",
        "",
    ],
)
def test_what_more_of_the_same_would_not_change_is_no_reason_to_try_again(words: str) -> None:
    assert not was_short_of_photos(words, PUBLIC)
