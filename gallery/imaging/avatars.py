"""Pictures of people: the middle of a photo as a square, in the sizes that pages ask for."""

from __future__ import annotations

from PIL import Image as PillowImage
from PIL import ImageOps

from gallery.imaging.reading import load_rgb
from gallery.imaging.renditions import encode_webp

# Sides in pixels: in a line of text, beside a name and for sharp screens, at the head of a page.
AVATAR_SIDES = (80, 160, 320)


def render_avatars(data: bytes, *, max_pixels: int, max_bytes: int) -> dict[int, bytes]:
    """Return a WebP file for each side, or raise UnreadablePhoto.

    The square is cut from the middle; a smaller picture is enlarged, since pages count on the
    sizes.
    """
    rgb = load_rgb(data, max_pixels=max_pixels, max_bytes=max_bytes, enough_side=AVATAR_SIDES[-1])
    largest = ImageOps.fit(rgb, (AVATAR_SIDES[-1],) * 2, PillowImage.Resampling.LANCZOS)
    return {
        side: encode_webp(ImageOps.fit(largest, (side, side), PillowImage.Resampling.LANCZOS))
        for side in AVATAR_SIDES
    }
