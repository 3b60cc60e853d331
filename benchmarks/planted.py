"""Pictures that are nobody's near-duplicate, and the copies of them that people make."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image

TEXTURES = ("brick.png", "grass.png", "gravel.png")
PHOTOS = (
    "astronaut.png",
    "camera.png",
    "chelsea.png",
    "coffee.png",
    "coins.png",
    "motorcycle_left.png",
    "retina.jpg",
    "rocket.jpg",
)
# Pictures that had no say when the thresholds of twins were chosen; the last two come with
# scikit-learn.
HELD_OUT = (
    "skimage/data/cell.png",
    "skimage/data/clock_motion.png",
    "skimage/data/color.png",
    "skimage/data/hubble_deep_field.jpg",
    "skimage/data/ihc.png",
    "skimage/data/moon.png",
    "skimage/data/motorcycle_right.png",
    "skimage/data/page.png",
    "sklearn/datasets/images/china.jpg",
    "sklearn/datasets/images/flower.jpg",
)
FAR_AND_SMALL = ("cell", "hubble_deep_field", "ihc", "moon")
# Tiles touch and never overlap, so that no two are the same picture.
TILE = 128
# Grey levels; a tile of plain sky or dark shows nothing that could be told apart.
LEAST_SPREAD = 10.0

Picture = Image.Image


@dataclass(frozen=True)
class Original:
    """A picture, its name, and the tag it is sorted under."""

    name: str
    tag: str
    picture: Picture

    def as_file(self) -> bytes:
        """Return the picture as a PNG file."""
        return _encode(self.picture, "PNG")


def resized(picture: Picture) -> bytes:
    """Return the picture at half its width and height."""
    size = max(1, picture.width // 2), max(1, picture.height // 2)
    return _encode(picture.resize(size, Image.Resampling.LANCZOS), "JPEG", quality=90)


def recompressed(picture: Picture) -> bytes:
    """Return the picture as a JPEG file of low quality."""
    return _encode(picture, "JPEG", quality=40)


def cropped(picture: Picture) -> bytes:
    """Return the picture without 2.5 % of its width and height on every side."""
    across, down = round(0.025 * picture.width), round(0.025 * picture.height)
    box = across, down, picture.width - across, picture.height - down
    return _encode(picture.crop(box), "JPEG", quality=90)


COPIES: dict[str, Callable[[Picture], bytes]] = {
    "half the size": resized,
    "recompressed, quality 40": recompressed,
    "cropped by 2.5 % a side": cropped,
}


def bundled_originals(tile: int = TILE) -> Iterator[Original]:
    """Yield tiles of the textures and photos that the thresholds of twins were chosen on."""
    for name in (*TEXTURES, *PHOTOS):
        tag = Path(name).stem if name in TEXTURES else "scene"
        yield from _tiles(f"skimage/data/{name}", tag, tile)


def held_out_originals(tile: int = TILE) -> Iterator[Original]:
    """Yield tiles of pictures that the thresholds of twins were not chosen on."""
    for name in HELD_OUT:
        tag = "far and small" if Path(name).stem in FAR_AND_SMALL else "things"
        yield from _tiles(name, tag, tile)


def _tiles(name: str, tag: str, tile: int) -> Iterator[Original]:
    """Yield the tiles of a picture that a package ships; `name` begins with the package's."""
    package, _, rest = name.partition("/")
    found = find_spec(package)
    if found is None or found.origin is None:
        raise SystemExit(f"This needs the package {package}: see requirements-dev.txt.")
    with Image.open(Path(found.origin).parent / rest) as opened:
        whole = opened.convert("RGB")
    for top in range(0, whole.height - tile + 1, tile):
        for left in range(0, whole.width - tile + 1, tile):
            picture = whole.crop((left, top, left + tile, top + tile))
            if np.asarray(picture.convert("L")).std() >= LEAST_SPREAD:
                yield Original(f"{Path(name).name} {left} {top}", tag, picture)


def originals_of_folder(folder: Path, most: int) -> Iterator[Original]:
    """Yield the photos of a folder per tag, evenly over the tags, `most` at the most."""
    tags = sorted(path for path in folder.iterdir() if path.is_dir())
    for tag in tags:
        files = sorted(path for path in tag.rglob("*") if path.is_file())
        for path in files[: max(1, most // max(1, len(tags)))]:
            with Image.open(path) as opened:
                yield Original(str(path.relative_to(folder)), tag.name, opened.convert("RGB"))


def _encode(picture: Picture, file_format: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, file_format, **options)
    return buffer.getvalue()
