"""How long a lesson takes with every embedding stored: 18 tags, 565 photos each.

The whole of `manage.py retrain`, from people's decisions in the database to a published and
promoted version and a library that was read again; beside it, in the same run, what fitting one
such layer with `keras.Model.fit` costs alone. Run with

    python -m benchmarks.learning_speed
"""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from benchmarks.library import add_photos, retrain
from benchmarks.setting import fresh_installation

TAGS, PHOTOS_EACH = 18, 565
DIMENSION = 1792
# Wide enough apart that the tags can be learnt, near enough that they are mixed up at times.
NOISE = 6.0
PLAIN_EPOCHS = 10

Half = NDArray[np.float16]


def main() -> None:
    """Print the seconds of each step of a lesson, of a plain fit, and their ratio."""
    with fresh_installation():
        vectors, labels = make_vectors()
        write_library(vectors, labels)
        report = seconds_of_a_run()
    plain = fit_plainly(vectors, labels)
    print(f"{TAGS} tags x {PHOTOS_EACH} photos, embeddings of {DIMENSION} numbers stored")
    for step in ("snapshot", "train", "evaluate", "publish", "retag", "total"):
        print(f"{step:34}{report[step]:7.1f} s")
    print(f"{f'keras.Model.fit, {PLAIN_EPOCHS} epochs, no more':34}{plain:7.1f} s")
    print(f"{'ratio of the whole lesson to it':34}{report['total'] / plain:7.2f}")


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
