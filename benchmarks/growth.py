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
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.plots import open_panels, save
from benchmarks.setting import ROOT, fresh_installation, peak_megabytes
from benchmarks.written import FOLDER, WriteUp
from tagging.vector_files import StoredVectors, as_single

SIZES = (1_000, 10_000, 100_000)
TAGS, DIMENSION = 10, 1792
NOISE = 6.0
# Photos that belong together: a question for the twelve nearest of one is a question for these.
BUNDLE = 13
WRITTEN_AT_ONCE = 5_000
# People approve only so much: beyond this the others are photos nobody spoke of.
MOST_CURATED = 100_000
QUERIES = 30
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


def timed(work: Callable[[], object]) -> dict[str, float]:
    """Return the seconds that it takes."""
    started = time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - started}


def fill(size: int) -> dict[str, float]:
    """Write photos without files, their vectors, and what people decided."""
    from benchmarks.library import add_photos
    from gallery.models import User
    from tagging.services.curation import curate_import

    def write() -> None:
        random = np.random.default_rng(1)
        centres = random.normal(size=(TAGS, DIMENSION)).astype(np.float32)
        owner = User.objects.create_user("ada")
        pairs: list[tuple[int, str]] = []
        for start in range(0, size, WRITTEN_AT_ONCE):
            labels = np.arange(start, min(size, start + WRITTEN_AT_ONCE)) % TAGS
            noise = noise_in_bundles(random, len(labels))
            vectors = (centres[labels] + NOISE * noise).astype(np.float16)
            images = add_photos([owner] * len(labels), vectors, name=f"from {start}")
            if start < MOST_CURATED:
                named = zip(images, labels, strict=True)
                pairs += [(image.pk, f"tag {label}") for image, label in named]
        curate_import(world_name="growth", pairs=pairs[:MOST_CURATED], actor=owner, curated=True)

    return timed(write)


def noise_in_bundles(random: np.random.Generator, rows: int) -> NDArray[np.float32]:
    """Return noise of variance one, [rows, d], that photos of a bundle share for two thirds.

    Bundles lie side by side and go through all tags, so that the nearest photos of one are those
    of its bundle and tag; nearest real photos are as near (`tagging.similar`).
    """
    bundles = -(-rows // (BUNDLE * TAGS))
    shared = random.standard_normal((bundles * TAGS, DIMENSION), dtype=np.float32)
    own = random.standard_normal((rows, DIMENSION), dtype=np.float32)
    number = np.arange(rows)
    bundle = number // (BUNDLE * TAGS) * TAGS + number % TAGS
    noise: NDArray[np.float32] = np.sqrt(2 / 3) * shared[bundle] + np.sqrt(1 / 3) * own
    return noise.astype(np.float32)


def dataset(_size: int) -> dict[str, float]:
    """Freeze what people decided, and write it down."""
    from benchmarks.material import BACKBONE
    from tagging.presets import current_policy
    from training.snapshot import store_snapshot

    return timed(lambda: store_snapshot(current_policy(), BACKBONE))


def retrain(_size: int) -> dict[str, float]:
    """Run a whole lesson as the schedule would."""
    from benchmarks.library import retrain as run

    report = run()
    assert report.promoted, report.reason
    steps = {f"{step}_s": seconds for step, seconds in report.seconds.items()}
    return {"seconds": report.seconds["total"], **steps, "photos": report.photos}


def retag(_size: int) -> dict[str, float]:
    """Write every suggestion, as after a version that says everything differently."""
    from tagging.models import Suggestion
    from tagging.services.suggestions import retag_library

    Suggestion.objects.all().delete()
    figures = timed(retag_library)
    return {**figures, "rows": Suggestion.objects.count()}


def retag_unchanged(_size: int) -> dict[str, float]:
    """Read the library again with the version that spoke before."""
    from tagging.services.suggestions import retag_library

    return timed(retag_library)


def files(_size: int) -> dict[str, float]:
    """Write the memory-mapped files from the rows of the database."""
    from tagging.services.vectors import tend_vectors

    return timed(tend_vectors)


def similar(_size: int) -> dict[str, float]:
    """Ask for similar photos as a photo page does, with all its queries: median of thirty."""
    from benchmarks.material import BACKBONE
    from gallery.models import Image, User
    from tagging.services.vectors import vector_files
    from tagging.similar import similar_photos

    viewer = User.objects.get(username="ada")
    ids = list(Image.objects.values_list("pk", flat=True))
    chosen = np.random.default_rng(2).choice(ids, QUERIES + 1, replace=False)
    photos = [Image.objects.get(pk=int(pk)) for pk in chosen]
    first = timed(lambda: similar_photos(image=photos[0], viewer=viewer))["seconds"]
    times = [
        timed(lambda photo=photo: similar_photos(image=photo, viewer=viewer))["seconds"]  # type: ignore[misc]
        for photo in photos[1:]
    ]
    stored = vector_files(BACKBONE).open()
    assert stored is not None
    found, exact = compare_with_exact(stored)
    return {
        "seconds": statistics.median(times),
        "exact_s": exact,
        "worst_s": max(times),
        "first_s": first,
        "found": found,
    }


def compare_with_exact(stored: StoredVectors) -> tuple[float, float]:
    """Return how many of the true twelve nearest the search finds, and the median seconds of
    measuring every cosine."""
    hits, asked, times = 0, 0, []
    for row in range(0, len(stored.contents), max(1, len(stored.contents) // 5)):
        started = time.perf_counter()
        true = stored.contents[np.argsort(-every_cosine(stored, row))[:12]].tolist()
        times.append(time.perf_counter() - started)
        found, _ = stored.nearest(stored.vectors[row], 12)
        hits, asked = hits + len(set(true) & set(found)), asked + len(true)
    return hits / asked, statistics.median(times)


def every_cosine(stored: StoredVectors, row: int) -> NDArray[np.float32]:
    """Return the cosine of one row to all, float32 [n], a chunk at a time."""
    compared = stored.manifest.compared
    own = stored.vectors[row, :compared].astype(np.float32)
    cosines = np.empty(len(stored.contents), np.float32)
    for start in range(0, len(cosines), WRITTEN_AT_ONCE):
        part = as_single(stored.vectors[start : start + WRITTEN_AT_ONCE, :compared])
        cosines[start : start + len(part)] = part @ own / np.linalg.norm(part, axis=1)
    return cosines


STEPS: dict[str, Callable[[int], dict[str, float]]] = {
    "fill": fill,
    "dataset": dataset,
    "retrain": retrain,
    "retag": retag,
    "retag_unchanged": retag_unchanged,
    "files": files,
    "similar": similar,
}


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
