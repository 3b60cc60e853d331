"""How long a lesson takes with every embedding stored: 18 tags, 565 photos each.

The whole of `manage.py retrain`, from people's decisions in the database to a published and
promoted version and a library that was read again; beside it, in the same run, what fitting one
such layer with `keras.Model.fit` costs alone. With `--cold` the same begins with 10,170 drawn JPEG
files and an empty site, through `import_folder` and `retrain`. Run with

    python -m benchmarks.learning_speed [--cold]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn_photos import KINDS, draw_photos
from benchmarks.library import add_photos, retrain
from benchmarks.setting import fresh_installation
from benchmarks.site import new_site
from benchmarks.written import WriteUp

TAGS, PHOTOS_EACH = KINDS, 565
DIMENSION = 1792
# Wide enough apart that the tags can be learnt, near enough that they are mixed up at times.
NOISE = 6.0
PLAIN_EPOCHS = 10
SIZE = (640, 480)
# The seconds of the same lesson that the origin of this project reports, on a GPU.
PUBLISHED = 779

Half = NDArray[np.float16]


def main() -> None:
    """Write down the seconds of each step of a lesson, of a plain fit, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cold", action="store_true", help="measure from files, too")
    cold = cold_seconds() if parser.parse_args().cold else {}
    with fresh_installation():
        vectors, labels = make_vectors()
        write_library(vectors, labels)
        report = seconds_of_a_run()
    write_down(report, fit_plainly(vectors, labels), cold)


def write_down(report: dict[str, float], plain: float, cold: dict[str, float]) -> None:
    """Write the tables of the lesson and of what comes before it, beside what was published."""
    page = WriteUp("origin", "Eighteen tags of 565 photos", "python -m benchmarks.learning_speed")
    page.figures |= {"stored": report, "plain_fit": plain, "cold": cold}
    steps = ("snapshot", "train", "evaluate", "publish", "retag", "total")
    page.say(
        f"{TAGS} tags x {PHOTOS_EACH} photos with embeddings of {DIMENSION} numbers stored, from "
        f"decisions to a live version. Published for such a lesson: {PUBLISHED} s on a GPU, of "
        f"another machine: **{PUBLISHED / report['total']:.0f} times** the {report['total']:.1f} s "
        f"here. `keras.Model.fit` on the same layer, {PLAIN_EPOCHS} epochs and nothing else, took "
        f"{plain:.1f} s in the same run; the whole lesson is {report['total'] / plain:.2f} times "
        "that."
    )
    page.table(["step", "seconds"], [[step, f"{report[step]:.1f}"] for step in steps])
    if cold:
        photos = TAGS * PHOTOS_EACH
        page.say(
            f"Cold, from {photos:,} drawn JPEG files of {SIZE[0]} x {SIZE[1]} and an empty site, "
            f"nothing extrapolated: {sum(cold.values()):.0f} s, "
            f"{photos / cold['import_folder']:.0f} photos a second while importing."
        )
        page.table(["command", "seconds"], [[step, f"{cold[step]:.1f}"] for step in cold])
    page.save()


def cold_seconds() -> dict[str, float]:
    """Return the seconds of each command from a folder per tag to a live version."""
    with tempfile.TemporaryDirectory(prefix="eyes-photos-") as name, new_site() as site:
        for tag in range(TAGS):
            draw_photos(Path(name) / f"kind {tag + 1}", PHOTOS_EACH, SIZE, kind=tag)
        found = {"import_folder": site.import_folder(Path(name))}
        found["retrain"] = site.retrain()[0].seconds
    return found


def make_vectors() -> tuple[Half, NDArray[np.intp]]:
    """Return float16 [n, d] around a centre per tag, and the tag of each, int [n]."""
    random = np.random.default_rng(1)
    labels = np.repeat(np.arange(TAGS), PHOTOS_EACH)
    centres = random.normal(size=(TAGS, DIMENSION)).astype(np.float32)
    noise = random.normal(size=(len(labels), DIMENSION)).astype(np.float32)
    return (centres[labels] + NOISE * noise).astype(np.float16), labels


def write_library(vectors: Half, labels: NDArray[np.intp]) -> None:
    """Store a photo without a file per vector, curated like a folder-per-tag import."""
    from gallery.models import User
    from tagging.services.curation import curate_import

    owner = User.objects.create_user("ada")
    images = add_photos([owner] * len(vectors), vectors, name="photo")
    pairs = [(image.pk, f"tag {label}") for image, label in zip(images, labels, strict=True)]
    curate_import(world_name="benchmark", pairs=pairs, actor=owner, curated=True)


def seconds_of_a_run() -> dict[str, float]:
    """Return the seconds per step of one run, which must end promoted."""
    report = retrain()
    assert report.promoted, report.reason
    return report.seconds


def fit_plainly(vectors: Half, labels: NDArray[np.intp]) -> float:
    """Return the seconds of the shortest Keras program that learns these tags and judges none."""
    import keras

    started = time.perf_counter()
    layer = keras.Sequential([keras.layers.Dense(TAGS, activation="sigmoid")])
    layer.compile("adam", "binary_crossentropy")
    targets = np.eye(TAGS, dtype=np.float32)[labels]
    layer.fit(vectors.astype(np.float32), targets, epochs=PLAIN_EPOCHS, batch_size=32, verbose=0)
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
