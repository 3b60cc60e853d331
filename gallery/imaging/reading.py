"""Open a photo that a stranger sent: one decode, firm bounds, an error in words a person reads."""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass, replace
from pathlib import Path

import pi_heif
from PIL import ExifTags, ImageFile, ImageOps, UnidentifiedImageError
from PIL import Image as PillowImage

from gallery.imaging.colour import to_srgb
from gallery.imaging.errors import DECODER_ERRORS, UnreadablePhoto, damaged, memory_is_full
from gallery.imaging.marking import gettext_noop
from gallery.imaging.raw import RAW_SUFFIXES, extract_preview, raw_format

pi_heif.register_heif_opener()

# Every file is held against the caller's `max_pixels` right after its header is read. Pillow's
# own guard would only warn between one and two times its bound, and stop sites that allow more.
PillowImage.MAX_IMAGE_PIXELS = None

# Only these decoders are ever tried; Pillow knows forty more, some of them rarely looked after.
ALLOWED_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "AVIF", "HEIF", "TIFF")
# A telephone's JPEG often carries a second, smaller picture behind the first: Pillow calls it MPO.
FORMAT_NAMES = {
    "JPEG": "jpeg",
    "MPO": "jpeg",
    "PNG": "png",
    "WEBP": "webp",
    "GIF": "gif",
    "AVIF": "avif",
    "HEIF": "heic",
    "TIFF": "tiff",
}
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".png", ".webp", ".gif", ".avif", ".heic", ".heif", ".tif", ".tiff"}
).union(RAW_SUFFIXES)
KNOWN_BEGINNINGS = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"RIFF",
    b"II*\x00",
    b"MM\x00*",
)
# Narrower strips show nothing as a picture, and WebP cannot hold more than 16,383 pixels a side.
WIDEST_SHAPE = 50
# Tags of TIFF files that are cut into tiles with sides of a multiple of 16 pixels; a small picture
# may lie on one that is larger than itself.
TILE_WIDTH, TILE_LENGTH, TILE_STEP = 322, 323, 16
USUAL_TILE = 2048 * 2048
# Orientations whose stored rows are the upright picture's columns.
SIDEWAYS = frozenset({5, 6, 7, 8})


@dataclass(frozen=True)
class Photo:
    """A decoded photo: sRGB, upright, first frame, opaque.

    `width` and `height` are those of the whole upright photo. `rgb` may have fewer pixels where a
    large JPEG was decoded at a fraction of its size, but never fewer than the caller asked for.
    Of a camera's raw file it is the preview that counts: `file_format` alone speaks of the file.
    """

    rgb: PillowImage.Image
    file_format: str
    width: int
    height: int


def load_rgb(
    source: bytes | Path,
    *,
    max_pixels: int,
    max_bytes: int | None = None,
    enough_side: int | None = None,
    enough: tuple[int, int] | None = None,
) -> PillowImage.Image:
    """Return the photo as an upright sRGB picture, or raise UnreadablePhoto.

    With `enough_side` (pixels) a large JPEG may come smaller, its shorter side at least that long:
    decoding at a half or a quarter costs a fraction of the time. `enough` says both sides apart.
    """
    if enough_side is not None:
        enough = (enough_side, enough_side)
    return read_photo(source, max_pixels=max_pixels, max_bytes=max_bytes, enough=enough).rgb


def read_photo(
    source: bytes | Path,
    *,
    max_pixels: int,
    max_bytes: int | None = None,
    enough: tuple[int, int] | None = None,
) -> Photo:
    """Return the decoded photo and what it was, or raise UnreadablePhoto.

    `enough` is a width and a height in pixels, upright: a large JPEG may be decoded at a fraction
    of its size as long as it keeps both.
    """
    data = read_bytes(source, max_bytes)
    raw = raw_format(data)
    opened = open_header(extract_preview(data, max_pixels) if raw else data)
    check_dimensions(opened, max_pixels)
    photo = decode(opened, enough)
    return replace(photo, file_format=raw) if raw else photo


def read_bytes(source: bytes | Path, max_bytes: int | None) -> bytes:
    """Return the file's bytes; refuse an empty or over-long one before reading it."""
    try:
        if isinstance(source, bytes):
            check_byte_count(len(source), max_bytes)
            return source
        check_byte_count(source.stat().st_size, max_bytes)
        return source.read_bytes()
    except OSError as error:
        raise UnreadablePhoto(
            gettext_noop("The file cannot be read: %(why)s."), "no_access", why=str(error.strerror)
        ) from error


def check_byte_count(size: int, max_bytes: int | None) -> None:
    """Refuse an empty file and one over the limit."""
    if size == 0:
        raise UnreadablePhoto(gettext_noop("The file is empty."), "empty")
    if max_bytes is not None and size > max_bytes:
        raise UnreadablePhoto(
            gettext_noop("The file has %(size)s MB; the limit is %(limit)s MB."),
            "too_large",
            size=f"{size / 1e6:,.1f}",
            limit=f"{max_bytes / 1e6:,.6g}",
        )


def open_header(data: bytes) -> ImageFile.ImageFile:
    """Return the opened but not yet decoded picture; say what the file is instead, if it is not."""
    try:
        return PillowImage.open(io.BytesIO(data), formats=ALLOWED_FORMATS)
    except UnidentifiedImageError as error:
        raise explain_unknown(data) from error
    except DECODER_ERRORS as error:
        raise damaged() from error


def explain_unknown(data: bytes) -> UnreadablePhoto:
    """Return the error that fits bytes which no decoder recognised."""
    beginning = data[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data.startswith(KNOWN_BEGINNINGS) or data[4:8] == b"ftyp":
        return damaged()
    if b"<svg" in beginning.lower():
        return UnreadablePhoto(
            gettext_noop("This is an SVG drawing. Please save it as PNG and upload that."), "svg"
        )
    if is_text(data[:4096]):
        return UnreadablePhoto(gettext_noop("This is a text file, not a photo."), "text")
    return UnreadablePhoto(
        gettext_noop(
            "This is not a photo we can read. JPEG, PNG, WebP, GIF, AVIF, HEIC, "
            "TIFF and raw files of cameras work."
        ),
        "unknown",
    )


def is_text(beginning: bytes) -> bool:
    """Return whether the bytes are UTF-8 text; a character cut in two at the end is forgiven."""
    if any(byte < 9 or 13 < byte < 27 for byte in beginning):
        return False
    try:
        beginning.decode()
    except UnicodeDecodeError as error:
        return error.start >= len(beginning) - 3 > 0
    return True


def check_dimensions(opened: PillowImage.Image, max_pixels: int) -> None:
    """Refuse a picture by its header alone: a few kilobytes can unfold to gigabytes."""
    width, height = opened.size
    if width < 1 or height < 1:
        raise damaged()
    if width * height > max_pixels:
        raise UnreadablePhoto(
            gettext_noop(
                "The photo has %(width)s × %(height)s pixels; the limit is %(limit)s megapixels."
            ),
            "too_many_pixels",
            width=f"{width:,}",
            height=f"{height:,}",
            limit=f"{max_pixels / 1e6:,.6g}",
        )
    if opened.format == "TIFF" and has_absurd_tiles(opened):
        raise damaged()
    if max(width, height) > WIDEST_SHAPE * min(width, height):
        raise UnreadablePhoto(
            gettext_noop(
                "The photo is a strip of %(width)s × %(height)s pixels; "
                "one side may be at most %(times)s times the other."
            ),
            "too_narrow",
            width=f"{width:,}",
            height=f"{height:,}",
            times=str(WIDEST_SHAPE),
        )


def has_absurd_tiles(opened: PillowImage.Image) -> bool:
    """Return whether a TIFF file's tiles are far larger than its picture.

    The decoder unpacks a whole tile, whatever of it is shown: two megabytes become a gigabyte.
    """
    tags = getattr(opened, "tag_v2", {})
    sides = [tags.get(tag) for tag in (TILE_WIDTH, TILE_LENGTH)]
    if not any(sides):
        return False
    width, height = (side if isinstance(side, int) else 0 for side in sides)
    shown = (opened.size[0] + TILE_STEP) * (opened.size[1] + TILE_STEP)
    return not 0 < width * height <= max(shown, USUAL_TILE)


def decode(opened: ImageFile.ImageFile, enough: tuple[int, int] | None) -> Photo:
    """Return the photo of an opened file; raise UnreadablePhoto where its pixels are broken."""
    file_format = FORMAT_NAMES[opened.format or ""]
    width, height = opened.size
    try:
        if enough is not None and file_format == "jpeg":
            opened.draft(None, (enough[1], enough[0]) if is_sideways(opened) else enough)
        opened.load()
        if is_sideways(opened):
            width, height = height, width
        rgb = to_srgb(turn_upright(opened))
    except DECODER_ERRORS as error:
        raise damaged() from error
    except MemoryError as error:
        raise memory_is_full() from error
    return Photo(rgb, file_format, width, height)


def is_sideways(picture: PillowImage.Image) -> bool:
    """Return whether its EXIF data says that rows are columns; broken data says nothing."""
    try:
        return picture.getexif().get(ExifTags.Base.Orientation) in SIDEWAYS
    except DECODER_ERRORS:
        return False


def turn_upright(picture: PillowImage.Image) -> PillowImage.Image:
    """Return the picture, itself turned as its EXIF data says; broken data turns nothing."""
    with contextlib.suppress(*DECODER_ERRORS):
        # In place: otherwise an upright photo, most of them, would be copied pixel by pixel.
        ImageOps.exif_transpose(picture, in_place=True)
    return picture
