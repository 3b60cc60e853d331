"""From the history of a fine-tuning to the lines of its drawings: numbers only."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.utils.translation import gettext as _

from training.curve_plot import CurvePlot, Line, Mark
from training.templatetags.figures import percent

_FRAME = CurvePlot(lines=[], x_ticks=[], y_ticks=[], width=640, height=240, bottom=190)
_PAD = 20
_STEPS, _MOST_STEPS = (1, 2, 5), 5
_MOST_EPOCH_TICKS = 12

Points = Sequence[Mapping[str, Any]]


def plot_losses(history: Points, epochs: int) -> CurvePlot | None:
    """Return the drawing of the loss while learning and on the judging photos, or None where
    there are not yet two points to join."""
    learning = [(_place(point, epochs), point["loss"]) for point in history]
    judged = [(point["epoch"], point["judged_loss"]) for point in history]
    series = {(_("While learning"), "loss"): learning, (_("On judging photos"), "judged"): judged}
    return _plot(series, epochs, lambda value: f"{value:.3g}")


def plot_shares(history: Points, epochs: int) -> CurvePlot | None:
    """Return the drawing of the share of judging photos whose first tag is right, or None."""
    shares = [(point["epoch"], point["top1"]) for point in history]
    return _plot({(_("Right first"), "top1"): shares}, epochs, percent)


def _place(point: Mapping[str, Any], epochs: int) -> float:
    """Return where a point stands between the epochs; a whole one stands at its number."""
    epoch = float(point["epoch"])
    if point["judged_loss"] is not None or epoch < 1:
        return epoch
    return min(max(float(point["progress"]) * epochs, epoch - 1), epoch)


def _plot(
    series: Mapping[tuple[str, str], Sequence[tuple[float, float | None]]],
    epochs: int,
    in_words: Callable[[float], str],
) -> CurvePlot | None:
    known = {
        name: [(x, y) for x, y in points if y is not None and math.isfinite(y)]
        for name, points in series.items()
    }
    if all(len(points) < 2 for points in known.values()):
        return None
    values = [y for points in known.values() for _, y in points]
    ticks = _round_steps(min(values), max(values))

    def place_x(epoch: float) -> float:
        room = _FRAME.right - _FRAME.left - 2 * _PAD
        return round(_FRAME.left + _PAD + room * epoch / max(1, epochs), 1)

    def place_y(value: float) -> float:
        share = (value - ticks[0]) / (ticks[-1] - ticks[0])
        return round(_FRAME.bottom - share * (_FRAME.bottom - _FRAME.top), 1)

    every = math.ceil(max(1, epochs) / _MOST_EPOCH_TICKS)
    return replace(
        _FRAME,
        lines=[
            Line(name, key, [Mark(place_x(x), place_y(y)) for x, y in points], [])
            for (name, key), points in known.items()
            if len(points) > 1
        ],
        x_ticks=[
            Mark(place_x(epoch), _FRAME.bottom, str(epoch)) for epoch in range(0, epochs + 1, every)
        ],
        y_ticks=[Mark(_FRAME.left, place_y(tick), in_words(tick)) for tick in ticks],
    )


def _round_steps(least: float, most: float) -> list[float]:
    """Return evenly spaced round numbers that hold everything between least and most."""
    width = max(most - least, 1e-3)
    power = 10 ** math.floor(math.log10(width / _MOST_STEPS))
    step = next(
        step * power * tens
        for tens in (1, 10)
        for step in _STEPS
        if width / (step * power * tens) <= _MOST_STEPS
    )
    first = math.floor(least / step)
    last = max(math.ceil(most / step), first + 1)
    return [number * step for number in range(first, last + 1)]
