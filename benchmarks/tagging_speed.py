"""How much eyes adds to what tagging one photo must cost anyway.

Beside each other, photo by photo in the same run: decoding with Pillow plus one call of ONNX
Runtime, nothing else; and the whole path of `manage.py classify`, from the file to tags. Run with

    python -m benchmarks.tagging_speed [FOLDER]

FOLDER holds photos; without one, those that scikit-image ships, as JPEG, are taken.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from benchmarks.setting import fresh_installation

ROUNDS = 5
MOST_PIXELS = 1_000_000


def main() -> None:
    """Print milliseconds per photo of both paths and the ratio, as medians."""
    with fresh_installation() as folder:
        photos = find_photos(folder)
        whole, bare = measure(photos, folder / "models_store")
    pairs = sorted(a / b for a, b in zip(whole, bare, strict=True))
    print(f"{len(photos)} photos of at most 1 megapixel, {ROUNDS} rounds, medians")
    print(f"bare decode + bare ONNX Runtime   {statistics.median(bare) * 1000:6.1f} ms")
    print(f"eyes, from the file to its tags   {statistics.median(whole) * 1000:6.1f} ms")
    print(f"ratio, photo by photo             {statistics.median(pairs):6.2f}")


def measure(photos: list[Path], store: Path) -> tuple[list[float], list[float]]:
    """Return the seconds of every photo on the whole path and on the bare one, in turn."""
    import onnxruntime

    from tagging.backbones.cards import get_card
    from tagging.classifier import current_classifier

    card = get_card("efficientnet_lite0")
    graph = store / "backbones" / card.key / "embed.onnx"
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    classifier = current_classifier()

    def run_bare(photo: Path) -> None:
        with Image.open(photo) as opened:
            upright = ImageOps.exif_transpose(opened).convert("RGB")
        side = ImageOps.fit(upright, (card.input_size, card.input_size), Image.Resampling.BICUBIC)
        session.run(None, {name: np.asarray(side)[None]})

    def run_whole(photo: Path) -> None:
        classifier.tag(*classifier.embed(photo))

    whole, bare = [], []
    for photo in photos:
        run_bare(photo)
        run_whole(photo)
    for _ in range(ROUNDS):
        for photo in photos:
            bare.append(seconds_of(run_bare, photo))
            whole.append(seconds_of(run_whole, photo))
    return whole, bare


def seconds_of(run: Callable[[Path], None], photo: Path) -> float:
    """Return how long one call took."""
    started = time.perf_counter()
    run(photo)
    return time.perf_counter() - started


def find_photos(folder: Path) -> list[Path]:
    """Return up to 60 photos of at most 1 megapixel from the argument, or bundled ones."""
    if len(sys.argv) > 1:
        found = []
        for path in sorted(Path(sys.argv[1]).rglob("*")):
            if path.suffix.lower() in {".jpg", ".jpeg"}:
                with Image.open(path) as photo:
                    if photo.width * photo.height <= MOST_PIXELS:
                        found.append(path)
        return found[:60]
    from gallery.samples import SAMPLES, samples_directory

    photos = []
    for sample in SAMPLES:
        with Image.open(samples_directory() / sample.file_name) as photo:
            if photo.width * photo.height <= MOST_PIXELS:
                target = folder / f"{Path(sample.file_name).stem}.jpg"
                photo.convert("RGB").save(target, quality=90)
                photos.append(target)
    return photos


if __name__ == "__main__":
    main()
