"""Two hundred attempts to make the network worse, through votes, uploads and retraining alone.

A site under the preset `public` with a live version. Attackers have accounts that answered their
gold tasks well, sit on networks of their own, and know the rules. They flip the labels of one tag,
flood it from one account, stuff it with near-duplicates, or drip a little poison into five
retrainings in a row; beside them stands the same crowd without an attack. The moderators are the
worst there can be: they approve whatever votes confirmed, and promote whatever the gate leaves to
them. The gate is the site's own and knows nothing of the truth, which hidden photos tell: by how
much is what went live better or worse than the version before it? Run with

    python -m benchmarks.poisoning [FOLDER] [--attempts 200] [--sizes 150,350,1000] [--json FILE]
    python -m benchmarks.poisoning --read FILE... --plot FILE.svg

It takes about forty minutes; sizes may be run side by side and read together afterwards.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

import numpy as np

from benchmarks.setting import fresh_installation
from benchmarks.siege import ATTACKS, Attempt, Site

# What the site may never do: lose more than this on photos whose truth it does not know.
HARM = 0.01


def main() -> None:
    """Print per test-set size and attack how often candidates went live, and what they did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--attempts", type=int, default=200)
    parser.add_argument("--sizes", default="150,350,1000")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--read", type=Path, nargs="+")
    parser.add_argument("--plot", type=Path)
    wishes = parser.parse_args()
    if wishes.read:
        stored = [each for path in wishes.read for each in json.loads(path.read_text())]
        attempts = [Attempt(**each) for each in stored]
    else:
        sizes = [int(size) for size in wishes.sizes.split(",")]
        attempts = play(wishes.folder, sizes, wishes.attempts, wishes.json)
    for size in sorted({each.size for each in attempts}):
        tell([each for each in attempts if each.size == size])
    if wishes.plot:
        draw(attempts, wishes.plot)


def play(photos: Path | None, sizes: list[int], number: int, path: Path | None) -> list[Attempt]:
    """Return the outcome of so many retrainings, spread evenly over the sizes; what is known after
    each size is written to the path."""
    attempts: list[Attempt] = []
    with fresh_installation() as folder:
        from django.conf import settings

        settings.EYES_POLICY = "public"
        for size in sizes:
            attempts += Site(folder, size, photos).attempt(number // len(sizes))
            if path:
                path.write_text(json.dumps([asdict(each) for each in attempts], indent=1) + "\n")
            print(f"{size} test photos: done", file=sys.stderr, flush=True)
    return attempts


def tell(attempts: list[Attempt]) -> None:
    """Print the rows of one test-set size."""
    print(f"\nabout {attempts[0].size} test photos\n")
    print("| attack | retrainings | false labels approved | promoted by the gate | by a moderator "
          "| of these worse by over a point | worst | mean |")  # fmt: skip
    print("|---|---:|---:|---:|---:|---:|---:|---:|")
    for attack in ATTACKS:
        some = [each for each in attempts if each.attack == attack]
        if not some:
            continue
        live = [100 * each.change for each in some if each.went_live]
        by_gate = sum(each.state == "promoted" for each in some)
        harmed = sum(change < -100 * HARM for change in live)
        changes = f"{min(live):+.1f} | {np.mean(live):+.1f}" if live else "– | –"
        print(
            f"| {attack} | {len(some)} | {np.mean([each.poisoned for each in some]):.0f} | "
            f"{by_gate} | {len(live) - by_gate} | {harmed} | {changes} |"
        )


def draw(attempts: list[Attempt], path: Path) -> None:
    """Write what each candidate truly changed, filled where it went live, as an SVG."""
    from benchmarks.plots import open_axes, save

    figure, axes = open_axes("", "true change of macro-F1, in points")
    sizes = sorted({each.size for each in attempts})
    for column, size in enumerate(sizes):
        for place, attack in enumerate(ATTACKS):
            some = [each for each in attempts if (each.attack, each.size) == (attack, size)]
            across = place + 0.25 * (column - (len(sizes) - 1) / 2)
            for went_live in (False, True):
                changes = [100 * each.change for each in some if each.went_live == went_live]
                # A fixed scatter, so that equal figures give equal files.
                spread = [0.06 * ((number * 7) % 5 - 2) / 2 for number in range(len(changes))]
                axes.scatter(
                    [across + shift for shift in spread], changes, s=14, alpha=0.7,
                    color=f"C{column}", facecolor=f"C{column}" if went_live else "none",
                    label=f"{size} test photos" if place == 0 and went_live else None,
                )  # fmt: skip
    axes.axhline(-100 * HARM, color="0.3", linestyle="--", linewidth=1)
    axes.set_xticks(range(len(ATTACKS)), ATTACKS)
    axes.scatter([], [], s=14, facecolor="none", color="0.3", label="refused")
    axes.scatter([], [], s=14, color="0.3", label="went live")
    axes.legend(loc="lower right", fontsize=8)
    save(figure, path)


if __name__ == "__main__":
    main()
