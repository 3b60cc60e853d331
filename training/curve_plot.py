"""From a learning curve to the lines of its drawing: numbers only, the template draws."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from training.learning.wording import percent

WIDTH, HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 60, 20, 20, 50
# Name, and key of a point; the style sheet tells the lines apart by their strokes.
_SERIES = (("Macro-F1", "macro_f1"), ("Mean average precision", "map"), ("Top-1", "top1"))
_STEPS, _MOST_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.25), 5


@dataclass(frozen=True)
class Mark:
    """A place of the drawing, and what is written there."""

    x: float
    y: float
    label: str = ""


@dataclass(frozen=True)
class Line:
    """One figure over all points: its name, its marks, and where its whiskers end."""

    name: str
    key: str
    marks: list[Mark]
    whiskers: list[tuple[float, float, float]]

    @property
    def path(self) -> str:
        """Return the corners as SVG wants them."""
        return " ".join(f"{mark.x:g},{mark.y:g}" for mark in self.marks)


@dataclass(frozen=True)
class CurvePlot:
    """Everything that is drawn, in units of the view box."""

    lines: list[Line]
    x_ticks: list[Mark]
    y_ticks: list[Mark]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def plot_curve(points: Sequence[Mapping[str, Any]]) -> CurvePlot | None:
    """Return the drawing of a curve, or None where there are not two points to join.

    Photos per tag run on a logarithmic axis. The other begins below the least figure and not at
    zero, so that the differences can be seen; its ticks say so.
    """
    if len(points) < 2 or points[0]["per_tag"] >= points[-1]["per_tag"]:
        return None
    place_x = _axis_of_photos(points)
    least = min(point[key] for point in points for key in _keys() if point[key] is not None)
    ticks = _shares_from(least)
    floor = ticks[0]

    def place_y(share: float) -> float:
        return round(_TOP + (1 - share) / (1 - floor) * (HEIGHT - _TOP - _BOTTOM), 1)

    lines = [_line(points, *series, place_x, place_y) for series in _SERIES]
    return CurvePlot(
        lines=[line for line in lines if len(line.marks) > 1],
        x_ticks=[
            Mark(place_x(p["per_tag"]), HEIGHT - _BOTTOM, f"{p['per_tag']:g}")
            for p in _not_too_near(points, place_x)
        ],
        y_ticks=[Mark(_LEFT, place_y(share), percent(share, digits=0)) for share in ticks],
    )


def _shares_from(least: float) -> list[float]:
    """Return evenly spaced shares up to one that reach down to the least, six at most."""
    step = next(step for step in _STEPS if (1 - least) / step <= _MOST_STEPS)
    return [1 - step * number for number in range(math.ceil((1 - least) / step) or 1, -1, -1)]


def _keys() -> list[str]:
    return [*(key for _, key in _SERIES), "macro_f1_low"]


def _axis_of_photos(points: Sequence[Mapping[str, Any]]) -> Callable[[float], float]:
    first, last = math.log(points[0]["per_tag"]), math.log(points[-1]["per_tag"])

    def place(photos: float) -> float:
        share = (math.log(photos) - first) / (last - first)
        return round(_LEFT + 20 + share * (WIDTH - _LEFT - _RIGHT - 40), 1)

    return place


def _line(
    points: Sequence[Mapping[str, Any]],
    name: str,
    key: str,
    place_x: Callable[[float], float],
    place_y: Callable[[float], float],
) -> Line:
    known = [point for point in points if point[key] is not None]
    whiskers = [
        (place_x(point["per_tag"]), place_y(point["macro_f1_low"]), place_y(point["macro_f1_high"]))
        for point in known
        if key == "macro_f1" and point["repeats"] > 1
    ]
    marks = [Mark(place_x(point["per_tag"]), place_y(point[key])) for point in known]
    return Line(name, key, marks, whiskers)


def _not_too_near(
    points: Sequence[Mapping[str, Any]], place_x: Callable[[float], float]
) -> list[Mapping[str, Any]]:
    """Return the points whose numbers fit under the axis side by side; the last always does."""
    kept = [points[-1]]
    for point in reversed(points[:-1]):
        if place_x(kept[-1]["per_tag"]) - place_x(point["per_tag"]) >= 40:
            kept.append(point)
    return kept[::-1]
