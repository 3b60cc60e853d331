"""What is served and compared: pictures without metadata in three formats, and their hash."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence

import imagehash
from PIL import Image as PillowImage

# A phone's column, a grid on a sharp screen, a page, a large screen. The largest lies below half
# of 4,000 pixels, which is what most telephones take: their JPEGs are then decoded at half size,
# in a third of the time and a quarter of the memory.
RENDITION_WIDTHS = (320, 640, 1280, 1920)
# The limit of the WebP format, in pixels a side.
WEBP_LONGEST = 16_383
# 80 cannot be told from the original on a page; method 1 takes half of the default's time and
# makes files about a tenth larger (60 photos of 0.2 megapixels, all widths: 26 ms against 52 ms).
WEBP_QUALITY = 80
WEBP_METHOD = 1
# 65 looks as good as WebP's 80 (a structural similarity of 0.972 at 640 pixels) in a quarter fewer
# bytes. Speed 9 takes 1.7 times as long as WebP (0.34 s for all widths of 12 megapixels), speed 8
# seven times as long for files 4 % smaller. Small widths gain as much as large ones, and a browser
# that takes AVIF looks at no other format's list: so there are all of them.
AVIF_QUALITY = 65
AVIF_SPEED = 9
# For previews of links, feeds and browsers of long ago.
JPEG_WIDTH = 1280
JPEG_QUALITY = 80
# Pixels on the shorter side that a hash of 16 × 16 differences needs at most.
HASH_ENOUGH = 256


def rendition_widths(width: int, height: int) -> list[int]:
    """Return the widths to render for an upright photo of this size, ascending, never empty.

    Those of RENDITION_WIDTHS below the photo's own, and its own where that is not above the
    largest: nothing is ever enlarged. A long strip leaves out what WebP cannot hold.
    """
    widths = [step for step in RENDITION_WIDTHS if step < width]
    if width <= RENDITION_WIDTHS[-1]:
        widths.append(width)
    return [step for step in widths if scaled_height(width, height, step) <= WEBP_LONGEST]


def scaled_height(width: int, height: int, new_width: int) -> int:
    """Return the height in pixels that keeps the shape at another width, at least 1."""
    return max(1, round(height * new_width / width))


def encode_webp(rgb: PillowImage.Image) -> bytes:
    """Return WebP bytes. EXIF, XMP and profile are named empty, so that none is ever copied."""
    buffer = io.BytesIO()
    rgb.save(
        buffer,
        "WEBP",
        quality=WEBP_QUALITY,
        method=WEBP_METHOD,
        exif=b"",
        xmp=b"",
        icc_profile=b"",
    )
    return buffer.getvalue()


def encode_avif(rgb: PillowImage.Image) -> bytes:
    """Return AVIF bytes without any metadata, in one thread: others wait for the same cores."""
    buffer = io.BytesIO()
    rgb.save(
        buffer,
        "AVIF",
        quality=AVIF_QUALITY,
        speed=AVIF_SPEED,
        max_threads=1,
        exif=b"",
        xmp=b"",
        icc_profile=b"",
    )
    return buffer.getvalue()


def encode_jpeg(rgb: PillowImage.Image) -> bytes:
    """Return JPEG bytes without any metadata; progressive, since it shows something early."""
    buffer = io.BytesIO()
    rgb.save(buffer, "JPEG", quality=JPEG_QUALITY, progressive=True, optimize=True)
    return buffer.getvalue()


def render_webp(rgb: PillowImage.Image, width: int) -> bytes:
    """Return the picture at this width as a WebP file that holds pixels and nothing else."""
    return encode_webp(scale(rgb, width))


def render_all(
    rgb: PillowImage.Image,
    widths: Sequence[int],
    encode: Callable[[PillowImage.Image], bytes] = encode_webp,
) -> dict[int, bytes]:
    """Return a file per width. Each is scaled from the next larger one, which is quicker."""
    files: dict[int, bytes] = {}
    picture = rgb
    for width in sorted(widths, reverse=True):
        picture = scale(picture, width)
        files[width] = encode(picture)
    return files


def jpeg_width(widths: Sequence[int]) -> int:
    """Return which of the widths of a photo gets a JPEG: the largest of up to JPEG_WIDTH."""
    return max((width for width in widths if width <= JPEG_WIDTH), default=min(widths))


def scale(rgb: PillowImage.Image, width: int) -> PillowImage.Image:
    """Return the picture at this width, its shape kept."""
    if rgb.width == width:
        return rgb
    size = (width, scaled_height(rgb.width, rgb.height, width))
    return rgb.resize(size, PillowImage.Resampling.BICUBIC, reducing_gap=2.0)


def dhash16(rgb: PillowImage.Image) -> str:
    """Return the 256-bit difference hash as 64 hex digits.

    Two photos whose hashes differ in few bits look alike, whatever their size or compression.
    """
    # Averaging whole blocks first changes almost no bit and saves most of the time.
    factor = min(rgb.size) // HASH_ENOUGH
    small = rgb.reduce(factor) if factor > 1 else rgb
    return str(imagehash.dhash(small, hash_size=16))
