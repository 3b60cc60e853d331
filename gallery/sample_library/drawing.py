"""Drawn landscapes: a few dozen pictures that stand for a hundred thousand photos."""

from __future__ import annotations

import io
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

# Width by height in pixels: lying, standing, square and wide, as people take photos.
SHAPES: Final = ((1280, 853), (1280, 960), (853, 1280), (1080, 1080), (960, 1280), (1280, 640))
_LAYERS: Final = 5

Floats = NDArray[np.float64]


def draw_landscape(number: int) -> bytes:
    """Return picture `number` as the bytes of a JPEG file: hills under a sky, its colours by the
    number. The same number always draws the same."""
    width, height = SHAPES[number % len(SHAPES)]
    random = np.random.default_rng(number)
    hue = number * 0.61803 % 1.0
    across = np.linspace(0.0, 1.0, width)
    down = np.linspace(0.0, 1.0, height)[:, None]
    picture = _sky(across, down, hue, random)
    for layer in range(_LAYERS):
        depth = (layer + 1) / _LAYERS
        ridge = _ridge(across, 0.35 + 0.5 * depth, random)
        colour = _colour((hue + 0.08 * layer) % 1.0, 0.35 + 0.3 * depth, 0.75 - 0.6 * depth)
        picture = np.where((down > ridge)[..., None], colour, picture)
    grain = random.normal(0.0, 2.0, (height, width, 1))
    pixels = np.clip(picture * 255 + grain, 0, 255).astype(np.uint8)
    file = io.BytesIO()
    PillowImage.fromarray(pixels).save(file, "JPEG", quality=88)
    return file.getvalue()


def _sky(across: Floats, down: Floats, hue: float, random: np.random.Generator) -> Floats:
    """Return [height, width, 3]: a sky that grows lighter downwards, with a sun in it."""
    top, bottom = _colour((hue + 0.5) % 1.0, 0.55, 0.55), _colour((hue + 0.55) % 1.0, 0.2, 0.97)
    sky = top + (bottom - top) * down[..., None] + np.zeros((1, len(across), 1))
    x, y, radius = random.uniform(0.2, 0.8), random.uniform(0.12, 0.3), random.uniform(0.04, 0.09)
    stretch = len(across) / len(down)
    distance = np.hypot((across - x) * stretch, down - y)
    return np.where((distance < radius)[..., None], _colour(hue, 0.15, 1.0), sky)


def _ridge(across: Floats, level: float, random: np.random.Generator) -> Floats:
    """Return how far down the hills begin, for each column."""
    ridge = np.full_like(across, level)
    for octave in range(1, 6):
        phase = random.uniform(0, 2 * math.pi)
        ridge += 0.06 / octave * np.sin(across * 2 * math.pi * octave * 1.3 + phase)
    return ridge


def _colour(hue: float, saturation: float, lightness: float) -> Floats:
    """Return red, green and blue, 0 to 1."""
    turned = np.abs((hue * 6 + np.array([0.0, 4.0, 2.0])) % 6 - 3) - 1
    pure = np.clip(turned, 0.0, 1.0)
    colour: Floats = lightness + saturation * (1 - abs(2 * lightness - 1)) * (pure - 0.5)
    return colour
