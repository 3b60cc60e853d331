"""How often the gate lets a network go live, against how much better it truly is.

Scores of two networks are drawn from a model whose macro-F1 is known exactly: the evidence for a
tag is normal around one of two means, so that their distance fixes F1, and the errors of both
networks go together, as those of two heads on one backbone do. Scores are true probabilities. The
real `decide` judges the same draws under both presets. Run with

    python -m benchmarks.operating_curve [--repeats 1.0]

It writes docs/operating-curve.svg and docs/operating-curve.md.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import cache
from pathlib import Path
from statistics import NormalDist

# Two processes share the cores; threads on top of them would only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from numpy.typing import NDArray

from benchmarks.setting import ROOT
from tagging.policy import COMMUNITY, PUBLIC, Policy
from training.learning.comparison import Answers
from training.learning.examples import TEST, Examples
from training.learning.gate import Outcome, decide

TAGS = 10
LIVE_F1, NEW_TAG_F1 = 0.85, 0.85
# Of the evidence that two networks see in one photo.
CORRELATION = 0.9
POINTS = (-5.0, -3.0, -2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 5.0)
# (test photos, draws at each difference): the standard error of a share is at most 5 to 8 points.
SIZES = ((150, 120), (350, 100), (1000, 60), (3000, 40))
# Name, policy, and whether the candidate also brings a tag that the live network does not know.
PRESETS: tuple[tuple[str, Policy, bool], ...] = (
    ("community", COMMUNITY, False),
    ("community, with a new tag", COMMUNITY, True),
    ("public", PUBLIC, False),
    # What `public` would do without its exception for few photos.
    ("lower bound at any size", replace(PUBLIC, gate_lower_bound_photos=1), False),
)
DOCS = ROOT / "docs"

Floats = NDArray[np.float64]
# Test photos, true difference in points, name of the preset.
Question = tuple[int, float, str]
Outcomes = dict[Question, Counter[Outcome]]
_NORMAL = NormalDist()


def main() -> None:
    """Print the table, and write it and the plot into docs/."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=float, default=1.0, help="times the usual draws")
    repeats = parser.parse_args().repeats
    started = time.perf_counter()
    outcomes: Outcomes = {}
    jobs = [
        (photos, points, max(2, round(draws * repeats)))
        for photos, draws in reversed(SIZES)
        for points in POINTS
    ]
    with ProcessPoolExecutor(2) as pool:
        for answer in pool.map(simulate, jobs):
            outcomes |= answer
    table = "\n".join(table_of(outcomes))
    print(table)
    print(f"\n{time.perf_counter() - started:.0f} s")
    (DOCS / "operating-curve.md").write_text(f"{INTRODUCTION}\n{table}\n", encoding="utf-8")
    draw_plot(outcomes, DOCS / "operating-curve.svg")


def simulate(job: tuple[int, float, int]) -> Outcomes:
    """Return what the gate decides on so many draws; every preset judges the same ones."""
    photos, points, draws = job
    outcomes: Outcomes = {(photos, points, name): Counter() for name, _, _ in PRESETS}
    for draw in range(draws):
        random = np.random.default_rng([photos, round((points + 10) * 10), draw])
        test, live, candidate = draw_networks(photos, LIVE_F1 + points / 100, random)
        extended = with_new_tag(test, live, candidate, random)
        for name, policy, brings_new_tag in PRESETS:
            judged, now, then = extended if brings_new_tag else (test, live, candidate)
            verdict = decide(judged, then, now, policy)
            outcomes[photos, points, name][verdict.outcome] += 1
    return outcomes


def draw_networks(
    photos: int, candidate_f1: float, random: np.random.Generator
) -> tuple[Examples, Answers, Answers]:
    """Return a closed world of photos with one tag each, and what two networks say of them."""
    names = tuple(f"{row:05d}" for row in range(photos))
    tags = tuple(f"tag {column}" for column in range(TAGS))
    present = np.arange(photos)[:, None] % TAGS == np.arange(TAGS)
    world = tuple(range(TAGS))
    test = Examples(
        photos=names,
        tags=tags,
        answers=np.where(present, 1, -1).astype(np.int8),
        sides=(TEST,) * photos,
        groups=names,
        contests=(world,) * photos,
    )
    shared = random.normal(size=present.shape)
    live, candidate = (
        network_of(tags, present, separation(f1), shared, random) for f1 in (LIVE_F1, candidate_f1)
    )
    return test, live, candidate


def network_of(
    tags: tuple[str, ...],
    present: NDArray[np.bool_],
    distance: float,
    shared: Floats,
    random: np.random.Generator,
) -> Answers:
    """Return honest probabilities from evidence that is normal with spread one around 0, or around
    `distance` where the tag is there; a tag is shown where it is likelier than not."""
    own = random.normal(size=present.shape)
    noise = math.sqrt(CORRELATION) * shared + math.sqrt(1 - CORRELATION) * own
    evidence = distance * present + noise
    logits = distance * evidence - distance**2 / 2 + math.log(1 / (TAGS - 1))
    scores = (1 / (1 + np.exp(-logits))).astype(np.float32)
    return Answers(scores, logits >= 0, frozenset(tags), frozenset(tags))


def with_new_tag(
    test: Examples, live: Answers, candidate: Answers, random: np.random.Generator
) -> tuple[Examples, Answers, Answers]:
    """Return the same with one tag more, which only the candidate has learnt."""
    tags = (*test.tags, "new tag")
    present = np.roll(test.answers[:, :1], TAGS // 2, axis=0) > 0
    learnt = network_of(
        tags, present, separation(NEW_TAG_F1), random.normal(size=present.shape), random
    )
    extended = Examples(
        photos=test.photos,
        tags=tags,
        answers=np.hstack([test.answers, np.where(present, 1, -1).astype(np.int8)]),
        sides=test.sides,
        groups=test.groups,
        contests=test.contests,
    )
    nothing = np.zeros_like(learnt.scores)
    before = Answers(
        np.hstack([live.scores, nothing]),
        np.hstack([live.shown, nothing > 0]),
        live.knows,
        live.learnt,
    )
    after = Answers(
        np.hstack([candidate.scores, learnt.scores]),
        np.hstack([candidate.shown, learnt.shown]),
        learnt.knows,
        learnt.learnt,
    )
    return extended, before, after


@cache
def separation(f1: float) -> float:
    """Return the distance of the two means at which F1 is this, by bisection."""
    low, high = 0.5, 12.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if true_f1(middle) < f1 else (low, middle)
    return low


def true_f1(distance: float) -> float:
    """Return the F1 on endlessly many photos of which one in `TAGS` shows the tag."""
    share = 1 / TAGS
    threshold = distance / 2 + math.log((1 - share) / share) / distance
    found = 1 - _NORMAL.cdf(threshold - distance)
    wrong = 1 - _NORMAL.cdf(threshold)
    return 2 * found * share / (found * share + wrong * (1 - share) + share)


_DRAWS = ", ".join(f"{draws} draws of {photos:,} test photos" for photos, draws in SIZES)
INTRODUCTION = f"""# The operating curve of the gate

How often a candidate is promoted, against how much better its macro-F1 truly is, in points.
`python -m benchmarks.operating_curve` writes this page and the plot: {TAGS} tags, one to a photo,
a live network with a true F1 of {100 * LIVE_F1:.0f} %, and a correlation of {CORRELATION}
between what the two networks see. At each difference, seeded:
{_DRAWS}.

![Chance of promotion against true difference](operating-curve.svg)

Numbers are shares of the draws in per cent. Under `public` a moderator decides below
{PUBLIC.gate_lower_bound_photos:,} test photos (dashed: how often one is asked), and the gate
refuses the rest without asking. *Lower bound at any size* is what `public` would do without that
exception. What follows from it for the numbers of the policy stands beside them in
`tagging/policy.py`.
"""


def table_of(outcomes: Outcomes) -> Iterator[str]:
    """Return the lines of a Markdown table with a column per true difference."""
    yield "| preset | test photos | outcome | " + " | ".join(f"{p:+g}" for p in POINTS) + " |"
    yield "|---|---:|---|" + "---:|" * len(POINTS)
    for name, policy, _ in PRESETS:
        for photos, _ in SIZES:
            told = [Outcome.PASSED]
            if photos < policy.gate_lower_bound_photos:
                told = [Outcome.PASSED, Outcome.A_MODERATOR_DECIDES, Outcome.REFUSED]
            for outcome in told:
                cells = [f"{share(outcomes[photos, p, name], outcome):.0%}"[:-1] for p in POINTS]
                word = "promoted" if outcome is Outcome.PASSED else outcome.value
                yield f"| {name} | {photos:,} | {word} | {' | '.join(cells)} |"


def share(counted: Counter[Outcome], outcome: Outcome) -> float:
    """Return the share of draws with this outcome."""
    return counted[outcome] / counted.total()


def draw_plot(outcomes: Outcomes, path: Path) -> None:
    """Write one panel per preset, one line per number of test photos."""
    from benchmarks.plots import open_panels, save

    figure, panels = open_panels(2, 2, (10, 8))
    for panel, (name, policy, _) in zip(panels.flat, PRESETS, strict=True):
        for (photos, _), colour in zip(SIZES, ("C0", "C1", "C2", "C3"), strict=True):
            asks = photos < policy.gate_lower_bound_photos
            outcome = Outcome.A_MODERATOR_DECIDES if asks else Outcome.PASSED
            shares = [100 * share(outcomes[photos, points, name], outcome) for points in POINTS]
            label = f"{photos:,} photos{', a moderator decides' if asks else ''}"
            panel.plot(POINTS, shares, color=colour, linestyle="--" if asks else "-", label=label)
        panel.axvline(0, color="grey", linewidth=0.8)
        panel.set(title=name, xticks=range(-5, 6))
        panel.legend(fontsize=8)
        panel.grid(alpha=0.3)
    figure.supxlabel("true difference of macro-F1, points")
    figure.supylabel("promoted, % of draws")
    save(figure, path)


if __name__ == "__main__":
    main()
