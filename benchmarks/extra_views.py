"""Whether flipped and cropped views of the photos that teach would pay.

Each view costs one more pass of the network per photo and another row of numbers to keep. A head
is taught on one view, on two (as it is and flipped) and on four (two crops as well); all judge the
same test photos in one view, for several seeds and numbers of photos per tag. FOLDER holds a folder
of photos per tag; without it textures bundled with scikit-image are cut into patches. Run with

    python -m benchmarks.extra_views [FOLDER]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.labelled_photos import labelled_photos
from benchmarks.setting import fresh_installation

BACKBONE = "efficientnet_lite0"
SEEDS = 6
PER_TAG = (5, 10, 20, 50, 100, 200)
# Of each tag so many photos judge, and never teach.
TESTED = 100
# Of the photo's sides are those of the crops, its upper left and its lower right.
CROP = 0.8
VIEWS = {"one view": (0,), "with the flipped one": (0, 1), "with two crops too": (0, 1, 2, 3)}

Vectors = NDArray[np.float16]
Labels = NDArray[np.intp]


def main() -> None:
    """Print a Markdown table of top-1 accuracy, and what the views cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?")
    wishes = parser.parse_args()
    with fresh_installation() as folder:
        photos = labelled_photos(wishes.folder)
        labels = np.array([tag for _, tag in photos])
        views, milliseconds = embed_views([photo for photo, _ in photos], folder / "models_store")
    tags = int(labels.max()) + 1
    print(f"{len(photos)} photos of {tags} tags, {SEEDS} seeds, {TESTED} of each tag judge;")
    print(f"{milliseconds:.1f} ms to embed one view of one photo.\n")
    print("| photos per tag | " + " | ".join(VIEWS) + " | gain of all four |")
    print("|---:|" + "---:|" * (len(VIEWS) + 1))
    fewest = int(np.bincount(labels).min())
    for per_tag in PER_TAG:
        if per_tag + TESTED <= fewest:
            print(row_of(views, labels, per_tag))


def row_of(views: list[Vectors], labels: Labels, per_tag: int) -> str:
    """Return a row of the table: mean and spread over the seeds, and the paired gain."""
    found = np.array(
        [
            [accuracy(views, labels, per_tag, seed, chosen) for chosen in VIEWS.values()]
            for seed in range(SEEDS)
        ]
    )
    cells = [f"{column.mean():.2%} ± {column.std():.2%}" for column in found.T]
    gain = 100 * (found[:, -1] - found[:, 0])
    return f"| {per_tag} | {' | '.join(cells)} | {gain.mean():+.2f} ± {gain.std():.2f} points |"


def accuracy(
    views: list[Vectors], labels: Labels, per_tag: int, seed: int, chosen: tuple[int, ...]
) -> float:
    """Return top-1 on the test photos of a head taught on these views of the same photos."""
    from training.learning import head as fitting
    from training.learning.features import standardisation, standardise

    learns, stops, judges = split(labels, per_tag, seed)
    taught = np.concatenate([views[view][learns] for view in chosen])
    mean, scale = standardisation(taught)
    targets = np.eye(int(labels.max()) + 1, dtype=np.float32)

    def task(vectors: Vectors, rows: Labels) -> fitting.Task:
        truth = targets[labels[rows]]
        return fitting.Task(standardise(vectors, mean, scale), truth, np.ones_like(truth))

    fitted = fitting.fit_until_best(
        task(taught, np.tile(learns, len(chosen))), task(views[0][stops], stops),
        fitting.FitSettings(),
    )  # fmt: skip
    guess = fitted.logits(standardise(views[0][judges], mean, scale)).argmax(axis=1)
    return float((guess == labels[judges]).mean())


def split(labels: Labels, per_tag: int, seed: int) -> tuple[Labels, Labels, Labels]:
    """Return rows that teach, that stop the learning (one in five of the taught), that judge.

    The judging ones are the same for every number of photos per tag.
    """
    random = np.random.default_rng(seed)
    learns, stops, judges = [], [], []
    for tag in range(int(labels.max()) + 1):
        rows = random.permutation(np.flatnonzero(labels == tag))
        judges.append(rows[:TESTED])
        taught = rows[TESTED : TESTED + per_tag]
        stops.append(taught[: max(1, per_tag // 5)])
        learns.append(taught[max(1, per_tag // 5) :])
    return np.concatenate(learns), np.concatenate(stops), np.concatenate(judges)


def embed_views(photos: Sequence[Image.Image], store: Path) -> tuple[list[Vectors], float]:
    """Return float16 [n, d] per view, and the milliseconds that a view of a photo took."""
    from tagging.backbones.cards import get_card
    from tagging.backbones.preprocessing import to_network_input
    from tagging.engine import open_engine

    engine, card = open_engine(BACKBONE, store), get_card(BACKBONE)
    vectors: list[list[Vectors]] = [[], [], [], []]
    started = time.perf_counter()
    for photo in photos:
        inputs = np.stack([to_network_input(view, card) for view in views_of(photo)])
        for kept, vector in zip(vectors, engine.embed(inputs), strict=True):
            kept.append(vector.astype(np.float16))
    seconds = time.perf_counter() - started
    return [np.stack(kept) for kept in vectors], 1000 * seconds / (4 * len(photos))


def views_of(photo: Image.Image) -> Iterator[Image.Image]:
    """Return the photo, its mirror image and two crops of it."""
    width, height = (round(CROP * side) for side in photo.size)
    yield photo
    yield photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    yield photo.crop((0, 0, width, height))
    yield photo.crop((photo.width - width, photo.height - height, photo.width, photo.height))


if __name__ == "__main__":
    main()
