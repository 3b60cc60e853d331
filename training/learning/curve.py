"""How accuracy grows with curated photos: samples of ever more of them, judged on one test side."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagging.policy import Policy
from training.learning.examples import PRESENT, TEST, TRAIN, VALIDATION, Examples
from training.learning.lesson import teach
from training.learning.metrics import Figures, measure

# Curated photos per tag; a curve is read on a logarithmic axis, so that these are even steps.
USUAL_POINTS = (10, 20, 50, 100, 200, 500, 1000)
# With fewer a tag has nothing to stop learning on.
LEAST_POINT = 5
# (photos per tag up to here, different draws): which photos they are matters less the more.
_REPEATS = ((50, 5), (200, 3), (10**9, 2))


@dataclass(frozen=True)
class CurvePoint:
    """What so many curated photos per tag teach.

    `asked` is how many of each tag were taken where there are so many, `per_tag` how many that
    was on average, `photos` how many photos in all. Figures are means over `repeats` draws on the
    same `tested` photos, with the least and the greatest macro-F1 among them.
    """

    asked: int
    per_tag: float
    photos: int
    tested: int
    repeats: int
    macro_f1: float
    macro_f1_low: float
    macro_f1_high: float
    top1: float | None
    map: float | None

    def as_json(self) -> dict[str, Any]:
        """Return the point as the database keeps it, figures to a hundredth of a point."""
        return {
            name: round(value, 4) if isinstance(value, float) else value
            for name, value in vars(self).items()
        }


def draw_curve(
    examples: Examples,
    embeddings: NDArray[np.float16],
    policy: Policy,
    compared: int,
    points: Sequence[int] = USUAL_POINTS,
    say: Callable[[str, float], None] = lambda sentence, progress: None,
) -> list[CurvePoint]:
    """Return the curve over these numbers of curated photos per tag, and over all there are.

    Samples come from the train and validation sides, with both in their usual proportion, and are
    nested: what teaches a point teaches every later one of the same draw too. The test side stays
    whole. Arguments are those of `teach`; what the live network believes is left out, since it
    has learnt from more than a sample.
    """
    most = max(examples.count(PRESENT, TRAIN, VALIDATION).values())
    asked = [*sorted({point for point in points if point < most}), most]
    draws = [(point, seed) for point in asked for seed in range(_repeats(point, most))]
    found: dict[int, list[tuple[Examples, Figures]]] = {point: [] for point in asked}
    for done, (point, seed) in enumerate(draws):
        say(f"Teaching {point} photos of each tag", done / len(draws))
        rows = sample_rows(examples, point, seed)
        taught = np.union1d(rows, examples.rows_on(TEST))
        figures = _teach_and_judge(examples.part(taught), embeddings[taught], policy, compared)
        found[point].append((examples.part(rows), figures))
    return [_summarise(point, found[point]) for point in asked]


def sample_rows(examples: Examples, per_tag: int, seed: int) -> NDArray[np.intp]:
    """Return rows of the train and validation sides with up to this many photos of each tag.

    Larger samples of one seed hold the smaller ones. Photos that show no tag at all come in the
    same share as the others.
    """
    order = _even_order(examples, seed)
    shows = examples.answers[order] == PRESENT
    taken = (shows & (np.cumsum(shows, axis=0) <= per_tag)).any(axis=1)
    without = ~shows.any(axis=1)
    share = taken.sum() / max(1, len(order) - without.sum())
    taken |= without & (np.cumsum(without) <= np.ceil(share * without.sum()))
    return np.sort(order[taken])


def _even_order(examples: Examples, seed: int) -> NDArray[np.intp]:
    """Return the rows that teach in a random order in which both sides are spread evenly."""
    random = np.random.default_rng(seed)
    rows, places = [], []
    for side in (TRAIN, VALIDATION):
        mixed = random.permutation(examples.rows_on(side))
        rows.append(mixed)
        places.append((np.arange(len(mixed)) + 0.5) / max(1, len(mixed)))
    return np.concatenate(rows)[np.argsort(np.concatenate(places), kind="stable")]


def _teach_and_judge(
    examples: Examples, embeddings: NDArray[np.float16], policy: Policy, compared: int
) -> Figures:
    nothing = np.zeros(examples.answers.shape, dtype=np.bool_)
    head = teach(examples, embeddings, nothing, policy, compared).head
    test = examples.rows_on(TEST)
    said = head.speak(embeddings[test])
    return measure(examples.part(test), said.scores, said.shown)


def _summarise(asked: int, found: Sequence[tuple[Examples, Figures]]) -> CurvePoint:
    macro = [figures.macro_f1 or 0.0 for _, figures in found]
    taught = [sample.count(PRESENT).values() for sample, _ in found]
    return CurvePoint(
        asked=asked,
        per_tag=round(float(np.mean([number for counts in taught for number in counts])), 1),
        photos=round(float(np.mean([len(sample.photos) for sample, _ in found]))),
        tested=found[0][1].photos,
        repeats=len(found),
        macro_f1=float(np.mean(macro)),
        macro_f1_low=min(macro),
        macro_f1_high=max(macro),
        top1=_mean([figures.top1 for _, figures in found]),
        map=_mean([figures.mean_average_precision for _, figures in found]),
    )


def _repeats(point: int, most: int) -> int:
    """Return how many draws a point gets; everything there is can be drawn in one way only."""
    return 1 if point == most else next(times for limit, times in _REPEATS if point <= limit)


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
