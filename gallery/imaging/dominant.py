"""The dominant colour of a photo, and what people call it.

Colours are compared in OKLab (Björn Ottosson, "A perceptual color space for image processing",
2020, https://bottosson.github.io/posts/oklab/), where equal steps look equally large: L is
lightness from 0 to 1, and a and b give chroma and hue.

The rule: the photo is shrunk to a few hundred pixels; each is given one of twelve names by its
lightness, chroma and hue; each counts the more the more colourful it is, since a red coat on a grey
street is what is remembered; the name with the largest sum wins, and the colour is the mean of its
pixels. Bounds of hues lie between the named colours of CSS.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

Pixels = NDArray[np.float64]

NAMES = (
    "red",
    "orange",
    "yellow",
    "green",
    "turquoise",
    "blue",
    "purple",
    "pink",
    "brown",
    "black",
    "grey",
    "white",
)
# Where the hue of each name ends, in degrees of OKLab; pink goes around zero.
HUES_END = (10, 42, 82, 118, 172, 215, 285, 335)
HUES = ("pink", "red", "orange", "yellow", "green", "turquoise", "blue", "purple", "pink")
# Below this chroma nobody sees a hue.
GREY_BELOW = 0.035
# Pixels on the longer side that are looked at.
ENOUGH = 24
# How much more the most colourful pixels count (a chroma of 0.3) than grey ones: three times.
COLOUR_COUNTS = 6.5

TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
TO_OKLAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


def dominant_colour(rgb: PillowImage.Image) -> tuple[str, str]:
    """Return the dominant colour of an sRGB picture as "#rrggbb", and its name of NAMES."""
    shrink = max(1, max(rgb.size) / ENOUGH)
    size = (max(1, round(rgb.width / shrink)), max(1, round(rgb.height / shrink)))
    small = rgb.resize(size, PillowImage.Resampling.BOX)
    pixels = np.asarray(small, dtype=np.float64).reshape(-1, 3) / 255
    oklab = to_oklab(pixels)
    names = name_colours(oklab)
    weights = 1 + COLOUR_COUNTS * np.hypot(oklab[:, 1], oklab[:, 2])
    winner = int(np.bincount(names, weights, minlength=len(NAMES)).argmax())
    red, green, blue = from_oklab(oklab[names == winner].mean(axis=0))
    return f"#{red:02x}{green:02x}{blue:02x}", NAMES[winner]


def name_colours(oklab: Pixels) -> NDArray[np.intp]:
    """Return the place in NAMES of each OKLab colour, one a row."""
    light, chroma = oklab[:, 0], np.hypot(oklab[:, 1], oklab[:, 2])
    hue = np.degrees(np.arctan2(oklab[:, 2], oklab[:, 1])) % 360
    by_hue = np.array([NAMES.index(name) for name in HUES])
    names = by_hue[np.searchsorted(HUES_END, hue, side="right")]
    # What is orange in the light is brown in the dark, and pale orange is beige: brown, too.
    warm = (hue >= 36) & (hue < 100)
    names[warm & ((light < 0.62) | (chroma < 0.075))] = NAMES.index("brown")
    names[(hue >= 100) & (hue < 118) & (light < 0.7)] = NAMES.index("green")
    names[(hue >= 10) & (hue < 42) & (light > 0.76)] = NAMES.index("pink")
    names[(hue >= 320) & (hue < 335) & (light > 0.62)] = NAMES.index("pink")
    dull = chroma < GREY_BELOW
    names[dull] = NAMES.index("grey")
    names[(light < 0.2) | (dull & (light < 0.3))] = NAMES.index("black")
    names[dull & (light > 0.92)] = NAMES.index("white")
    return names


def to_oklab(rgb: Pixels) -> Pixels:
    """Return sRGB from 0 to 1, one colour a row, as OKLab."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    oklab: Pixels = np.cbrt(linear @ TO_CONES.T) @ TO_OKLAB.T
    return oklab


def from_oklab(oklab: Pixels) -> tuple[int, int, int]:
    """Return one OKLab colour as sRGB from 0 to 255."""
    linear = np.linalg.inv(TO_CONES) @ (np.linalg.inv(TO_OKLAB) @ oklab) ** 3
    linear = linear.clip(0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    red, green, blue = np.rint(rgb * 255).astype(int).tolist()
    return red, green, blue
