"""How the plots of docs/ look, and how they are written so that equal figures give equal files."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def open_panels(
    rows: int, columns: int, size: tuple[float, float], *, shared: bool = True
) -> tuple[Any, Any]:
    """Return a figure of this size in inches and its panels, which share their axes or do not."""
    import matplotlib

    matplotlib.use("svg")
    # Without a fixed salt the ids inside an SVG differ from run to run.
    matplotlib.rcParams.update({"svg.hashsalt": "eyes", "font.size": 10})
    from matplotlib import pyplot

    figure, panels = pyplot.subplots(
        rows, columns, figsize=size, layout="constrained", sharex=shared, sharey=shared
    )
    return figure, panels


def open_axes(across: str, up: str) -> tuple[Any, Any]:
    """Return a figure with one panel and these labels, readable on white and on dark pages."""
    figure, axes = open_panels(1, 1, (7, 4))
    axes.set_xlabel(across)
    axes.set_ylabel(up)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes


def save(figure: Any, path: Path) -> None:
    """Write the figure as an SVG without a date in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None}, facecolor="white")
