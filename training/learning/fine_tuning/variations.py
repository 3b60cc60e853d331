"""How a photo is varied while it teaches, and how it is seen when it judges.

Everything is drawn from one seed per photo and epoch, so that a run that was killed goes on with
exactly the variations that it would have seen, in whatever order threads prepare them.
"""

from __future__ import annotations

import io
import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tagging.backbones.cards import BackboneCard
from tagging.backbones.preprocessing import to_network_input
from training.learning.fine_tuning.photos import PhotoCache
from training.learning.fine_tuning.task import Augmentation, TuningSettings

# The usual range of the crop's ratio of sides (Szegedy et al., 2015: 3/4 to 4/3).
_MOST_STRETCH = 4 / 3
# Kept beyond the crop on each side before it is turned, so that the filter sees its neighbours.
_MARGIN = 2

SHEET_PHOTOS = 6
SHEET_VARIATIONS = 6
_SHEET_CELL = 144
_SHEET_GAP = 6


def vary(
    photo: Image.Image, size: int, augmentation: Augmentation, random: np.random.Generator
) -> NDArray[np.uint8]:
    """Return one variation of an RGB photo as uint8 [size, size, 3].

    Everything is drawn whether it is switched on or not, so that switching one thing off leaves
    the others as they were.
    """
    draws = random.random(7)
    angle = augmentation.rotation * (2 * draws[0] - 1)
    square = _cut(photo, size, augmentation.crop, angle, draws[1:5])
    if augmentation.flip and random.random() < 0.5:
        square = square.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    brightness = 1 + augmentation.brightness * (2 * draws[5] - 1)
    contrast = 1 + augmentation.contrast * (2 * draws[6] - 1)
    return _lit(np.asarray(square, dtype=np.uint8), brightness, contrast)


def as_judged(photo: Image.Image, card: BackboneCard) -> NDArray[np.uint8]:
    """Return a photo as it is seen when it judges and when the network serves."""
    return to_network_input(photo, card)


def variation_seed(seed: int, epoch: int, index: int) -> np.random.Generator:
    """Return what the variation of this photo in this epoch is drawn from."""
    return np.random.default_rng([seed, epoch, index])


def contact_sheet(cache: PhotoCache, settings: TuningSettings, size: int) -> bytes:
    """Return a JPEG that shows what will be taught: a row per photo, first as it is, then as some
    of its variations at the network's input `size`.

    The photos are spread over the cache. Raises BrokenPhotos as the cache does, and ValueError
    for an empty one.
    """
    if not len(cache):
        raise ValueError("There are no photos to show.")
    chosen = np.unique(np.linspace(0, len(cache) - 1, SHEET_PHOTOS).round().astype(int))
    step = _SHEET_CELL + _SHEET_GAP
    width, height = step * (SHEET_VARIATIONS + 1), step * len(chosen)
    sheet = Image.new("RGB", (width + _SHEET_GAP, height + _SHEET_GAP), "white")
    for row, index in enumerate(chosen):
        photo = cache.photo(int(index))
        cells = [_middle(photo)]
        for number in range(SHEET_VARIATIONS):
            random = variation_seed(settings.seed, number + 1, int(index))
            cells.append(Image.fromarray(vary(photo, size, settings.augmentation, random)))
        for column, cell in enumerate(cells):
            place = (_SHEET_GAP + column * step, _SHEET_GAP + row * step)
            sheet.paste(cell.resize((_SHEET_CELL, _SHEET_CELL)), place)
    buffer = io.BytesIO()
    sheet.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _middle(photo: Image.Image) -> Image.Image:
    side = min(photo.size)
    left, top = (photo.width - side) // 2, (photo.height - side) // 2
    return photo.crop((left, top, left + side, top + side))


def _cut(
    photo: Image.Image, size: int, least: float, angle: float, draws: NDArray[np.float64]
) -> Image.Image:
    """Return a random rectangle of the photo, turned by `angle` degrees, as a square of `size`.

    The rectangle lies within the photo also where it is turned: corners are never made up.
    """
    width, height = _rectangle(photo.size, least, draws[0], draws[1])
    turn = math.radians(angle)
    cosine, sine = abs(math.cos(turn)), abs(math.sin(turn))
    outer = width * cosine + height * sine, width * sine + height * cosine
    fit = min(1.0, photo.width / outer[0], photo.height / outer[1])
    width, height, outer = width * fit, height * fit, (outer[0] * fit, outer[1] * fit)
    left = draws[2] * (photo.width - outer[0])
    top = draws[3] * (photo.height - outer[1])
    if not angle:
        box = (left, top, min(left + width, photo.width), min(top + height, photo.height))
        return photo.resize((size, size), Image.Resampling.BICUBIC, box=box)
    return _turned(photo, size, turn, (left, top, *outer), (width, height))


def _turned(
    photo: Image.Image,
    size: int,
    turn: float,
    outer: tuple[float, float, float, float],
    inner: tuple[float, float],
) -> Image.Image:
    """Return the turned rectangle `inner` in the middle of the upright one, `outer`, as a square.

    First the upright one is scaled with a proper filter, then turned without a change of scale.
    """
    left, top, width, height = outer
    stretch = size / inner[0], size / inner[1]
    room = _MARGIN / stretch[0], _MARGIN / stretch[1]
    box = (
        max(0.0, left - room[0]),
        max(0.0, top - room[1]),
        min(photo.width, left + width + room[0]),
        min(photo.height, top + height + room[1]),
    )
    scaled = (
        max(1, round((box[2] - box[0]) * stretch[0])),
        max(1, round((box[3] - box[1]) * stretch[1])),
    )
    middle = (
        (left + width / 2 - box[0]) * scaled[0] / (box[2] - box[0]),
        (top + height / 2 - box[1]) * scaled[1] / (box[3] - box[1]),
    )
    upright = photo.resize(scaled, Image.Resampling.BICUBIC, box=box)
    cosine, sine = math.cos(turn), math.sin(turn)
    # Where a pixel of the result lies: turned in the photo's own scale, which may differ by side.
    ratio = stretch[1] / stretch[0]
    a, b, d, e = cosine, -sine / ratio, sine * ratio, cosine
    half = size / 2
    matrix = (a, b, middle[0] - (a + b) * half, d, e, middle[1] - (d + e) * half)
    return upright.transform(
        (size, size), Image.Transform.AFFINE, matrix, Image.Resampling.BILINEAR
    )


def _rectangle(
    photo: tuple[int, int], least: float, area_draw: float, ratio_draw: float
) -> tuple[float, float]:
    """Return the sides of a crop of `least` to all of the area; all of the photo for `least` 1."""
    if least >= 1:
        return float(photo[0]), float(photo[1])
    area = photo[0] * photo[1] * (least + (1 - least) * area_draw)
    ratio = _MOST_STRETCH ** (2 * ratio_draw - 1)
    return min(photo[0], math.sqrt(area * ratio)), min(photo[1], math.sqrt(area / ratio))


def _lit(pixels: NDArray[np.uint8], brightness: float, contrast: float) -> NDArray[np.uint8]:
    """Return the pixels times `brightness`, then further from or nearer to their mean."""
    if brightness == 1 and contrast == 1:
        return pixels
    middle = float(pixels.mean()) * brightness
    values = (np.arange(256) * brightness - middle) * contrast + middle
    table = np.clip(values.round(), 0, 255).astype(np.uint8)
    result: NDArray[np.uint8] = table[pixels]
    return result
