"""How many answers the review mix saves: to 95 % of what all answers together would teach.

Every question is a photo and a tag, every answer a yes or a no, one in fifty of them wrong. The
mix asks as the review page does: near the threshold, far from everything asked, suspected mistakes,
and uniformly. Beside it stand questions in random order, and, harder to beat, random photos each
asked about the tag that the network finds likeliest. Run with

    python -m benchmarks.label_economy [FOLDER] [--plot FILE.svg]
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.material import Material, load_material
from benchmarks.setting import fresh_installation

EACH, HIDDEN, SEEDS = 120, 100, 3
# Photos of each tag with everything known at the start: less is no network to ask with.
STARTED = 3
WRONG_ANSWERS = 0.02
ENOUGH = 0.95
FIT_STEPS = 60
FIRST_BATCH, GROWTH, MOST_BATCHES = 60, 1.15, 32

Answers = NDArray[np.int8]
Pairs = list[tuple[int, int]]


@dataclass
class Classroom:
    """What is known so far: answers int8 [n, t], 0 where nobody was asked, and the truth."""

    features: NDArray[np.float32]
    unit: NDArray[np.float32]
    truth: NDArray[np.bool_]
    hidden: NDArray[np.float32]
    hidden_labels: NDArray[np.intp]
    random: np.random.Generator
    answers: Answers = field(init=False)
    asked: int = 0

    def __post_init__(self) -> None:
        self.answers = np.zeros(self.truth.shape, dtype=np.int8)

    def ask(self, pairs: Pairs) -> None:
        """Have these questions answered; asked again, the new answer counts."""
        for row, tag in pairs:
            is_right = self.random.random() >= WRONG_ANSWERS
            self.answers[row, tag] = 1 if self.truth[row, tag] == is_right else -1
        self.asked += len(pairs)

    def open_pairs(self) -> Pairs:
        """Return every pair that nobody was asked about, in random order."""
        pairs = np.argwhere(self.answers == 0)
        return [(int(row), int(tag)) for row, tag in self.random.permutation(pairs)]


Ask = Callable[[Classroom, NDArray[np.float32], int], Pairs]


def main() -> None:
    """Print answers needed per way of asking, and their ratios; write the plot if asked."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--plot", type=Path)
    wishes = parser.parse_args()
    with fresh_installation():
        material = load_material(wishes.folder, each=EACH, hidden=HIDDEN)
        full = float(np.mean([accuracy_of_everything(material, seed) for seed in range(SEEDS)]))
        curves = {
            name: [learn(material, ask, seed, full) for seed in range(SEEDS)]
            for name, ask in WAYS.items()
        }
    pairs = int(material.taught.sum()) * len(material.tags)
    print(f"{len(material.tags)} tags, {material.taught.sum()} photos, {pairs} questions in all")
    print(f"top-1 with every answer: {full:.1%}; wanted: {ENOUGH * full:.1%}\n")
    print("| order of questions | answers needed (each of three seeds) | against random order |")
    print("|---|---:|---:|")
    needed = {name: [answers_needed(curve, full) for curve in some]
              for name, some in curves.items()}  # fmt: skip
    base = np.mean([number or np.nan for number in needed[RANDOM]])
    for name, numbers in needed.items():
        told = ", ".join("not reached" if number is None else str(number) for number in numbers)
        mean = np.mean([number or np.nan for number in numbers])
        print(f"| {name} | {told} | {mean / base:.2f} |")
    if wishes.plot:
        draw(curves, full, wishes.plot)


def accuracy_of_everything(material: Material, seed: int) -> float:
    """Return top-1 on hidden photos with every question answered once."""
    classroom = open_classroom(material, seed)
    classroom.ask(classroom.open_pairs())
    return judge(classroom, fit(classroom))


def open_classroom(material: Material, seed: int) -> Classroom:
    """Return a classroom with a few photos of each tag known."""
    from tagging.familiarity import unit_vectors
    from training.learning.features import standardisation, standardise

    taught, hidden = material.taught, ~material.taught
    mean, scale = standardisation(material.vectors[taught])
    truth = material.labels[taught][:, None] == np.arange(len(material.tags))
    classroom = Classroom(
        features=standardise(material.vectors[taught], mean, scale),
        unit=unit_vectors(material.vectors[taught], 1280),
        truth=truth,
        hidden=standardise(material.vectors[hidden], mean, scale),
        hidden_labels=material.labels[hidden],
        random=np.random.default_rng(seed),
    )
    for tag in range(truth.shape[1]):
        rows = classroom.random.permutation(np.flatnonzero(truth[:, tag]))[:STARTED]
        classroom.answers[rows] = np.where(truth[rows], 1, -1)
    return classroom


def learn(material: Material, ask: Ask, seed: int, full: float) -> list[tuple[int, float]]:
    """Return (answers so far, top-1 on hidden photos), until it is well above what is wanted."""
    from tagging.head import sigmoid

    classroom = open_classroom(material, seed)
    batch, curve = float(FIRST_BATCH), []
    for _ in range(MOST_BATCHES):
        head = fit(classroom)
        curve.append((classroom.asked, judge(classroom, head)))
        if curve[-1][1] > (ENOUGH + 0.02) * full:
            break
        scores = sigmoid(head(classroom.features))
        classroom.ask(ask(classroom, scores, round(batch)))
        batch *= GROWTH
    return curve


def fit(classroom: Classroom) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return the logits of a head taught what is known, weighted as a lesson weighs it."""
    from tagging.policy import COMMUNITY
    from training.learning import head as fitting
    from training.learning.lesson import balanced, loss_weights

    targets = (classroom.answers > 0).astype(np.float32)
    nothing = np.zeros(targets.shape, dtype=np.bool_)
    weights = loss_weights(classroom.answers, nothing, COMMUNITY.unknown_weight)
    task = fitting.Task(classroom.features, targets, balanced(weights, targets))
    steps = np.full(targets.shape[1], FIT_STEPS)
    return fitting.fit_for(task, steps, fitting.FitSettings()).logits


def judge(
    classroom: Classroom, head: Callable[[NDArray[np.float32]], NDArray[np.float32]]
) -> float:
    """Return top-1 on hidden photos."""
    guess = head(classroom.hidden).argmax(axis=1)
    return float((guess == classroom.hidden_labels).mean())


def ask_at_random(classroom: Classroom, scores: NDArray[np.float32], count: int) -> Pairs:
    """Return uniformly drawn questions."""
    return classroom.open_pairs()[:count]


def ask_the_likeliest(classroom: Classroom, scores: NDArray[np.float32], count: int) -> Pairs:
    """Return for random photos the open tag with the highest score."""
    open_scores = np.where(classroom.answers == 0, scores, -1.0)
    rows = classroom.random.permutation(np.flatnonzero((open_scores >= 0).any(axis=1)))[:count]
    return [(int(row), int(open_scores[row].argmax())) for row in rows]


def ask_the_mix(classroom: Classroom, scores: NDArray[np.float32], count: int) -> Pairs:
    """Return what the review page would ask: each kind its share, the rest uniformly."""
    from tagging.policy import COMMUNITY
    from training.learning.queue import deal_out, farthest_first, nearest_rows, suspected_errors

    is_open = classroom.answers == 0
    shares = {
        "uncertain": round(COMMUNITY.mix_uncertain * count),
        "diverse": round(COMMUNITY.mix_diverse * count),
        "suspect": round(COMMUNITY.mix_suspect * count),
    }
    near = {
        tag: [(int(row), tag) for row in nearest_rows(scores[:, tag], 0.5, is_open[:, tag], count)]
        for tag in range(scores.shape[1])
    }
    pairs = deal_out(near, shares["uncertain"])
    told = is_open.all(axis=1)
    silent, spoken = np.flatnonzero(told), np.flatnonzero(~told)
    far = farthest_first(classroom.unit[silent], classroom.unit[spoken], shares["diverse"])
    pairs += [(int(silent[row]), int(scores[silent[row]].argmax())) for row in far]
    suspects = {}
    for tag in range(scores.shape[1]):
        known = np.flatnonzero(~is_open[:, tag])
        present = classroom.answers[known, tag] > 0
        found = suspected_errors(classroom.features[known], present, [str(row) for row in known])
        suspects[tag] = [(int(known[row]), tag) for row in found]
    pairs += deal_out(suspects, shares["suspect"])
    taken = set(pairs)
    rest = [pair for pair in classroom.open_pairs()[: 2 * count] if pair not in taken]
    return [*taken, *rest[: count - len(taken)]]


RANDOM, LIKELIEST, MIX = "random order", "random photos, likeliest tag", "the review mix"
WAYS: dict[str, Ask] = {RANDOM: ask_at_random, LIKELIEST: ask_the_likeliest, MIX: ask_the_mix}


def answers_needed(curve: list[tuple[int, float]], full: float) -> int | None:
    """Return after how many answers the wanted accuracy was first reached, between two points by
    a straight line; None where it never was."""
    wanted = ENOUGH * full
    for (before, low), (after, high) in itertools.pairwise(curve):
        if high >= wanted:
            share = (wanted - low) / (high - low) if high > low else 1.0
            return round(before + max(0.0, share) * (after - before))
    return None


def draw(curves: dict[str, list[list[tuple[int, float]]]], full: float, path: Path) -> None:
    """Write accuracy against answers for each way of asking as an SVG."""
    from benchmarks.plots import open_axes, save

    figure, axes = open_axes("answers", "top-1 on hidden photos")
    for number, (name, some) in enumerate(curves.items()):
        for seed, curve in enumerate(some):
            asked, found = zip(*curve, strict=True)
            axes.plot(asked, found, color=f"C{number}", alpha=0.8,
                      label=name if seed == 0 else None)  # fmt: skip
    axes.axhline(ENOUGH * full, color="0.3", linestyle="--", linewidth=1)
    axes.set_xscale("symlog", linthresh=100)
    axes.set_xlim(0)
    axes.legend(loc="lower right")
    save(figure, path)


if __name__ == "__main__":
    main()
