"""From the bytes of a file to an upright sRGB picture and to what is served. No Django here."""

from gallery.imaging.dominant import dominant_colour
from gallery.imaging.errors import UnreadablePhoto
from gallery.imaging.metadata import Metadata, read_metadata
from gallery.imaging.reading import IMAGE_SUFFIXES, Photo, load_rgb, read_photo
from gallery.imaging.renditions import (
    RENDITION_WIDTHS,
    dhash16,
    encode_avif,
    encode_jpeg,
    jpeg_width,
    render_all,
    render_webp,
    rendition_widths,
)

__all__ = [
    "IMAGE_SUFFIXES",
    "RENDITION_WIDTHS",
    "Metadata",
    "Photo",
    "UnreadablePhoto",
    "dhash16",
    "dominant_colour",
    "encode_avif",
    "encode_jpeg",
    "jpeg_width",
    "load_rgb",
    "read_metadata",
    "read_photo",
    "render_all",
    "render_webp",
    "rendition_widths",
]
