"""Whether a Beta posterior per person and kind of truth is as good as Dawid-Skene (1979).

200 simulated people (10 % careless: they toss a coin or say yes to everything; 5 % malicious: they
say the contrary) answer gold tasks and vote on pairs of a photo and one of 20 tags. Dawid-Skene
reads those votes as well as the gold answers, a Beta posterior the gold answers alone. Either
knowledge of people is put to use twice: as weights in the rule of `public`, and in Bayes' rule,
which decides where the posterior of an answer is above 0.95. Printed are, as Markdown, precision
and recall of "it is there" and "it is not", and what the weights make of each kind of person.
Nobody colludes here, and nobody plays honest on gold tasks alone.

    python -m benchmarks.reputation [--seed 7]
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from tagging.policy import PUBLIC
from tagging.reputation import GoldRecord, Skill, voting_weight
from tagging.states import CONFIRMED, REJECTED, Ballot, judge_votes

PEOPLE, TAGS, PHOTOS, GOLDS = 200, 20, 250, 400
CARELESS, MALICIOUS = 0.10, 0.05
# Of the pairs that are asked about, as near the threshold of the network.
PRESENT = 0.5
# Bayes' rule decides above this posterior.
SURE = 0.95

Flags: TypeAlias = NDArray[np.bool_]
Floats: TypeAlias = NDArray[np.float64]
Decided: TypeAlias = tuple[Flags, Flags]
"""For each pair: found to be there, found not to be there."""


@dataclass(frozen=True)
class Crowd:
    """People, by kind and by what they know."""

    kinds: NDArray[np.str_]
    right: Floats
    """Chances of a right answer where the tag is absent and where it is present: [people, 2]."""

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
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=7)
    random = np.random.default_rng(parser.parse_args().seed)
    crowd = draw_crowd(random)
    golds = draw_golds(crowd, random)
    print("| votes a pair | way | there: precision | recall | not there: precision | recall |")
    print("|---|---|---|---|---|---|")
    for votes_each in (3, 5, 8):
        tell_decisions(votes_each, crowd, golds, random)
    print()
    tell_weights(crowd, read_records(golds))


def draw_crowd(random: np.random.Generator) -> Crowd:
    """Return people of whom most are right nine times in ten and miss more than they invent."""
    right = np.stack([random.beta(19, 1, PEOPLE), random.beta(17, 3, PEOPLE)], axis=1)
    kinds = random.permutation(PEOPLE)
    careless = kinds[: int(PEOPLE * CARELESS)]
    malicious = kinds[len(careless) : len(careless) + int(PEOPLE * MALICIOUS)]
    right[careless[::2]] = 0.5
    right[careless[1::2]] = (0.05, 0.95)
    right[malicious] = 0.05
    names = np.full(PEOPLE, "honest", dtype="<U9")
    names[careless], names[malicious] = "careless", "malicious"
    return Crowd(names, right)


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


def decide_by_majority(votes: Votes, pairs: int) -> Decided:
    """More people say so than not; nobody is weighed."""
    balance = np.bincount(votes.pairs, np.where(votes.answers, 1, -1), minlength=pairs)
    return balance > 0, balance < 0


def decide_by_rule(votes: Votes, weights: Floats, pairs: int) -> Decided:
    """The rule of `public`, all votes of age and nobody's device shared."""
    ballots: list[list[Ballot]] = [[] for _ in range(pairs)]
    for pair, person, answer in zip(votes.pairs, votes.people, votes.answers, strict=True):
        ballots[pair].append(Ballot("yes" if answer else "no", weight=float(weights[person])))
    states = np.array([judge_votes(cast, PUBLIC).state or "" for cast in ballots])
    return states == CONFIRMED, states == REJECTED


def decide_by_bayes(votes: Votes, right: Floats, pairs: int) -> Decided:
    """The posterior of independent answers, given each person's chances of being right."""
    absent, present = right[votes.people].T
    odds = np.where(votes.answers, present / (1 - absent), (1 - present) / absent)
    total = np.bincount(votes.pairs, np.log(odds), minlength=pairs)
    surely = np.log(SURE / (1 - SURE))
    return total > surely, total < -surely


def means_of(records: list[GoldRecord]) -> Floats:
    """Return the posterior means of being right where absent and where present: [people, 2]."""
    skills = [
        (
            Skill(record.absent_right, record.absent_wrong).mean,
            Skill(record.present_right, record.present_wrong).mean,
        )
        for record in records
    ]
    return np.array(skills)


def fit_dawid_skene(votes: Votes, golds: tuple[Votes, Flags], pairs: int) -> Floats:
    """Return the same chances as Dawid-Skene estimates them from votes and gold answers."""
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
    errors: pd.DataFrame = DawidSkene(n_iter=50).fit(table, true_labels=known).errors_
    absent = errors.xs(0, level="label")[0].reindex(range(PEOPLE), fill_value=0.5)
    present = errors.xs(1, level="label")[1].reindex(range(PEOPLE), fill_value=0.5)
    right: Floats = np.stack([absent, present], axis=1).astype(np.float64)
    return right.clip(0.01, 0.99)


def tell_decisions(
    votes_each: int, crowd: Crowd, golds: tuple[Votes, Flags], random: np.random.Generator
) -> None:
    """Print a row for each way to decide pairs with so many votes."""
    truth, votes = draw_votes(crowd, votes_each, random)
    records, pairs = read_records(golds), len(truth)
    means, estimated = means_of(records), fit_dawid_skene(votes, golds, pairs)
    ways = {
        "majority vote": decide_by_majority(votes, pairs),
        "rule of `public`, all alike": decide_by_rule(votes, np.ones(PEOPLE), pairs),
        "rule of `public`, Beta (eyes)": decide_by_rule(votes, weights_of(records), pairs),
        "rule of `public`, Beta without its doubt": decide_by_rule(
            votes, informedness(means) * has_enough(records), pairs
        ),
        "rule of `public`, Dawid-Skene": decide_by_rule(
            votes, informedness(estimated) * has_enough(records), pairs
        ),
        "Bayes, Beta": decide_by_bayes(votes, means, pairs),
        "Bayes, Dawid-Skene": decide_by_bayes(votes, estimated, pairs),
    }
    for name, decided in ways.items():
        tell(votes_each, name, truth, decided)


def informedness(right: Floats) -> Floats:
    """Return sensitivity + specificity - 1, at least 0, of each person."""
    informed: Floats = right.sum(axis=1) - 1
    return informed.clip(0)


def weights_of(records: list[GoldRecord]) -> Floats:
    """Return the weights that eyes gives."""
    return np.array([voting_weight(record, PUBLIC) for record in records])


def has_enough(records: list[GoldRecord]) -> Flags:
    """Return who has answered as many gold tasks as the policy asks for."""
    return np.array([record.answered >= PUBLIC.golds_before_weight for record in records])


def tell_weights(crowd: Crowd, records: list[GoldRecord]) -> None:
    """Print what people of each kind weigh who have answered enough gold tasks."""
    print("| people | with enough gold | mean weight | with any | without the doubt | with any |")
    print("|---|---|---|---|---|---|")
    enough = has_enough(records)
    for kind in ("honest", "careless", "malicious"):
        chosen = enough & (crowd.kinds == kind)
        figures = []
        for weights in (weights_of(records), informedness(means_of(records))):
            figures += [f"{weights[chosen].mean():.2f}", f"{(weights[chosen] > 0).mean():.0%}"]
        print(f"| {kind} | {int(chosen.sum())} | " + " | ".join(figures) + " |")


def tell(votes_each: int, name: str, truth: Flags, decided: Decided) -> None:
    """Print one row: precision and recall of either answer."""
    figures = []
    for found, fact in ((decided[0], truth), (decided[1], ~truth)):
        right = int((found & fact).sum())
        figures += [right / max(int(found.sum()), 1), right / int(fact.sum())]
    print(f"| {votes_each} | {name} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")


if __name__ == "__main__":
    main()
