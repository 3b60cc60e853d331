"""Whether a Beta posterior per person and kind of truth is as good as Dawid-Skene (1979).

200 simulated people (10 % careless: they toss a coin or say yes to everything; 5 % malicious: they
say the contrary) answer gold tasks and vote on pairs of a photo and one of 20 tags. Each way of
reading the votes decides what it can; printed are, as a Markdown table, precision and recall of
"it is there" and of "it is not". All ways read the same votes; Dawid-Skene reads the gold answers
too, with their truth. Nobody colludes here, and nobody plays honest on gold tasks alone.

    python -m benchmarks.reputation [--seed 7]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tagging.policy import PUBLIC, Policy
from tagging.reputation import PRIOR, GoldRecord, voting_weight
from tagging.states import CONFIRMED, REJECTED, Ballot, judge_votes

PEOPLE, TAGS, PHOTOS, GOLDS = 200, 20, 250, 400
CARELESS, MALICIOUS = 0.10, 0.05
# Of the pairs that are asked about, as near the threshold of the network.
PRESENT = 0.5

Flags: TypeAlias = NDArray[np.bool_]
Decided: TypeAlias = tuple[Flags, Flags]
"""For each pair: found to be there, found not to be there."""


@dataclass(frozen=True)
class Crowd:
    """Chances of a right answer, by person and kind of truth (absent, present): [people, 2]."""

    right: NDArray[np.float64]

    def answers(self, people: NDArray[np.intp], truth: Flags, random: np.random.Generator) -> Flags:
        """Return what these people say of pairs with this truth, aligned."""
        is_right = random.random(truth.shape) < self.right[people, truth.astype(int)]
        return np.where(is_right, truth, ~truth)


@dataclass(frozen=True)
class Votes:
    """Answers of people to pairs, aligned."""

    pairs: NDArray[np.intp]
    people: NDArray[np.intp]
    answers: Flags


def main() -> None:
    """Print the table for a few and for many votes per pair."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    random = np.random.default_rng(parser.parse_args().seed)
    crowd = draw_crowd(random)
    golds = draw_golds(crowd, random)
    records = read_records(golds)
    print("| votes a pair | way | there: precision | recall | not there: precision | recall |")
    print("|---|---|---|---|---|---|")
    for votes_each in (3, 5, 8):
        truth, votes = draw_votes(crowd, votes_each, random)
        for name, decide in WAYS.items():
            tell(votes_each, name, truth, decide(votes, golds, records, len(truth)))


def draw_crowd(random: np.random.Generator) -> Crowd:
    """Return people of whom most are right nine times in ten and miss more than they invent."""
    right = np.stack([random.beta(19, 1, PEOPLE), random.beta(17, 3, PEOPLE)], axis=1)
    kinds = random.permutation(PEOPLE)
    careless = kinds[: int(PEOPLE * CARELESS)]
    malicious = kinds[len(careless) : len(careless) + int(PEOPLE * MALICIOUS)]
    right[careless[::2]] = 0.5
    right[careless[1::2]] = (0.05, 0.95)
    right[malicious] = 0.05
    return Crowd(right)


def draw_golds(crowd: Crowd, random: np.random.Generator) -> tuple[Votes, Flags]:
    """Return answers to gold tasks, from a handful a person to a few dozen, and their truth."""
    truth = random.random(GOLDS) < PRESENT
    numbers = np.minimum(random.geometric(1 / 20, PEOPLE) + 4, GOLDS)
    people = np.repeat(np.arange(PEOPLE), numbers)
    asked = np.concatenate([random.choice(GOLDS, number, replace=False) for number in numbers])
    return Votes(asked, people, crowd.answers(people, truth[asked], random)), truth


def draw_votes(crowd: Crowd, votes_each: int, random: np.random.Generator) -> tuple[Flags, Votes]:
    """Return the truth of every pair of photo and tag, and so many people's votes on each."""
    truth = random.random(PHOTOS * TAGS) < PRESENT
    pairs = np.repeat(np.arange(len(truth)), votes_each)
    people = np.concatenate(
        [random.choice(PEOPLE, votes_each, replace=False) for _ in range(len(truth))]
    )
    return truth, Votes(pairs, people, crowd.answers(people, truth[pairs], random))


def read_records(golds: tuple[Votes, Flags]) -> list[GoldRecord]:
    """Return everybody's record on gold tasks."""
    votes, truth = golds
    told = truth[votes.pairs]

    def count(kind: bool, right: bool) -> NDArray[np.intp]:
        chosen = (told == kind) & ((votes.answers == told) == right)
        return np.bincount(votes.people[chosen], minlength=PEOPLE)

    columns = [count(kind, right) for kind in (True, False) for right in (True, False)]
    return [GoldRecord(*map(int, row)) for row in zip(*columns, strict=True)]


def decide_by_majority(votes: Votes, _golds: object, _records: object, pairs: int) -> Decided:
    """More people say so than not; nobody is weighed."""
    balance = np.bincount(votes.pairs, np.where(votes.answers, 1, -1), minlength=pairs)
    return balance > 0, balance < 0


def decide_by_agreement(votes: Votes, _golds: object, _records: object, pairs: int) -> Decided:
    """The policy's rule, everybody weighing the same."""
    return decide_by_rule(votes, [1.0] * PEOPLE, pairs)


def decide_by_beta(votes: Votes, _golds: object, records: list[GoldRecord], pairs: int) -> Decided:
    """The policy's rule with the policy's weights: what eyes does."""
    return decide_by_rule(votes, [voting_weight(record, PUBLIC) for record in records], pairs)


def decide_by_beta_means(
    votes: Votes, _golds: object, records: list[GoldRecord], pairs: int
) -> Decided:
    """The same without taking off the doubt."""

    def weight(record: GoldRecord) -> float:
        if record.answered < PUBLIC.golds_before_weight:
            return 0.0
        present = record.present_right + record.present_wrong + 2 * PRIOR
        absent = record.absent_right + record.absent_wrong + 2 * PRIOR
        right = (record.present_right + PRIOR) / present + (record.absent_right + PRIOR) / absent
        return max(0.0, right - 1)

    return decide_by_rule(votes, [weight(record) for record in records], pairs)


def decide_by_rule(votes: Votes, weights: list[float], pairs: int) -> Decided:
    """The rule of `public`, all votes of age and nobody's device shared."""
    ballots: list[list[Ballot]] = [[] for _ in range(pairs)]
    for pair, person, answer in zip(votes.pairs, votes.people, votes.answers, strict=True):
        ballots[pair].append(Ballot("yes" if answer else "no", weight=weights[person]))
    policy: Policy = replace(PUBLIC, escalation_votes=0)
    states = np.array([judge_votes(cast, policy).state or "" for cast in ballots])
    return states == CONFIRMED, states == REJECTED


def decide_by_dawid_skene(
    votes: Votes, golds: tuple[Votes, Flags], _records: object, pairs: int
) -> Decided:
    """Skills and answers estimated together, decided where the posterior is above the share."""
    import pandas as pd
    from crowdkit.aggregation import DawidSkene

    tested, truth = golds
    table = pd.DataFrame(
        {
            "task": np.concatenate([votes.pairs, tested.pairs + pairs]),
            "worker": np.concatenate([votes.people, tested.people]),
            "label": np.concatenate([votes.answers, tested.answers]).astype(int),
        }
    )
    known = pd.Series(truth.astype(int), index=np.arange(len(truth)) + pairs)
    known = known[known.index.isin(table["task"])]
    chances = DawidSkene(n_iter=50).fit_predict_proba(table, true_labels=known)
    present = chances.reindex(np.arange(pairs))[1].to_numpy()
    return present > DAWID_SKENE_SURE, present < 1 - DAWID_SKENE_SURE


# A posterior, other than a share of votes, is sharp: most lie beyond 0.99 after a few votes.
DAWID_SKENE_SURE = 0.95

Way = Callable[[Votes, tuple[Votes, Flags], list[GoldRecord], int], Decided]
WAYS: Mapping[str, Way] = {
    "majority vote": decide_by_majority,
    "two thirds of three, unweighed": decide_by_agreement,
    "Beta means": decide_by_beta_means,
    "Beta means less doubt (eyes)": decide_by_beta,
    "Dawid-Skene with gold": decide_by_dawid_skene,
}


def tell(votes_each: int, name: str, truth: Flags, decided: Decided) -> None:
    """Print one row: precision and recall of either answer."""
    figures = []
    for found, fact in ((decided[0], truth), (decided[1], ~truth)):
        right = int((found & fact).sum())
        figures += [right / max(int(found.sum()), 1), right / int(fact.sum())]
    print(f"| {votes_each} | {name} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")


if __name__ == "__main__":
    main()
