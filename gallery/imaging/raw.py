"""Raw files of cameras: recognised by their bytes, shown by the preview the camera put inside.

The sensor's own data is never developed: that is a matter of taste and of seconds, and the camera
has already made the picture its owner saw.
"""

from __future__ import annotations

import io

from PIL import Image as PillowImage

from gallery.imaging.errors import UnreadablePhoto, memory_is_full
from gallery.imaging.marking import gettext_noop
from gallery.imaging.tiff import DNG_VERSION, MAKE, PHOTOMETRIC, SENSOR_PIXELS, tiff_directories

RAW_SUFFIXES = frozenset(
    {".dng", ".cr2", ".cr3", ".nef", ".nrw", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw"}
)
# Beginnings that only one maker writes.
BEGINNINGS = (
    (b"FUJIFILMCCD-RAW", "raf"),
    (b"IIRO", "orf"),
    (b"IIRS", "orf"),
    (b"MMOR", "orf"),
    (b"IIU\x00", "rw2"),
)
# The rest writes TIFF; who made the camera says which kind.
MAKERS = (
    (b"NIKON", "nef"),
    (b"SONY", "arw"),
    (b"PENTAX", "pef"),
    (b"RICOH", "pef"),
    (b"SAMSUNG", "srw"),
)
# How LibRaw names turns, in Pillow's words.
TURNS = {
    3: PillowImage.Transpose.ROTATE_180,
    5: PillowImage.Transpose.ROTATE_90,
    6: PillowImage.Transpose.ROTATE_270,
}


def raw_format(data: bytes) -> str:
    """Return for instance "nef" for a camera's raw file, "" for anything else.

    Most raws are TIFF files to a decoder, with a thumbnail as their first picture: they must be
    told apart before one is tried.
    """
    if data[4:12] == b"ftypcrx ":
        return "cr3"
    if data[:2] in (b"II", b"MM") and data[8:10] == b"CR":
        return "cr2"
    for beginning, name in BEGINNINGS:
        if data.startswith(beginning):
            return name
    if data[:4] not in (b"II*\x00", b"MM\x00*"):
        return ""
    return _format_of_tiff(data)


def _format_of_tiff(data: bytes) -> str:
    maker, of_sensor = b"", False
    for directory in tiff_directories(data):
        if DNG_VERSION in directory:
            return "dng"
        made_by = directory.get(MAKE)
        maker = maker or (made_by if isinstance(made_by, bytes) else b"")
        meaning = directory.get(PHOTOMETRIC, ())
        of_sensor |= isinstance(meaning, tuple) and bool(SENSOR_PIXELS.intersection(meaning))
    if not of_sensor:
        return ""
    names = (name for beginning, name in MAKERS if maker.upper().startswith(beginning))
    return next(names, "raw")


def extract_preview(data: bytes, max_pixels: int) -> bytes:
    """Return the largest preview inside a raw file as the bytes of a JPEG or PNG file.

    It carries how the photo was held and, where the raw file itself cannot be read for it, what
    the camera noted. Raises UnreadablePhoto where there is none.
    """
    import rawpy

    try:
        with rawpy.imread(io.BytesIO(data)) as raw:
            thumbnail = raw.extract_thumb()
            turn = raw.sizes.flip
    except (rawpy.LibRawNoThumbnailError, rawpy.LibRawUnsupportedThumbnailError) as error:
        raise UnreadablePhoto(
            gettext_noop(
                "This raw file holds no preview. Please develop it and upload a JPEG or TIFF."
            ),
            "no_preview",
        ) from error
    except (rawpy.LibRawError, rawpy.NotSupportedError, OSError, ValueError) as error:
        raise UnreadablePhoto(
            gettext_noop("The raw file is damaged or of an unknown kind."), "damaged"
        ) from error
    except MemoryError as error:
        raise memory_is_full() from error
    pixels = thumbnail.data
    if isinstance(pixels, bytes):
        return pixels
    height, width = pixels.shape[:2]
    if width * height > max_pixels:
        raise UnreadablePhoto(
            gettext_noop("The preview in the raw file is too large."), "too_many_pixels"
        )
    picture = PillowImage.fromarray(pixels)
    if turn in TURNS:
        picture = picture.transpose(TURNS[turn])
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()
