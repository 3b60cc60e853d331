"""What a file says of its photo: when, where and with what it was taken, and its author's words.

Nothing here refuses a photo: what is broken, absurd or hostile is as if it were not there.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from PIL import ExifTags, IptcImagePlugin
from PIL import Image as PillowImage

from gallery.imaging import exif_fields
from gallery.imaging.errors import DECODER_ERRORS
from gallery.imaging.raw import extract_preview, raw_format
from gallery.imaging.reading import ALLOWED_FORMATS
from gallery.imaging.words import clean_keywords, clean_line, clean_text
from gallery.imaging.xmp import XmpWords, read_xmp

T = TypeVar("T")
# What readers of metadata raise besides what decoders do.
METADATA_ERRORS = (*DECODER_ERRORS, ArithmeticError, AssertionError, AttributeError, MemoryError)
# A raw file's preview is opened for its EXIF data alone; its pixels are never decoded here.
LARGEST_PREVIEW = 200_000_000
XMP_TAG = 700
IPTC_TAG = 33723
IPTC_UTF8 = b"\x1b%G"
# IPTC-IIM records: where the words stand.
CHARACTER_SET, OBJECT_NAME, KEYWORDS, HEADLINE, CAPTION = (
    (1, 90),
    (2, 5),
    (2, 25),
    (2, 105),
    (2, 120),
)
LONGEST_TITLE, LONGEST_DESCRIPTION, LONGEST_ALT = 200, 2000, 500


@dataclass(frozen=True)
class Metadata:
    """What a file says of its photo, checked and cleaned; empty where it says nothing.

    `taken_at` knows its time zone only where the camera noted it. `exif` is plain JSON, its keys
    those of `gallery.imaging.exif_fields.PANEL`.
    """

    taken_at: datetime | None = None
    camera: str = ""
    exif: dict[str, str | int | bool] = field(default_factory=dict)
    latitude: float | None = None
    longitude: float | None = None
    title: str = ""
    description: str = ""
    alt: str = ""
    keywords: tuple[str, ...] = ()


def read_metadata(data: bytes) -> Metadata:
    """Return what the bytes of a file say of their photo; never raises, whatever they hold."""
    if raw_format(data):
        exif = _or(lambda: _exif_of_raw(data), PillowImage.Exif())
        found = _from_exif(exif)
        if found.camera and found.exif:
            return _with_words(found, _words_of_exif(exif), {})
        # Some makers hide their notes; LibRaw writes what it knows into the preview.
        data = _or(lambda: extract_preview(data, LARGEST_PREVIEW), b"")
    opening = contextlib.suppress(*METADATA_ERRORS)
    with opening, PillowImage.open(io.BytesIO(data), formats=ALLOWED_FORMATS) as picture:
        found = _from_exif(_or(picture.getexif, PillowImage.Exif()))
        packet = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp") or b""
        words = _or(lambda: read_xmp(packet), XmpWords())
        return _with_words(found, words, _or(lambda: _iptc_of(picture), {}))
    return Metadata()


def _or(read: Callable[[], T], otherwise: T) -> T:
    """Return what is read, or the other where the file is broken just there."""
    try:
        return read()
    except METADATA_ERRORS:
        return otherwise


def _exif_of_raw(data: bytes) -> PillowImage.Exif:
    """Return the EXIF data of a raw file that is built like TIFF, whatever its first bytes."""
    beginning = {b"II": b"II*\x00", b"MM": b"MM\x00*"}[data[:2]]
    exif = PillowImage.Exif()
    exif.load(beginning + data[4:])
    return exif


def _words_of_exif(exif: PillowImage.Exif) -> XmpWords:
    packet = _or(lambda: exif.get(XMP_TAG), None)
    return _or(lambda: read_xmp(packet or b""), XmpWords())


def _from_exif(exif: PillowImage.Exif) -> Metadata:
    """Return what the EXIF data says; each part is read for itself, so that one may be broken."""
    detail: dict[int, Any] = _or(lambda: exif.get_ifd(ExifTags.IFD.Exif), {})
    place = _or(lambda: exif_fields.position(dict(exif.get_ifd(ExifTags.IFD.GPSInfo))), None)
    return Metadata(
        taken_at=_or(lambda: exif_fields.moment(detail), None),
        camera=_or(lambda: exif_fields.camera(dict(exif)), ""),
        exif=_or(lambda: exif_fields.panel(detail), {}),
        latitude=place[0] if place else None,
        longitude=place[1] if place else None,
    )


def _iptc_of(picture: PillowImage.Image) -> dict[tuple[int, int], bytes | list[bytes]]:
    return IptcImagePlugin.getiptcinfo(picture) or {}  # type: ignore[arg-type]


def _with_words(
    found: Metadata, xmp: XmpWords, iptc: dict[tuple[int, int], bytes | list[bytes]]
) -> Metadata:
    """Return the metadata with its words: XMP goes before the older IPTC records."""
    encoding = "utf-8" if iptc.get(CHARACTER_SET) == IPTC_UTF8 else ""

    def texts(place: tuple[int, int]) -> list[str]:
        values = iptc.get(place) or []
        lines = values if isinstance(values, list) else [values]
        return [_decode(line, encoding) for line in lines]

    def text(place: tuple[int, int]) -> str:
        return next(iter(texts(place)), "")

    return replace(
        found,
        title=clean_line(xmp.title or text(OBJECT_NAME) or text(HEADLINE), LONGEST_TITLE),
        description=clean_text(xmp.description or text(CAPTION), LONGEST_DESCRIPTION),
        alt=clean_line(xmp.alt, LONGEST_ALT),
        keywords=clean_keywords([*xmp.keywords, *texts(KEYWORDS)]),
    )


def _decode(value: bytes, encoding: str) -> str:
    """Return the text of an IPTC record: UTF-8 where it says so or is it, else Latin-1."""
    try:
        return value.decode(encoding or "utf-8")
    except UnicodeDecodeError:
        return value.decode("latin-1")
