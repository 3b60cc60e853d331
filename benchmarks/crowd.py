"""A crowd of strangers, some of them careless, malicious or in league: what becomes curated?

200 people answer questions about 20 tags. One in ten is careless, one in twenty malicious, one in
five belongs to a ring of five that agrees beforehand on false answers to questions of its choice;
half of the rings sit on one network, half are clever enough not to. Malicious people and rings
answer gold tasks honestly half of the time or always. The same votes go through the rule of the
preset `public` and through a plain majority; then a moderator approves, who overlooks one in ten
false ones, or looks at nothing at all. Pure simulation with the rules of the site. Run with

    python -m benchmarks.crowd [--plot FILE.svg]
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import numpy as np

from tagging.circles import find_circles
from tagging.policy import PUBLIC
from tagging.reputation import GoldRecord, voting_weight
from tagging.states import CONFIRMED, REJECTED, YES, Ballot, judge_votes

NO = "no"
SEED, ROUNDS = 7, 5
PEOPLE, TAGS, PAIRS = 200, 20, 4000
CARELESS, MALICIOUS, COLLUDING, RING = 0.10, 0.05, 0.20, 5
# Sensitivity and specificity of people who try, of people who do not.
CAREFUL_SKILL, CARELESS_SKILL = (0.90, 0.99), (0.55, 0.75)
# One pair in ten is attacked by a ring, all at once and before anybody else has looked.
ATTACKED = 0.10
GOLDS = 24
MOST_VOTES = 10
OVERLOOKED = 0.10
# How quickly strangers come to a question.
VOTES_PER_DAY = 2.0
# A pair that looks done gets no more questions, so most are decided on few votes.
LEAST_VOTES_OF_MAJORITY = 3


Vote: TypeAlias = tuple[float, int, str]
"""The day of the vote, who cast it, and what it says."""


@dataclass(frozen=True)
class Person:
    """How somebody answers: right with this chance where the tag is there, and where it is not."""

    sensitivity: float
    specificity: float
    lies: bool
    honest_on_golds: float
    ring: int | None
    network: str

    def answer(self, is_there: bool, random: np.random.Generator) -> str:
        """Return what the person says of a photo, meaning well."""
        is_right = random.random() < (self.sensitivity if is_there else self.specificity)
        return YES if is_there == is_right else NO


@dataclass
class Score:
    """How many tags were decided present or absent, and how many of them rightly."""

    present: list[bool] = field(default_factory=list)
    absent: list[bool] = field(default_factory=list)
    curated: list[bool] = field(default_factory=list)
    """Of those decided present: what the moderator who looks let through."""
    pairs: int = 0
    escalated: int = 0

    def row(self, name: str) -> str:
        """Return the line of a Markdown table."""
        return (
            f"| {name} | {np.mean(self.present):.2%} | {np.mean(self.curated):.2%} | "
            f"{np.mean(self.absent):.2%} | "
            f"{(len(self.present) + len(self.absent)) / self.pairs:.1%} | "
            f"{self.escalated / self.pairs:.1%} |"
        )


def main() -> None:
    """Print precision and reach of both rules, attacked pairs apart."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plot", type=Path)
    wishes = parser.parse_args()
    random = np.random.default_rng(SEED)
    scores = {name: Score() for name in _NAMES}
    for _ in range(ROUNDS):
        play(make_people(random), random, scores)
    print(
        f"{PEOPLE} people, {TAGS} tags, {ROUNDS} times {PAIRS} questions, "
        f"{ATTACKED:.0%} of them attacked by a ring\n"
    )
    print("| rule | right of confirmed | right of curated | right of rejected | decided | to "
          "moderators |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|")
    for name in _NAMES:
        print(scores[name].row(name))
    if wishes.plot:
        draw(scores, wishes.plot)


_PUBLIC, _MAJORITY = "`public`", "plain majority"
_NAMES = (
    f"{_PUBLIC}, all pairs",
    f"{_MAJORITY}, all pairs",
    f"{_PUBLIC}, attacked pairs",
    f"{_MAJORITY}, attacked pairs",
)


def make_people(random: np.random.Generator) -> list[Person]:
    """Return the crowd; who is what is drawn anew each time."""
    kinds = ["careless"] * round(CARELESS * PEOPLE) + ["malicious"] * round(MALICIOUS * PEOPLE)
    kinds += ["ring"] * round(COLLUDING * PEOPLE)
    kinds += ["careful"] * (PEOPLE - len(kinds))
    people, members = [], 0
    for number, kind in enumerate(kinds):
        low, high = CARELESS_SKILL if kind == "careless" else CAREFUL_SKILL
        ring = members // RING if kind == "ring" else None
        members += kind == "ring"
        shares_network = ring is not None and ring % 2 == 0
        people.append(
            Person(
                sensitivity=float(random.uniform(low, high)),
                specificity=float(random.uniform(low, high)),
                lies=kind == "malicious",
                honest_on_golds=0.5 if kind == "malicious" else 1.0,
                ring=ring,
                network=f"ring {ring}" if shares_network else f"home {number}",
            )
        )
    return people


def play(people: Sequence[Person], random: np.random.Generator, scores: dict[str, Score]) -> None:
    """Ask all questions of one crowd and count what both rules make of the answers."""
    weights = [voting_weight(answer_golds(person, random), PUBLIC) for person in people]
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    circles = find_circles(
        {number: [(person.network, moment)] for number, person in enumerate(people)},
        timedelta(hours=PUBLIC.shared_hours),
    )
    rings = sorted({person.ring for person in people if person.ring is not None})
    # A tag is on one photo in two of those that are asked about: questions are not drawn blindly.
    for _ in range(PAIRS):
        is_there = bool(random.random() < 0.5)
        is_attacked = bool(random.random() < ATTACKED)
        ring = int(random.choice(rings)) if is_attacked else None
        voters = _voters(people, ring, random)
        votes = [
            (day, number, _vote(people[number], ring, is_there, random)) for day, number in voters
        ]
        overlooks = bool(random.random() < OVERLOOKED)
        for suffix in ("all pairs", *(["attacked pairs"] if is_attacked else [])):
            _count(scores[f"{_PUBLIC}, {suffix}"], *_by_policy(votes, weights, circles),
                   is_there, overlooks)  # fmt: skip
            _count(scores[f"{_MAJORITY}, {suffix}"], _by_majority(votes), False,
                   is_there, overlooks)  # fmt: skip


def answer_golds(person: Person, random: np.random.Generator) -> GoldRecord:
    """Return how the person did on gold tasks, half of them with the tag there."""
    counts = {"present_right": 0, "present_wrong": 0, "absent_right": 0, "absent_wrong": 0}
    for number in range(GOLDS):
        is_there = number % 2 == 0
        said = person.answer(is_there, random)
        if person.lies and random.random() >= person.honest_on_golds:
            said = NO if said == YES else YES
        is_right = (said == YES) == is_there
        counts[f"{'present' if is_there else 'absent'}_{'right' if is_right else 'wrong'}"] += 1
    return GoldRecord(**counts)


def _voters(
    people: Sequence[Person], ring: int | None, random: np.random.Generator
) -> list[tuple[float, int]]:
    """Return (day, person) in order: a ring first and at once, then whoever comes along."""
    members = [number for number, person in enumerate(people)
               if ring is not None and person.ring == ring]  # fmt: skip
    others = [int(number) for number in random.permutation(len(people)) if number not in members]
    others = others[: MOST_VOTES - len(members)]
    days = np.cumsum(random.exponential(1 / VOTES_PER_DAY, size=len(others)))
    return [*((0.0, number) for number in members), *zip(days.tolist(), others, strict=True)]


def _vote(person: Person, ring: int | None, is_there: bool, random: np.random.Generator) -> str:
    said = person.answer(is_there, random)
    is_false = person.lies or (ring is not None and person.ring == ring)
    if not is_false:
        return said
    return NO if is_there else YES


def _by_policy(
    votes: list[Vote], weights: list[float], circles: dict[int, int]
) -> tuple[str | None, bool]:
    """Return what the rule for strangers says on the first day on which it says anything.

    `votes` are (day, person, value). A moderator approves on that very day.
    """
    age = PUBLIC.vote_age_hours / 24
    last = max(day for day, _, _ in votes)
    for today in np.arange(0.0, last + age + 1.0):
        ballots = [
            Ballot(value=value, weight=weights[number], circle=circles[number],
                   is_of_age=bool(today - day >= age))
            for day, number, value in votes
            if day <= today
        ]  # fmt: skip
        verdict = judge_votes(ballots, PUBLIC)
        if verdict.state in {CONFIRMED, REJECTED}:
            return verdict.state, False
    return None, verdict.is_escalated


def _by_majority(votes: list[Vote]) -> str | None:
    """Return what more than half of the first voters say, once there are three of them."""
    for seen in range(LEAST_VOTES_OF_MAJORITY, len(votes) + 1):
        yes = sum(value == YES for _, _, value in votes[:seen])
        if 2 * yes != seen:
            return CONFIRMED if 2 * yes > seen else REJECTED
    return None


def _count(
    score: Score, state: str | None, is_escalated: bool, is_there: bool, overlooks: bool
) -> None:
    score.pairs += 1
    score.escalated += is_escalated
    if state == CONFIRMED:
        score.present.append(is_there)
        if is_there or overlooks:
            score.curated.append(is_there)
    elif state == REJECTED:
        score.absent.append(not is_there)


def draw(scores: dict[str, Score], path: Path) -> None:
    """Write the precision of confirmed and curated tags of both rules as an SVG."""
    from benchmarks.plots import open_axes, save

    figure, axes = open_axes("", "share that is right")
    places = np.arange(len(_NAMES))
    axes.bar(places - 0.2, [np.mean(scores[name].present) for name in _NAMES], 0.38,
             label="confirmed by votes")  # fmt: skip
    axes.bar(places + 0.2, [np.mean(scores[name].curated) for name in _NAMES], 0.38,
             label="curated, with a moderator")  # fmt: skip
    axes.axhline(0.98, color="0.3", linestyle="--", linewidth=1)
    axes.set_xticks(places, [name.replace("`", "").replace(", ", "\n") for name in _NAMES])
    axes.set_ylim(0, 1.02)
    axes.legend(loc="lower left")
    save(figure, path)


if __name__ == "__main__":
    main()
