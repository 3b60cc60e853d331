"""In which order the kinds of questions are tried. Pure numbers and a source of chance."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import TypeVar

from tagging.policy import Policy
from tagging.reputation import gold_share

UNCERTAIN, DIVERSE, SUSPECT, BLIND, GOLD = "uncertain", "diverse", "suspect", "blind", "gold"
SHOWN, OFFERED, SILENT = "shown", "offered", "silent"

# How often each stratum of the blind slice is drawn. Half goes to what is shown, because precision
# is read there and people see it; the rest is shared by what decides recall. Whoever estimates
# weighs the strata by their true sizes, so these shares move the width of an interval, never its
# middle.
STRATUM_SHARES = {SHOWN: 0.5, OFFERED: 0.25, SILENT: 0.25}

Name = TypeVar("Name", bound=str)


def kind_weights(answered: int, policy: Policy) -> dict[str, float]:
    """Return how often each kind is asked, adding up to one: the mix shares what gold leaves."""
    gold = gold_share(answered, policy.gold_shares)
    mix = {
        UNCERTAIN: policy.mix_uncertain,
        DIVERSE: policy.mix_diverse,
        SUSPECT: policy.mix_suspect,
        BLIND: policy.mix_blind,
    }
    whole = sum(mix.values())
    return {GOLD: gold, **{kind: (1 - gold) * part / whole for kind, part in mix.items()}}


def weighted_order(weights: Mapping[Name, float], rng: random.Random) -> list[Name]:
    """Return the names in a random order; each place goes to one of those left, by its weight.

    So where the first has nothing to offer, its share goes to the others in their proportions.
    Names of weight zero come last.
    """
    left = dict(weights)
    order: list[Name] = []
    while left:
        whole = sum(left.values())
        if whole <= 0:
            order.extend(left)
            break
        chosen = rng.choices(list(left), weights=list(left.values()))[0]
        order.append(chosen)
        del left[chosen]
    return order
