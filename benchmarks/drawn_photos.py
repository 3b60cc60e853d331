"""JPEG files with as much to decode as photos have, of as many kinds as are wanted."""

from __future__ import annotations

import colorsys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

GRAIN = 12
HUES, CELLS = 6, (6, 12, 24)
KINDS = HUES * len(CELLS)


def draw_photos(folder: Path, number: int, size: tuple[int, int], *, kind: int = 0) -> list[Path]:
    """Return `number` new files of this size; those of a kind share a hue and a coarseness.

    No two are near-duplicates. There are eighteen kinds.
    """
    random = np.random.default_rng([kind, number])
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for place in range(number):
        path = folder / f"{place:05}.jpg"
        Image.fromarray(_draw(random, size, kind)).save(path, quality=88)
        files.append(path)
    return files


def _draw(random: np.random.Generator, size: tuple[int, int], kind: int) -> NDArray[np.uint8]:
    cells = CELLS[kind // HUES % len(CELLS)]
    colour = 255 * np.array(colorsys.hsv_to_rgb(kind % HUES / HUES, 0.7, 1.0))
    coarse = random.random((cells * 3 // 4, cells, 1)) * colour
    soft = Image.fromarray(coarse.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
    # The same noise for all three colours, as the compression of photos leaves it.
    grain = random.integers(-GRAIN, GRAIN + 1, (size[1], size[0], 1), dtype=np.int16)
    pixels: NDArray[np.uint8] = np.clip(np.asarray(soft, np.int16) + grain, 0, 255).astype(np.uint8)
    return pixels
