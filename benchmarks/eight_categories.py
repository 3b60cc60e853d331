"""Eight categories of about a thousand photos each, from a folder to a network that knows them.

    python -m benchmarks.eight_categories [FOLDER] [--measured 400]

What was published for such a set: twelve hours for the bottleneck features of 8,000 photos, then
twenty minutes for the head, under 10 % error. Here the cost per photo is measured on a part and
multiplied; the head is taught in full.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.drawn_photos import draw_photos
from benchmarks.library import add_photos, live_head, retrain, top1
from benchmarks.setting import fresh_installation
from benchmarks.written import WriteUp

CATEGORIES, EACH, HELD_BACK = 8, 1_000, 200
DIMENSION, NOISE = 1792, 6.0
# Imported before the clock starts, so that opening the network is not counted.
WARM = 8
# A telephone's photo after it was sent around: between one and two megapixels.
SIZE = (1440, 1080)
PUBLISHED_FEATURES, PUBLISHED_HEAD = 12 * 3600, 20 * 60


def main() -> None:
    """Measure a part of the import and the whole lesson, and write down what follows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="photos to measure the import on")
    parser.add_argument("--measured", type=int, default=400, help="how many of them")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="eyes-photos-") as name, fresh_installation():
        files = photos_of(options.folder, options.measured)
        files = files or draw_photos(Path(name), options.measured, SIZE)
        seconds_to_import(files[:WARM])
        halves = [seconds_to_import(part) for part in (files[WARM::2], files[WARM + 1 :: 2])]
        lesson, right = teach()
    write_down(len(files) - WARM, halves, lesson, right, drawn=options.folder is None)


def photos_of(folder: Path | None, most: int) -> list[Path]:
    """Return files of the folder, spread over all of it; none without a folder."""
    if folder is None:
        return []
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return files[:: max(1, len(files) // most)][:most]


def seconds_to_import(files: list[Path]) -> float:
    """Return the seconds per photo of storing, renditions, embedding and near-duplicates."""
    from django.db import transaction

    from gallery.models import User
    from gallery.services.images import store_image
    from tagging.services.embeddings import embed_images

    owner, _ = User.objects.get_or_create(username="ada")
    started = time.perf_counter()
    for start in range(0, len(files), 50):
        with transaction.atomic():
            stored = [
                store_image(
                    owner=owner, data=file.read_bytes(), name=file.name, visibility="public",
                    teaches=False, announce=False,
                ).image.pk
                for file in files[start : start + 50]
            ]  # fmt: skip
        embed_images(image_ids=stored)
    return (time.perf_counter() - started) / len(files)


def teach() -> tuple[dict[str, float], float]:
    """Return the seconds of a lesson on eight thousand vectors, and the share that it gets right
    of others that are held back."""
    from gallery.models import User
    from tagging.services.curation import curate_import

    random = np.random.default_rng(4)
    centres = random.normal(size=(CATEGORIES, DIMENSION)).astype(np.float32)
    labels = np.repeat(np.arange(CATEGORIES), EACH + HELD_BACK)
    noise = random.standard_normal((len(labels), DIMENSION), dtype=np.float32)
    vectors = (centres[labels] + NOISE * noise).astype(np.float16)
    held_back = np.arange(len(labels)) % (EACH + HELD_BACK) >= EACH
    owner = User.objects.create_user("teacher")
    images = add_photos([owner] * int((~held_back).sum()), vectors[~held_back], name="category")
    named = zip(images, labels[~held_back], strict=True)
    pairs = [(image.pk, f"category {label}") for image, label in named]
    curate_import(world_name="categories", pairs=pairs, actor=owner, curated=True)
    report = retrain()
    assert report.promoted, report.reason
    head = live_head()
    assert head is not None
    tags = [f"category {number}" for number in range(CATEGORIES)]
    return report.seconds, top1(head, vectors[held_back], labels[held_back], tags)


def write_down(
    measured: int, halves: list[float], lesson: dict[str, float], right: float, *, drawn: bool
) -> None:
    """Write what was measured, what follows for eight thousand, and what was published."""
    photos = CATEGORIES * EACH
    each = sum(halves) / len(halves)
    page = WriteUp(
        "eight-categories",
        "Eight categories of a thousand photos",
        f"python -m benchmarks.eight_categories --measured {measured + WARM}",
    )
    page.figures |= {
        "measured": measured,
        "seconds_per_photo": halves,
        "lesson": lesson,
        "right": right,
    }
    what = f"drawn JPEG files of {SIZE[0]} x {SIZE[1]}" if drawn else "photos of the given folder"
    page.table(
        ["step", "eyes", "published"],
        [
            [
                f"features of {photos:,} photos",
                f"{each * photos / 60:.1f} min, extrapolated",
                "12 h",
            ],
            ["head", f"{lesson['train']:.1f} s, measured in full", "20 min"],
            ["snapshot to a library read again", f"{lesson['total']:.1f} s, measured in full", ""],
        ],
    )
    page.say(
        f"Measured: {measured} {what}, {each * 1000:.1f} ms each for storing, renditions, "
        f"embedding and near-duplicates; the two halves of them took {halves[0] * 1000:.1f} and "
        f"{halves[1] * 1000:.1f} ms, which says how far the multiplication can be trusted. The "
        f"published times are of another machine and stand for the order of size: "
        f"{PUBLISHED_FEATURES / (each * photos):.0f} times and "
        f"{PUBLISHED_HEAD / lesson['total']:.0f} times."
    )
    page.say(
        f"The head was taught {photos:,} drawn vectors and is right on {right:.1%} of "
        f"{CATEGORIES * HELD_BACK:,} others; that says that it learns what there is to learn, and "
        "nothing of photos (published: under 10 % error on photos)."
    )
    page.save()


if __name__ == "__main__":
    main()
