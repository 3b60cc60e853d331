"""The steps whose cost is followed as a library grows, each on the site of this process."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tagging.vector_files import StoredVectors, as_single

TAGS, DIMENSION = 10, 1792
NOISE = 6.0
# Photos that belong together: a question for the twelve nearest of one is a question for these.
BUNDLE = 13
WRITTEN_AT_ONCE = 5_000
# People approve only so much: beyond this the others are photos nobody spoke of.
MOST_CURATED = 100_000
QUERIES = 30


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
