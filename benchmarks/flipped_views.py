"""Whether the mean of a photo's embedding and its mirror image's is a better embedding.

It would double what a photo costs, and its numbers may not be mixed with those of one view. A head
is taught and judges on one view, and on means of two, on the same splits. FOLDER holds a folder of
photos per tag; without it textures bundled with scikit-image are cut into patches. Run with

    python -m benchmarks.flipped_views [FOLDER] [--backbone KEY] [--store MODELS_STORE]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.extra_views import PER_TAG, SEEDS, TESTED, accuracy
from benchmarks.labelled_photos import labelled_photos
from benchmarks.setting import fresh_installation

Vectors = NDArray[np.float16]


def main() -> None:
    """Print a Markdown table of top-1 accuracy, and what the second view costs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--store", type=Path, help="a models store that holds the backbone")
    wishes = parser.parse_args()
    with fresh_installation(store=wishes.store) as folder:
        photos = labelled_photos(wishes.folder)
        labels = np.array([tag for _, tag in photos])
        pictures = [photo for photo, _ in photos]
        one, both, costs = embed_twice(pictures, wishes.backbone, folder / "models_store")
    print(f"{wishes.backbone}: {len(photos)} photos, {SEEDS} seeds, {TESTED} of a tag judge;")
    print(f"{costs[0]:.1f} ms a photo in one view, {costs[1]:.1f} ms in two.\n")
    print("| photos per tag | one view | mean of two | gain |\n|---:|---:|---:|---:|")
    for per_tag in PER_TAG:
        if per_tag + TESTED <= int(np.bincount(labels).min()):
            print(row_of(one, both, labels, per_tag))


def row_of(one: Vectors, both: Vectors, labels: NDArray[np.intp], per_tag: int) -> str:
    """Return a row of the table: mean and spread over the seeds, and the paired gain."""
    alone, mean = (
        np.array([accuracy([some], labels, per_tag, seed, (0,)) for seed in range(SEEDS)])
        for some in (one, both)
    )
    gain = 100 * (mean - alone)
    cells = [f"{found.mean():.2%} ± {found.std():.2%}" for found in (alone, mean)]
    return f"| {per_tag} | {' | '.join(cells)} | {gain.mean():+.2f} ± {gain.std():.2f} points |"


def embed_twice(
    photos: list[Image.Image], backbone: str, store: Path
) -> tuple[Vectors, Vectors, tuple[float, float]]:
    """Return float16 [n, d] of one view and of the mean of two, and milliseconds of either."""
    from tagging.backbones.cards import get_card
    from tagging.backbones.preprocessing import to_network_input
    from tagging.engine import open_engine

    engine, card = open_engine(backbone, store), get_card(backbone)
    one, both, first, second = [], [], 0.0, 0.0
    for photo in photos:
        pixels = to_network_input(photo, card)[None]
        started = time.perf_counter()
        straight = engine.embed(pixels)[0]
        between = time.perf_counter()
        mirrored = engine.embed(pixels[:, :, ::-1])[0]
        second += time.perf_counter() - between
        first += between - started
        one.append(straight.astype(np.float16))
        both.append(((straight + mirrored) / 2).astype(np.float16))
    each = 1000 / len(photos)
    return np.stack(one), np.stack(both), (first * each, (first + second) * each)


if __name__ == "__main__":
    main()
