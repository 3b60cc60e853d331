"""What somebody's vote is worth, from answers to questions that moderators have settled. Pure.

A gold task is a photo whose answer is known, asked like any other. Skill is kept per kind of
truth, because people err in two ways: to miss what is there, and to see what is not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from tagging.policy import Policy

# Beta(1, 1), the uniform prior (Bayes, Laplace): every skill is as likely as any other before
# the first answer. Its mean, one half, is that of a coin, so that who was never tested on a kind
# of truth brings nothing to it: whoever says yes to everything earns nothing on photos that show
# the tag until there are some that do not.
PRIOR = 1.0


@dataclass(frozen=True)
class GoldRecord:
    """How often somebody was right and wrong where the answer was known. "Not sure" is neither."""

    present_right: int = 0
    present_wrong: int = 0
    absent_right: int = 0
    absent_wrong: int = 0

    @property
    def answered(self) -> int:
        """Return how many gold tasks got a yes or a no."""
        return self.present_right + self.present_wrong + self.absent_right + self.absent_wrong


@dataclass(frozen=True)
class Skill:
    """A Beta posterior: how likely somebody is right about one kind of truth."""

    right: int
    wrong: int

    @property
    def mean(self) -> float:
        """Return the expected share of right answers."""
        return (self.right + PRIOR) / (self.right + self.wrong + 2 * PRIOR)

    @property
    def variance(self) -> float:
        """Return how uncertain that share still is."""
        return self.mean * (1 - self.mean) / (self.right + self.wrong + 2 * PRIOR + 1)


def voting_weight(record: GoldRecord, policy: Policy) -> float:
    """Return what this person's votes weigh, 0 to 1.

    Informedness (Youden 1950): sensitivity + specificity - 1, from the posterior means, less one
    standard deviation, because a coin is lucky about half of the time, and whoever has a weight
    at all counts as a person who agreed. Below zero, worse than a coin, counts as zero and is not
    turned around: nobody should be able to vote by lying. Zero before `golds_before_weight`
    answers, and one for everybody where the policy asks for none.
    """
    if not policy.golds_before_weight:
        return 1.0
    if record.answered < policy.golds_before_weight:
        return 0.0
    present = Skill(record.present_right, record.present_wrong)
    absent = Skill(record.absent_right, record.absent_wrong)
    doubt = sqrt(present.variance + absent.variance)
    return max(0.0, present.mean + absent.mean - 1 - doubt)


def gold_share(answered: int, shares: Sequence[tuple[int, float]]) -> float:
    """Return which share of the next questions should be gold tasks, 0 to 1.

    `shares` are (gold tasks answered so far, share from then on), in rising order and from 0: a
    newcomer is tested often, somebody known seldom (`Policy.gold_shares`).
    """
    if answered < 0:
        raise ValueError(f"Nobody has answered {answered} gold tasks.")
    return next(share for least, share in reversed(shares) if answered >= least)
