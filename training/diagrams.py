"""Diagrams as numbers for inline SVG: where points stand, in the units of the drawing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

# The drawing's own units; the page scales it to whatever room there is.
SIDE = 300
_SMALLEST, _LARGEST = 3.0, 16.0


@dataclass(frozen=True)
class ReliabilityPoint:
    """Scores of one bin: `x`, `y` and `radius` in the drawing, the figures beside them."""

    x: float
    y: float
    radius: float
    low: float
    high: float
    count: int
    score: float
    present: float


@dataclass(frozen=True)
class ReliabilityDiagram:
    """How often tags were there against how certain the version was of them."""

    points: list[ReliabilityPoint]

    @property
    def path(self) -> str:
        """Return the line through the points, as SVG writes it."""
        return " ".join(f"{point.x:g},{point.y:g}" for point in self.points)


def reliability_diagram(bins: Sequence[Mapping[str, Any]] | None) -> ReliabilityDiagram | None:
    """Return the diagram of these bins (low, high, count, mean score, share present).

    A dot on the diagonal keeps its word; below it the version promised too much. The area of a dot
    grows with the number of decisions. None where there are no bins: older versions have none.
    """
    filled = [each for each in bins or () if each.get("count")]
    if not filled:
        return None
    most = max(each["count"] for each in filled)
    return ReliabilityDiagram([_point(each, most) for each in filled])


def _point(each: Mapping[str, Any], most: int) -> ReliabilityPoint:
    share = (each["count"] / most) ** 0.5
    return ReliabilityPoint(
        x=round(each["score"] * SIDE, 1),
        y=round((1 - each["present"]) * SIDE, 1),
        radius=round(_SMALLEST + (_LARGEST - _SMALLEST) * share, 1),
        low=each["low"],
        high=each["high"],
        count=each["count"],
        score=each["score"],
        present=each["present"],
    )
