"""Crops of three textures that scikit-image ships: real pixels that no first-day word covers."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from gallery.samples import samples_directory

TEXTURES = ("brick", "grass", "gravel")
SIZE, STEP = 112, 36


def crops(name: str, *, left: bool) -> list[Image.Image]:
    """Return square RGB crops of one half of a texture, 512 × 512 pixels."""
    with Image.open(samples_directory() / f"{name}.png") as whole:
        texture = whole.convert("RGB")
    start = 0 if left else 256
    return [
        texture.crop((start + x, y, start + x + SIZE, y + SIZE))
        for x in range(0, 256 - SIZE + 1, STEP)
        for y in range(0, 512 - SIZE + 1, STEP)
    ]


def write_texture_folders(folder: Path, *, left: bool = True) -> Path:
    """Write a folder per texture with crops of one half; return the folder above them."""
    for name in TEXTURES:
        (folder / name).mkdir(parents=True)
        for number, crop in enumerate(crops(name, left=left)):
            crop.save(folder / name / f"{number:02}.png")
    return folder
