"""How long a lesson takes with every embedding stored: 18 tags, 565 photos each.

The whole of `manage.py retrain`, from people's decisions in the database to a published and
promoted version and a library that was read again; beside it, in the same run, what fitting one
such layer with `keras.Model.fit` costs alone. Run with

    python -m benchmarks.learning_speed
"""

from __future__ import annotations

import hashlib
import time

import numpy as np
from numpy.typing import NDArray

from benchmarks.setting import fresh_installation

TAGS, PHOTOS_EACH = 18, 565
BACKBONE, DIMENSION = "efficientnet_lite0", 1792
# Wide enough apart that the tags can be learnt, near enough that they are mixed up at times.
NOISE = 6.0
PLAIN_EPOCHS = 10

Half = NDArray[np.float16]


def main() -> None:
    """Print the seconds of each step of a lesson, of a plain fit, and their ratio."""
    with fresh_installation():
        vectors, labels = make_vectors()
        write_library(vectors, labels)
        report = retrain()
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
    from gallery.models import Image, User
    from tagging.models import Content, Embedding, TwinGroup
    from tagging.services.curation import curate_import

    owner = User.objects.create_user("ada")
    hashes = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(len(labels))]
    images = Image.objects.bulk_create(
        Image(owner=owner, sha256=sha256, dhash=sha256, file_format="jpeg", width=1, height=1,
              byte_size=1)
        for sha256 in hashes
    )  # fmt: skip
    groups = TwinGroup.objects.bulk_create(TwinGroup() for _ in hashes)
    contents = Content.objects.bulk_create(
        Content(sha256=sha256, dhash=sha256, group=group)
        for sha256, group in zip(hashes, groups, strict=True)
    )
    Embedding.objects.bulk_create(
        Embedding(content=content, backbone=BACKBONE, vector=vector.astype("<f2").tobytes())
        for content, vector in zip(contents, vectors, strict=True)
    )
    pairs = [(image.pk, f"tag {label}") for image, label in zip(images, labels, strict=True)]
    curate_import(world_name="benchmark", pairs=pairs, actor=owner, curated=True)


def retrain() -> dict[str, float]:
    """Return the seconds per step of one run, which must end promoted."""
    from training.pipeline import RetrainOptions
    from training.runner import carry_out
    from training.services import begin_run

    options = RetrainOptions()
    report = carry_out(begin_run(backbone=BACKBONE, options=options.as_json()), options)
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
