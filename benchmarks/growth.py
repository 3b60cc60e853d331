"""How cost grows with the library: 1,000, 10,000, 100,000 and 1,000,000 embeddings.

Every step is a process of its own, so that its peak of memory is its own. The vectors are drawn,
the photos have no files; everything else is what a site does. Run with

    python -m benchmarks.growth [--sizes 1000 10000 100000] [--folder DIR]

Without `--folder` the libraries lie in a temporary folder; a million photos need 12 GB there.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from benchmarks.growth_steps import MOST_CURATED, STEPS, TAGS
from benchmarks.plots import open_panels, save
from benchmarks.setting import ROOT, fresh_installation, peak_megabytes
from benchmarks.written import FOLDER, WriteUp

SIZES = (1_000, 10_000, 100_000)
GOALS = {"retag": (100_000, 10.0), "similar": (100_000, 0.030)}
TITLES = {
    "fill": "photos and vectors written (not part of eyes)",
    "dataset": "dataset version",
    "retrain": "retrain, up to a live version and a library read again",
    "retag": "re-tag, every suggestion written anew",
    "retag_unchanged": "re-tag, nothing changed",
    "files": "files of vectors written",
    "similar": "similar photos, of one photo",
}


def main() -> None:
    """Measure every step at every size and write down seconds, memory and how they grow."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES)
    parser.add_argument("--folder", type=Path, help="where the libraries are made")
    parser.add_argument("--step", choices=TITLES, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        print(json.dumps(run_step(options.step, options.sizes[0])))
        return
    found = {size: measure_size(size, options.folder) for size in sorted(options.sizes)}
    write_down(found)


def measure_size(size: int, folder: Path | None) -> dict[str, dict[str, float]]:
    """Return seconds and peak memory of every step with this many photos."""
    found = {}
    with tempfile.TemporaryDirectory(prefix="eyes-growth-", dir=folder) as name:
        for step in TITLES:
            found[step] = in_a_process(step, size, Path(name))
            print(f"{size:>9} {step:16} {found[step]}", file=sys.stderr, flush=True)
    return found


def in_a_process(step: str, size: int, folder: Path) -> dict[str, float]:
    """Return what a fresh process says of one step."""
    command = [sys.executable, "-m", "benchmarks.growth", "--step", step, "--sizes", str(size)]
    environment = {**os.environ, "EYES_GROWTH_FOLDER": str(folder)}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    if told.returncode:
        raise SystemExit(f"{step} at {size} failed:\n{told.stderr}")
    result: dict[str, float] = json.loads(told.stdout.splitlines()[-1])
    return result


def run_step(step: str, size: int) -> dict[str, float]:
    """Return the seconds of one step in this process, and its memory before and at its peak."""
    with fresh_installation(kept=Path(os.environ["EYES_GROWTH_FOLDER"])):
        before = peak_megabytes(os.getpid())
        figures = STEPS[step](size)
        return {**figures, "before_mb": before, "peak_mb": peak_megabytes(os.getpid())}


def exponents(found: dict[int, dict[str, dict[str, float]]], step: str) -> list[float]:
    """Return between neighbouring sizes the power of the size with which the seconds grow."""
    sizes = sorted(found)
    return [
        float(
            np.log(found[large][step]["seconds"] / found[small][step]["seconds"])
            / np.log(large / small)
        )
        for small, large in itertools.pairwise(sizes)
    ]


def write_down(found: dict[int, dict[str, dict[str, float]]]) -> None:
    """Write tables, plot and JSON."""
    sizes = sorted(found)
    page = WriteUp(
        "growth",
        "How cost grows",
        f"python -m benchmarks.growth --sizes {' '.join(map(str, sizes))}",
    )
    page.figures["sizes"] = {str(size): found[size] for size in sizes}
    head = ["seconds", *(f"{size:,}" for size in sizes), "grows with the power"]
    page.table(head, [seconds_row(found, step) for step in TITLES])
    page.table(
        ["peak memory of the process, MB", *(f"{size:,}" for size in sizes)],
        [
            [TITLES[step], *(f"{found[size][step]['peak_mb']:.0f}" for size in sizes)]
            for step in TITLES
        ],
    )
    page.say(
        f"{TAGS} tags; at most {MOST_CURATED:,} photos are curated, whatever the size. A power of "
        "1 is linear, and 2 would be quadratic. Of the true twelve nearest photos the search finds "
        + ", ".join(f"{found[size]['similar']['found']:.0%} of {size:,}" for size in sizes)
        + "; measuring every cosine instead takes "
        + ", ".join(f"{found[size]['similar']['exact_s']:.3g} s" for size in sizes)
        + "."
    )
    for step, (size, goal) in GOALS.items():
        if size in found:
            seconds = found[size][step]["seconds"]
            verdict = "kept" if seconds <= goal else "missed"
            page.say(
                f"Goal of {goal:g} s for {TITLES[step]} at {size:,}: {verdict} ({seconds:.3g} s)."
            )
    page.say("![Seconds and memory by size](growth.svg)")
    plot(found, FOLDER / "growth.svg")
    page.save()


def seconds_row(found: dict[int, dict[str, dict[str, float]]], step: str) -> list[str]:
    """Return a step's line of the first table."""
    powers = ", ".join(f"{power:.2f}" for power in exponents(found, step))
    return [
        TITLES[step],
        *(f"{found[size][step]['seconds']:.3g}" for size in sorted(found)),
        powers,
    ]


def plot(found: dict[int, dict[str, dict[str, float]]], path: Path) -> None:
    """Draw seconds and memory against the size, both axes logarithmic."""
    figure, panels = open_panels(1, 2, (10, 4.5), shared=False)
    sizes: Sequence[int] = sorted(found)
    for panel, key, title in zip(
        panels, ("seconds", "peak_mb"), ("seconds", "peak MB"), strict=True
    ):
        for step in list(TITLES)[1:]:
            panel.loglog(sizes, [found[size][step][key] for size in sizes], marker="o", label=step)
        panel.set_xlabel("embeddings")
        panel.set_ylabel(title)
        panel.grid(alpha=0.3)
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].legend(fontsize=8)
    save(figure, path)


if __name__ == "__main__":
    main()
