"""What a backbone and an engine cost, and what they are worth: accuracy against speed.

FOLDER holds a folder of photos per tag. Every backbone is served by every engine in a process of
its own, which says how long a photo takes alone and in batches, and how much memory it needed at
its peak. On its embeddings the head of eyes is fitted (eight random splits, 300 photos of a tag or
four in ten teach, the rest judge). Writes accuracy-and-speed.json, .md and .svg. Run with

    python -m benchmarks.accuracy_and_speed FOLDER [--backbones KEY ...] [--engines NAME ...]
                                   [--store MODELS_STORE] [--random-weights]
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.head_quality import ROUNDS, accuracies, fit_of_eyes
from benchmarks.plots import open_axes, save
from benchmarks.served import backbones_here, choosing_parser, engines_here
from benchmarks.setting import ROOT, fresh_installation, peak_megabytes
from benchmarks.written import FOLDER, WriteUp

ALONE, BATCHES = 40, 10
BATCH = 8
# In one process: photos decoded at a time, so that memory is that of serving.
CHUNK = 64
COLOURS = {"onnx": "tab:blue", "openvino": "tab:orange", "keras": "tab:green"}


def main() -> None:
    """Measure every pair, then write the tables and the plot."""
    parser = choosing_parser(__doc__)
    parser.add_argument("folder", type=Path)
    wishes = parser.parse_args()
    photos = sorted(path for path in wishes.folder.rglob("*") if path.is_file())
    names = sorted({path.parent.name for path in photos})
    labels = np.array([names.index(path.parent.name) for path in photos])
    with fresh_installation(store=wishes.store) as folder:
        store = folder / "models_store"
        found = backbones_here(wishes.backbones, store, random_weights=wishes.random_weights)
        rows = []
        for key, is_random in found.items():
            for engine in engines_here(wishes.engines):
                row = ask_process(key, engine, wishes.folder, folder)
                vectors = np.load(folder / "embeddings.npy")
                right = [] if is_random else accuracies(vectors, labels, fit_of_eyes)
                rows.append(row | {"random_weights": is_random, "accuracies": right})
    write_down({"photos": len(photos), "tags": len(names), "rows": rows})
    draw(rows, FOLDER / "accuracy-and-speed.svg")


def ask_process(key: str, engine: str, photos: Path, folder: Path) -> dict[str, Any]:
    """Return what a fresh process measured; its embeddings lie in folder/embeddings.npy."""
    command = [sys.executable, "-m", "benchmarks.accuracy_and_speed", "--serve"]
    result = subprocess.run(
        [*command, key, engine, str(photos), str(folder)],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    row: dict[str, Any] = json.loads(result.stdout.splitlines()[-1])
    return row


def serve(key: str, name: str, photos: Path, folder: Path) -> None:
    """Embed every photo in this process; print milliseconds and megabytes as JSON."""
    import django

    django.setup()
    from tagging.backbones.cards import get_card
    from tagging.engine import open_engine
    from tagging.services.embeddings import decode_for

    started = time.perf_counter()
    engine = open_engine(key, folder / "models_store", name)  # type: ignore[arg-type]
    opened = time.perf_counter() - started
    paths = sorted(path for path in photos.rglob("*") if path.is_file())
    card, vectors = get_card(key), []
    for start in range(0, len(paths), CHUNK):
        pixels = np.stack([decode_for(card, path) for path in paths[start : start + CHUNK]])
        vectors.append(engine.embed(pixels).astype(np.float16))
    np.save(folder / "embeddings.npy", np.concatenate(vectors))
    row = {
        "backbone": key,
        "engine": name,
        "precision": engine.precision,
        "seconds_to_open": opened,
        "ms_alone": milliseconds(engine, pixels, 1, ALONE),
        "ms_in_batch": milliseconds(engine, pixels, BATCH, BATCHES),
        "peak_mb": peak_megabytes(os.getpid()),
    }
    print(json.dumps(row))


def milliseconds(engine: Any, pixels: Any, batch: int, rounds: int) -> float:
    """Return the median milliseconds per photo of the network in batches of this size."""
    found = []
    for number in range(rounds):
        start = number * batch % max(1, len(pixels) - batch)
        started = time.perf_counter()
        engine.embed(pixels[start : start + batch])
        found.append(1000 * (time.perf_counter() - started) / batch)
    return float(np.median(found))


def write_down(results: dict[str, Any]) -> None:
    """Write the table with what it was measured on."""
    command = "python -m benchmarks.accuracy_and_speed FOLDER"
    page = WriteUp("accuracy-and-speed", "Accuracy against speed", command, results)
    rows = results["rows"]
    page.say(
        f"{results['photos']} photos of {results['tags']} tags, {ROUNDS} random splits, the head "
        "as `retrain` fits it; milliseconds are of the network, per photo, medians; memory is "
        "that of the whole process that decoded and embedded all photos."
    )
    if any(row["random_weights"] for row in rows):
        page.say("Rows marked *random weights* tell of speed and memory alone.")
    cells = [
        [
            row["backbone"] + (" (random weights)" if row["random_weights"] else ""),
            f"{row['engine']} ({row['precision']})",
            *told_accuracy(row["accuracies"]),
            f"{row['ms_alone']:.1f}",
            f"{row['ms_in_batch']:.1f}",
            f"{row['peak_mb']:.0f}",
            f"{row['seconds_to_open']:.1f}",
        ]
        for row in rows
    ]
    columns = ["backbone", "engine", "accuracy", "least of the splits", "ms alone"]
    columns += [f"ms in {BATCH}", "peak MB", "s to open"]
    page.table(columns, cells, texts=2)
    page.say("![Accuracy against milliseconds per photo](accuracy-and-speed.svg)")
    page.save()


def told_accuracy(right: list[float]) -> tuple[str, str]:
    """Return mean and least accuracy, or two dashes where the weights are random."""
    return (f"{np.mean(right):.2%}", f"{min(right):.2%}") if right else ("–", "–")


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Plot every pair whose accuracy is known."""
    figure, axes = open_axes("milliseconds per photo, alone (network only)", "accuracy")
    known = [row for row in rows if row["accuracies"]]
    for row in known:
        right = row["accuracies"]
        mean = float(np.mean(right))
        axes.errorbar(
            row["ms_alone"],
            mean,
            yerr=[[mean - min(right)], [max(right) - mean]],
            fmt="o",
            color=COLOURS[row["engine"]],
            capsize=3,
        )
        label = f"{row['backbone']}, {row['engine']}"
        axes.annotate(label, (row["ms_alone"], mean), (6, 6), textcoords="offset points")
    axes.set_xscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
    if known:
        save(figure, path)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(sys.argv[2], sys.argv[3], Path(sys.argv[4]), Path(sys.argv[5]))
    else:
        main()
