"""What one photo costs: decoding, scaling, the network, the head, and the whole.

For every backbone and engine there is, one photo alone and in batches of 8 and 32. Beside them, in
turn and in the same run, what nobody can do without (plain Pillow and a plain ONNX Runtime
session), and other ways to run the same Keras network: `model.predict`, an eager call, a traced
one. Run with

    python -m benchmarks.per_photo [--folder PHOTOS] [--backbones KEY ...] [--engines NAME ...]
                                   [--store MODELS_STORE] [--random-weights]

Without a folder the photos that scikit-image ships are taken, as JPEG of at most 1 megapixel.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.served import backbones_here, choosing_parser, engines_here, photos_to_try
from benchmarks.setting import fresh_installation
from benchmarks.ways import Times, Way, networks_alone, whole_paths
from benchmarks.written import WriteUp

BATCHES = (1, 8, 32)
# As many rounds as fit into the seconds for one backbone and batch size, within these bounds.
FEWEST, MOST, SECONDS = 2, 60, 20.0
GOAL_RATIO, GOAL_MS = 1.5, 15.0
PAUSE = 0.02
STAGES = ("decode", "resize", "embed", "head")


def main() -> None:
    """Measure and write both tables."""
    parser = choosing_parser(__doc__)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--batches", nargs="+", type=int, default=BATCHES)
    wishes = parser.parse_args()
    with fresh_installation(store=wishes.store) as folder:
        store = folder / "models_store"
        photos = photos_to_try(wishes.folder, folder)
        found = backbones_here(wishes.backbones, store, random_weights=wishes.random_weights)
        engines = engines_here(wishes.engines)
        measured = [
            row | {"random_weights": is_random}
            for key, is_random in found.items()
            for row in measure_batches(key, engines, photos, store, wishes.batches)
        ]
    write_down({"photos": len(photos), "measured": measured})


def measure_batches(
    key: str, engines: list[str], photos: list[Path], store: Path, batches: list[int]
) -> Iterator[dict[str, Any]]:
    """Yield a row per batch size; one of which a single round takes too long is left out."""
    per_photo = 0.0
    for batch in sorted(batches):
        if per_photo * batch > SECONDS:
            print(f"Left out: {key} in batches of {batch}, {per_photo * batch:.0f} s a round.")
            continue
        row = measure(key, engines, photos, store, batch)
        per_photo = sum(way["total"]["p50"] for way in row["ways"].values()) / 1000
        yield row


def measure(
    key: str, engines: list[str], photos: list[Path], store: Path, batch: int
) -> dict[str, Any]:
    """Return milliseconds per photo of every way: medians and 95th percentiles by stage.

    The ways take turns on the same photos, so that a busy moment hits them alike.
    """
    ways = whole_paths(key, engines, store) | networks_alone(key, store)
    rounds: list[dict[str, Times]] = []
    source = itertools.cycle(photos)
    for way in ways.values():
        way(list(itertools.islice(source, batch)))
    started = time.perf_counter()
    while len(rounds) < MOST and (len(rounds) < FEWEST or time.perf_counter() - started < SECONDS):
        some = list(itertools.islice(source, batch))
        rounds.append({name: after_a_pause(way, some) for name, way in ways.items()})
    return {
        "backbone": key,
        "batch": batch,
        "rounds": len(rounds),
        "ways": {name: summarise([each[name] for each in rounds], batch) for name in ways},
        "ratios": {name: ratio(name, rounds) for name in ways},
    }


def after_a_pause(way: Way, photos: list[Path]) -> Times:
    """Return a way's times, once the threads of the way before it have stopped spinning."""
    time.sleep(PAUSE)
    return way(photos)


def summarise(times: list[Times], batch: int) -> dict[str, dict[str, float]]:
    """Return {"p50", "p95"} in milliseconds per photo of each stage and of the total."""
    stages: dict[str, list[float]] = {}
    for each in times:
        for stage, seconds in (each | {"total": sum(each.values())}).items():
            stages.setdefault(stage, []).append(1000 * seconds / batch)
    return {
        stage: {
            "p50": float(np.percentile(found, 50)),
            "p95": float(np.percentile(found, 95)),
        }
        for stage, found in stages.items()
    }


def ratio(name: str, rounds: list[dict[str, Times]]) -> float:
    """Return the median, round by round, of a way's time over the bare one's of the same kind."""
    bare = "bare" if name.startswith(("eyes", "bare")) else "network: bare ONNX Runtime"
    found = [sum(each[name].values()) / sum(each[bare].values()) for each in rounds]
    return float(np.median(found))


def write_down(results: dict[str, Any]) -> None:
    """Write both tables with what they were measured on, and whether the goal was met."""
    page = WriteUp("per-photo", "What one photo costs", "python -m benchmarks.per_photo", results)
    page.say(
        f"{results['photos']} JPEG photos of at most 1 megapixel. Milliseconds per photo, "
        "median / 95th percentile; all ways take turns in one run."
    )
    random = sorted({row["backbone"] for row in results["measured"] if row["random_weights"]})
    if random:
        page.say(f"Random weights, good for speed alone: {', '.join(random)}.")
    page.section("From file to tags")
    page.say(
        "*Bare* is plain Pillow and a plain ONNX Runtime session, without tags. The ratio is the "
        "median over rounds of total to bare total."
    )
    paths = list(rows_of_paths(results))
    page.table(["backbone", "batch", "way", *STAGES, "total", "ratio"], paths)
    page.say(told_goal(results))
    page.section("The network alone")
    page.say("On pixels that lie ready.")
    networks = list(rows_of_networks(results))
    page.table(["backbone", "batch", "way", "embed", "to bare ONNX Runtime"], networks)
    page.save()


def told_goal(results: dict[str, Any]) -> str:
    """Return whether one photo alone, by the default network and engine, keeps to the goals."""
    for row in results["measured"]:
        for name, stages in row["ways"].items():
            if (row["backbone"], row["batch"]) == ("efficientnet_lite0", 1) and "onnx" in name:
                ratio, total = row["ratios"][name], stages["total"]["p50"]
                kept = "kept" if ratio <= GOAL_RATIO and total <= GOAL_MS else "missed"
                return (
                    f"Goal for the default and one photo alone, at most {GOAL_RATIO:g} times the "
                    f"bare way and {GOAL_MS:g} ms: {kept} ({ratio:.2f} times, {total:.1f} ms)."
                )
    return "The default network and engine were not measured."


def rows_of_paths(results: dict[str, Any]) -> Iterator[list[str]]:
    """Return the cells of the first table."""
    for row in results["measured"]:
        for name, stages in row["ways"].items():
            if not name.startswith("network"):
                cells = [in_cell(stages.get(stage)) for stage in (*STAGES, "total")]
                yield [*place_of(row), name, *cells, f"{row['ratios'][name]:.2f}"]


def rows_of_networks(results: dict[str, Any]) -> Iterator[list[str]]:
    """Return the cells of the second table."""
    for row in results["measured"]:
        bare = row["ways"]["network: bare ONNX Runtime"]["embed"]["p50"]
        for name, stages in row["ways"].items():
            if name != "bare":
                share = stages["embed"]["p50"] / bare
                way = name.removeprefix("network: ")
                yield [*place_of(row), way, in_cell(stages["embed"]), f"{share:.2f}"]


def place_of(row: dict[str, Any]) -> list[str]:
    """Return the cells that begin a row: backbone and batch size."""
    return [row["backbone"], str(row["batch"])]


def in_cell(found: dict[str, float] | None) -> str:
    """Return "p50 / p95", or a dash for a stage that a way has not."""
    return "–" if found is None else f"{found['p50']:.1f} / {found['p95']:.1f}"


if __name__ == "__main__":
    main()
