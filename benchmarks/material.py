"""What the proofs learn from: embedded photos with a truth that is known.

Without a folder these are patches of the pictures that scikit-image bundles: of the tiles of a
chessboard laid over each picture, the white ones are taught and the black ones say how good a
network truly is. With a folder they are its photos, a folder per tag.
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

BACKBONE = "efficientnet_lite0"
PICTURES = (
    *("astronaut.png", "brick.png", "camera.png", "chelsea.png", "coffee.png", "coins.png"),
    *("grass.png", "gravel.png", "hubble_deep_field.jpg", "ihc.png", "moon.png"),
    *("motorcycle_left.png", "page.png", "retina.jpg", "rocket.jpg", "text.png"),
)
# Small pieces without colour, so that tags are mixed up at times and there is something to learn.
TILE = 64
LEAST_SIDE, LARGEST_SIDE = 32, 64
BATCH = 64


@dataclass(frozen=True)
class Material:
    """Vectors float16 [n, d], the tag of each, int [n], and which may be taught, bool [n].

    The others are never shown to the site: only they say how good a version truly is.
    """

    vectors: NDArray[np.float16]
    labels: NDArray[np.intp]
    taught: NDArray[np.bool_]
    tags: tuple[str, ...]

    def rows(self, tag: int, *, taught: bool) -> NDArray[np.intp]:
        """Return the rows of one tag on one side."""
        return np.flatnonzero((self.labels == tag) & (self.taught == taught))

    def only(self, tags: tuple[str, ...]) -> Material:
        """Return the photos of these tags, numbered in their order."""
        number_of = {self.tags.index(tag): number for number, tag in enumerate(tags)}
        rows = np.flatnonzero(np.isin(self.labels, list(number_of)))
        labels = np.array([number_of[int(label)] for label in self.labels[rows]], dtype=np.intp)
        return Material(self.vectors[rows], labels, self.taught[rows], tags)


def load_material(folder: Path | None, *, each: int, hidden: int, seed: int = 0) -> Material:
    """Return `each` taught and `hidden` other photos per tag, embedded; patches are kept between
    runs in the machine's temporary folder."""
    if folder is not None:
        return _photos_of(folder, each, hidden, seed)
    name = hashlib.sha256(f"{PICTURES}{TILE}{LEAST_SIDE}{each}{hidden}{seed}".encode())
    cache = Path(tempfile.gettempdir()) / f"eyes-patches-{name.hexdigest()[:16]}.npz"
    if not cache.exists():
        made = _patches(each, hidden, seed)
        unfinished = cache.with_suffix(".part.npz")
        np.savez(unfinished, vectors=made.vectors, labels=made.labels, taught=made.taught)
        unfinished.replace(cache)
    stored = np.load(cache)
    tags = tuple(name.partition(".")[0] for name in PICTURES)
    return Material(stored["vectors"], stored["labels"], stored["taught"], tags)


def _patches(each: int, hidden: int, seed: int) -> Material:
    from gallery.samples import samples_directory

    random = np.random.default_rng(seed)
    pixels, labels, taught = [], [], []
    for tag, file_name in enumerate(PICTURES):
        with Image.open(samples_directory() / file_name) as opened:
            picture = opened.convert("RGB")
        for number in range(each + hidden):
            is_taught = number < each
            pixels.append(_patch(picture, int(is_taught), random))
            labels.append(tag)
            taught.append(is_taught)
    vectors = np.concatenate(list(_embedded(pixels)))
    return Material(vectors, np.array(labels), np.array(taught), ())


def _patch(picture: Image.Image, colour: int, random: np.random.Generator) -> NDArray[np.uint8]:
    """Return a random square within a tile of one colour at the network's size, grey and turned."""
    columns, rows = picture.width // TILE, picture.height // TILE
    tiles = [(x, y) for x in range(columns) for y in range(rows) if (x + y) % 2 == colour]
    across, down = tiles[int(random.integers(len(tiles)))]
    side = int(random.integers(LEAST_SIDE, LARGEST_SIDE + 1))
    x = across * TILE + int(random.integers(TILE - side + 1))
    y = down * TILE + int(random.integers(TILE - side + 1))
    patch = picture.crop((x, y, x + side, y + side)).convert("L").convert("RGB")
    patch = patch.resize((224, 224), Image.Resampling.BICUBIC).rotate(90 * int(random.integers(4)))
    return np.asarray(patch, dtype=np.uint8)


def _embedded(pixels: list[NDArray[np.uint8]]) -> Iterator[NDArray[np.float16]]:
    from tagging.registry import open_backbone

    engine = open_backbone(BACKBONE)
    for start in range(0, len(pixels), BATCH):
        yield engine.embed(np.stack(pixels[start : start + BATCH])).astype(np.float16)


def _photos_of(folder: Path, each: int, hidden: int, seed: int) -> Material:
    from tagging.backbones.cards import get_card
    from tagging.services.embeddings import decode_for

    random = np.random.default_rng(seed)
    tags = sorted(path.name for path in folder.iterdir() if path.is_dir())
    pixels, labels, taught = [], [], []
    for tag, name in enumerate(tags):
        photos = sorted(path for path in (folder / name).rglob("*") if path.is_file())
        chosen = random.permutation(len(photos))[: each + hidden]
        # Where there are too few, both sides get their share.
        limit = min(each, round(len(chosen) * each / (each + hidden)))
        for number, place in enumerate(chosen):
            pixels.append(decode_for(get_card(BACKBONE), photos[place]))
            labels.append(tag)
            taught.append(number < limit)
    vectors = np.concatenate(list(_embedded(pixels)))
    return Material(vectors, np.array(labels), np.array(taught), tuple(tags))
