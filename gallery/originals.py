"""Originals for download: what of them is given to people who do not own them.

An original may say where, when and with what it was taken. Whoever is not its owner gets of that
what the owner shows: all of it, and the file is untouched; else, of a JPEG, PNG or WebP, the same
pixels without any metadata, since leaving out single fields of it forgets the copies that programs
keep elsewhere in the file. Other formats cannot be taken apart safely and are given as they are, or
not at all where they hold what is not shown.
"""

from __future__ import annotations

import contextlib
import io

from django.utils.text import slugify
from PIL import ExifTags
from PIL import Image as PillowImage

from gallery.imaging.errors import DECODER_ERRORS, UnreadablePhoto
from gallery.imaging.metadata import Metadata, read_metadata
from gallery.imaging.stripping import STRIPPERS, without_metadata
from gallery.models import Image

ORIGINAL_TYPES = {
    "jpeg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "avif": "image/avif",
    "heic": "image/heic",
    "tiff": "image/tiff",
}
SUFFIXES = {"jpeg": "jpg", "tiff": "tif"}
# Whatever writes a position names it so, in XMP; EXIF's own block of positions has a number.
PLACE_MARKS = (b"GPSLatitude", b"GPSLongitude", b"GPSPosition")


def is_kept_back(image: Image) -> bool:
    """Return whether others get no original however much it is offered, as far as the row knows.

    `published_original` looks into the file itself, which may hold a little more.
    """
    if image.file_format in STRIPPERS or shows_everything(image):
        return False
    return (
        image.file_format not in ORIGINAL_TYPES
        or (not image.shows_place and image.latitude is not None)
        or (not image.shows_camera and bool(image.camera or image.exif))
        or (not image.shows_taken and image.taken_at is not None)
    )


def published_original(image: Image) -> bytes | None:
    """Return the bytes that people who do not own the photo may have; None: there are none."""
    if shows_everything(image):
        return image.original_path.read_bytes()
    if image.file_format in STRIPPERS:
        data = image.original_path.read_bytes()
        with contextlib.suppress(UnreadablePhoto):
            return without_metadata(data, image.file_format, orientation_of(data))
        return None
    if image.file_format not in ORIGINAL_TYPES:
        return None  # A raw file hides notes of its maker where nobody else can look.
    data = image.original_path.read_bytes()
    return None if tells_too_much(image, data) else data


def shows_everything(image: Image) -> bool:
    """Return whether the owner hides nothing of what a file may say."""
    return image.shows_camera and image.shows_taken and image.shows_place


def tells_too_much(image: Image, data: bytes) -> bool:
    """Return whether the file holds what its owner does not show."""
    metadata: Metadata = read_metadata(data)
    return (
        (not image.shows_place and holds_place(data))
        or (not image.shows_camera and bool(metadata.camera or metadata.exif))
        or (not image.shows_taken and metadata.taken_at is not None)
    )


def holds_place(data: bytes) -> bool:
    """Return whether there is a position in the file, sane or not; a file unread counts as one."""
    if any(mark in data for mark in PLACE_MARKS):
        return True
    try:
        with PillowImage.open(io.BytesIO(data)) as picture:
            return bool(picture.getexif().get_ifd(ExifTags.IFD.GPSInfo))
    except DECODER_ERRORS:
        return True


def orientation_of(data: bytes) -> int:
    """Return the EXIF orientation of a file, 1 where it has none."""
    with contextlib.suppress(*DECODER_ERRORS), PillowImage.open(io.BytesIO(data)) as picture:
        value = picture.getexif().get(ExifTags.Base.Orientation, 1)
        return value if isinstance(value, int) else 1
    return 1


def download_name(image: Image, *, for_owner: bool) -> str:
    """Return the name of the downloaded file: the owner's own, to others the title's letters.

    The name a person gave the file is theirs: it may hold names, dates and places.
    """
    if for_owner and image.original_name:
        return image.original_name
    suffix = SUFFIXES.get(image.file_format, image.file_format)
    return f"{slugify(image.title)[:80] or 'photo'}-{image.pk}.{suffix}"
