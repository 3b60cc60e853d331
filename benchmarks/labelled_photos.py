"""Photos with one tag each for a benchmark: a folder of them, or textures that come along."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from PIL import Image

TEXTURES = ("brick", "grass", "gravel")
# In pixels: as small as this, patches of one texture are easily taken for another's.
PATCH = 24


def labelled_photos(folder: Path | None) -> list[tuple[Image.Image, int]]:
    """Return each photo in RGB with the number of its tag: those of a folder per tag, else
    patches of textures bundled with scikit-image."""
    return list(read_folder(folder) if folder else cut_textures())


def read_folder(folder: Path) -> Iterator[tuple[Image.Image, int]]:
    """Return each photo in RGB, with the number of its folder."""
    from gallery.imaging import load_rgb

    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    names = sorted({path.parent.name for path in paths})
    for path in paths:
        yield (
            load_rgb(path, max_pixels=100_000_000, enough_side=400),
            names.index(path.parent.name),
        )


def cut_textures() -> Iterator[tuple[Image.Image, int]]:
    """Return patches of the textures that do not overlap, with the number of each."""
    from gallery.samples import samples_directory

    for number, name in enumerate(TEXTURES):
        with Image.open(samples_directory() / f"{name}.png") as opened:
            texture = opened.convert("RGB")
        for top in range(0, texture.height - PATCH + 1, PATCH):
            for left in range(0, texture.width - PATCH + 1, PATCH):
                yield texture.crop((left, top, left + PATCH, top + PATCH)), number
