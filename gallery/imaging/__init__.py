"""From the bytes of a file to an upright sRGB picture, and from there to WebP. No Django here."""

from gallery.imaging.reading import (
    IMAGE_SUFFIXES,
    Photo,
    UnreadablePhoto,
    load_rgb,
    read_photo,
)
from gallery.imaging.renditions import (
    RENDITION_WIDTHS,
    dhash16,
    render_all,
    render_webp,
    rendition_widths,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "RENDITION_WIDTHS",
    "Photo",
    "UnreadablePhoto",
    "dhash16",
    "load_rgb",
    "read_photo",
    "render_all",
    "render_webp",
    "rendition_widths",
]
