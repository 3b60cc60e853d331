"""Take out of a photo's file what it says of its taking, without touching a pixel.

A JPEG, PNG or WebP file is a row of labelled blocks. Those a decoder needs to show the picture are
copied byte by byte, the colour profile with them; all others are left out, so that what nobody
thought of goes too. How the photo was held is written anew: without it the picture would lie on
its side.
"""

from __future__ import annotations

import re
import struct
import zlib
from collections.abc import Callable, Iterator

from PIL import ExifTags
from PIL import Image as PillowImage

from gallery.imaging.errors import damaged

# What may follow a 0xFF inside the pixels of a JPEG: an escaped 0xFF, filling, a restart.
MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
JPEG_START, JPEG_END, JPEG_SCAN = 0xD8, 0xD9, 0xDA
APP0, APP1, APP2, APP14, APP15, COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xEF, 0xFE
ICC_MARK = b"ICC_PROFILE\x00"
PNG_MARK = b"\x89PNG\r\n\x1a\n"
PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD pHYs acTL fcTL fdAT".split()
)
WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"ICCP"})
# Bits of a WebP file's header that announce EXIF and XMP blocks.
WEBP_METADATA_FLAGS = 0x08 | 0x04


def without_metadata(data: bytes, file_format: str, orientation: int) -> bytes | None:
    """Return the file with nothing but its picture; None for a format that cannot be taken apart.

    `orientation` is the EXIF one, 1 to 8. Raises UnreadablePhoto for a file that is broken.
    """
    strip = STRIPPERS.get(file_format)
    if strip is None:
        return None
    try:
        return strip(data, exif_of(orientation))
    except (struct.error, IndexError) as error:
        raise damaged() from error


def exif_of(orientation: int) -> bytes:
    """Return EXIF data that hold how the photo was held, b"" where it lies as it was held."""
    if not 2 <= orientation <= 8:
        return b""
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return exif.tobytes()


def strip_jpeg(data: bytes, exif: bytes) -> bytes:
    """Return the first picture of a JPEG file; telephones put further ones behind its end."""
    parts = [b"\xff\xd8"]
    if exif:
        parts.append(b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
    for kind, block in jpeg_blocks(data):
        is_profile = kind == APP2 and block[4:].startswith(ICC_MARK)
        is_told = (APP1 <= kind <= APP15 and kind != APP14) or kind == COMMENT
        if is_profile or not is_told:
            parts.append(block)
    return b"".join(parts)


def jpeg_blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each block after the first with its kind, up to the end of the first picture."""
    place = 2
    while True:
        if data[place] != 0xFF:
            raise struct.error("no block where one must begin")
        while data[place + 1] == 0xFF:
            place += 1
        kind = data[place + 1]
        if kind == JPEG_END:
            yield kind, data[place : place + 2]
            return
        end = place + 2 + int(struct.unpack_from(">H", data, place + 2)[0])
        if kind == JPEG_SCAN:
            found = MARKER.search(data, end)
            end = found.start() if found else len(data)
        yield kind, data[place:end]
        place = end


def strip_png(data: bytes, exif: bytes) -> bytes:
    """Return a PNG file of those blocks that show the picture."""
    parts, place = [PNG_MARK], len(PNG_MARK)
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind = data[place + 4 : place + 8]
        if kind in PNG_KEPT:
            parts.append(data[place : place + 12 + length])
        if kind == b"IHDR" and exif:
            body = b"eXIf" + exif.removeprefix(b"Exif\x00\x00")
            parts.append(struct.pack(">I", len(body) - 4) + body)
            parts.append(struct.pack(">I", zlib.crc32(body)))
        if kind == b"IEND":
            break
        place += 12 + length
    return b"".join(parts)


def strip_webp(data: bytes, exif: bytes) -> bytes:
    """Return a WebP file of those blocks that show the picture; a turn is its only EXIF data."""
    parts, place, extended = [], 12, False
    while place + 8 <= len(data):
        kind, length = data[place : place + 4], int(struct.unpack_from("<I", data, place + 4)[0])
        block = data[place : place + 8 + length + length % 2]
        if kind == b"VP8X":
            extended = True
            flags = block[8] & ~WEBP_METADATA_FLAGS | (0x08 if exif else 0)
            block = block[:8] + bytes([flags]) + block[9:]
        if kind in WEBP_KEPT:
            parts.append(block)
        place += 8 + length + length % 2
    # Only a file with the longer header may carry EXIF data, and only such a file had some.
    if exif and extended:
        body = exif.removeprefix(b"Exif\x00\x00")
        parts.append(b"EXIF" + struct.pack("<I", len(body)) + body + b"\x00" * (len(body) % 2))
    body = b"WEBP" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


STRIPPERS: dict[str, Callable[[bytes, bytes], bytes]] = {
    "jpeg": strip_jpeg,
    "png": strip_png,
    "webp": strip_webp,
}
