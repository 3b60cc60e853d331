"""Which backbones and engines a benchmark can try on this machine, and photos to try them on."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from PIL import Image

MOST_PIXELS = 1_000_000
MOST_PHOTOS = 64


def choosing_parser(documentation: str | None) -> argparse.ArgumentParser:
    """Return a parser of what to try: backbones, engines, and where the weights are."""
    parser = argparse.ArgumentParser(description=(documentation or "").partition("\n")[0])
    parser.add_argument("--backbones", nargs="+")
    parser.add_argument("--engines", nargs="+", choices=("onnx", "openvino", "keras"))
    parser.add_argument("--store", type=Path, help="a models store that holds the backbones")
    parser.add_argument("--random-weights", action="store_true", help="speed alone, no accuracy")
    return parser


def backbones_here(
    wanted: list[str] | None, store: Path, *, random_weights: bool
) -> dict[str, bool]:
    """Return the backbones that can serve, each with whether its weights are random.

    Those without weights are left out with a line that says so, or get random ones.
    """
    from tagging.backbones.cards import CARDS, get_card
    from tagging.backbones.weights import BackboneUnavailable, read_record

    here = {}
    for key in wanted or list(CARDS):
        try:
            read_record(get_card(key), store)
        except BackboneUnavailable as missing:
            if not random_weights:
                print(f"Left out: {missing}")
                continue
            give_random_weights(key, store)
            here[key] = True
        else:
            here[key] = False
    return here


def give_random_weights(key: str, store: Path) -> None:
    """Fetch a file of random numbers as the weights of a backbone: good for speed alone."""
    import keras

    from tagging.backbones.cards import get_card
    from tagging.backbones.fetch import fetch_weights
    from tagging.backbones.networks import build_network
    from tagging.backbones.weights import file_sha256

    keras.utils.set_random_seed(1)
    card = get_card(key)
    body = build_network(card).get_layer("body")
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "random.weights.h5"
        body.save_weights(file)
        fetch_weights(card, store, source=file, sha256=file_sha256(file))


def engines_here(wanted: list[str] | None) -> list[str]:
    """Return the names of the engines that can be opened here."""
    from tagging.engines.openvino_engine import HOW_TO_INSTALL, openvino_is_installed

    names = wanted or ["onnx", "openvino", "keras"]
    if "openvino" in names and not openvino_is_installed():
        print(f"Left out: openvino is not installed ({HOW_TO_INSTALL}).")
        names = [name for name in names if name != "openvino"]
    return names


def photos_to_try(given: Path | None, folder: Path) -> list[Path]:
    """Return up to 64 JPEG photos of at most 1 megapixel: from `given`, evenly spread, or those
    that scikit-image ships, written into `folder`."""
    if given is None:
        return _bundled(folder)
    found = []
    for path in sorted(given.rglob("*")):
        if path.suffix.lower() in {".jpg", ".jpeg"}:
            with Image.open(path) as photo:
                if photo.width * photo.height <= MOST_PIXELS:
                    found.append(path)
    return found[:: max(1, len(found) // MOST_PHOTOS)][:MOST_PHOTOS]


def _bundled(folder: Path) -> list[Path]:
    from gallery.samples import SAMPLES, samples_directory

    photos = []
    for sample in SAMPLES:
        with Image.open(samples_directory() / sample.file_name) as photo:
            if photo.width * photo.height <= MOST_PIXELS:
                target = folder / f"{Path(sample.file_name).stem}.jpg"
                photo.convert("RGB").save(target, quality=90)
                photos.append(target)
    return photos
