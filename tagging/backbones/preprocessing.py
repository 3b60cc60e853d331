"""From a photo to the pixels that a backbone takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

from tagging.backbones.cards import BackboneCard

# Whole-number averaging may shrink a large photo to this multiple of the target before the
# bicubic filter. Against the filter alone the embeddings keep a cosine above 0.999 (the crop
# moved by half a pixel costs more), and a photo of 1 MP takes half the time, of 12 MP a fifth.
_REDUCING_GAP = 1.5


def to_network_input(photo: Image.Image, card: BackboneCard) -> npt.NDArray[np.uint8]:
    """Return the central square of an RGB photo as uint8 [size, size, 3].

    The square keeps `card.crop` of the shorter side and is scaled with a bicubic filter: the same
    picture as scaling the shorter side to size / crop and cutting the centre, in one pass over
    the pixels that matter. Scaling of the values happens in the graph. Raises ValueError for a
    photo in another mode, since converting (palette, CMYK, 16 bit, alpha) is the decoder's work.
    """
    if photo.mode != "RGB":
        raise ValueError(f"The photo is in mode {photo.mode!r}, expected 'RGB'.")
    side = min(photo.size) * card.crop
    left = (photo.width - side) / 2
    top = (photo.height - side) / 2
    square = photo.resize(
        (card.input_size, card.input_size),
        Image.Resampling.BICUBIC,
        box=(left, top, left + side, top + side),
        reducing_gap=_REDUCING_GAP,
    )
    return np.asarray(square, dtype=np.uint8)
