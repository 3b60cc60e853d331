"""Pictures that are nobody's near-duplicate, and the copies of them that people make."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
    """Yield tiles of the textures and photos that scikit-image ships."""
    from gallery.samples import samples_directory

    for name in (*TEXTURES, *PHOTOS):
        with Image.open(samples_directory() / name) as opened:
            whole = opened.convert("RGB")
        tag = Path(name).stem if name in TEXTURES else "scene"
        for top in range(0, whole.height - tile + 1, tile):
            for left in range(0, whole.width - tile + 1, tile):
                picture = whole.crop((left, top, left + tile, top + tile))
                if np.asarray(picture.convert("L")).std() >= LEAST_SPREAD:
                    yield Original(f"{name} {left} {top}", tag, picture)


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
