"""TIFF files and cameras' raw files: what is shown of them, and what is refused in which words."""

from __future__ import annotations

import io
import struct
import sys
from collections.abc import Callable

import numpy as np
import pytest
from PIL import ExifTags, ImageCms
from PIL import Image as PillowImage

from gallery.imaging import UnreadablePhoto, read_metadata, read_photo
from gallery.imaging.raw import raw_format
from gallery.imaging.tiff import MOST_DIRECTORIES, tiff_directories
from gallery.models import User
from gallery.services.images import store_image
from tests.conftest import draw_photo, encode
from tests.gallery.raw_files import LONG, SHORT, directory, dng
from tests.gallery.test_reading_photos import swapped_red_and_blue_profile

MEGAPIXELS = 64_000_000
RED = (200, 30, 40)


def read(data: bytes) -> PillowImage.Image:
    return read_photo(data, max_pixels=MEGAPIXELS).rgb


def refusal(data: bytes, max_pixels: int = MEGAPIXELS) -> str:
    with pytest.raises(UnreadablePhoto) as caught:
        read_photo(data, max_pixels=max_pixels)
    return f"{caught.value.code}: {caught.value}"


def corner(picture: PillowImage.Image) -> tuple[int, ...]:
    pixel = picture.getpixel((2, 2))
    assert isinstance(pixel, tuple)
    return pixel


def is_near(seen: tuple[int, ...], wanted: tuple[int, ...]) -> bool:
    return bool(np.abs(np.subtract(seen, wanted)).max() <= 8)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "I;16", "F"])
def test_a_tiff_of_any_kind_of_pixels_becomes_a_photo(mode: str) -> None:
    if mode == "I;16":
        picture = PillowImage.fromarray(np.full((40, 60), 40_000, dtype=np.uint16))
    elif mode == "F":
        picture = PillowImage.fromarray(np.full((40, 60), 0.5, dtype=np.float32))
    elif mode == "LAB":
        srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
        source = PillowImage.new("RGB", (60, 40), RED)
        converted = ImageCms.profileToProfile(source, srgb, lab, outputMode="LAB")
        assert converted is not None
        picture = converted
    else:
        picture = PillowImage.new("RGB", (60, 40), RED).convert(mode)

    rgb = read(encode(picture, "TIFF"))

    assert (rgb.mode, rgb.size) == ("RGB", (60, 40))
    if mode in {"RGB", "RGBA", "CMYK", "LAB"}:
        assert is_near(corner(rgb), RED)
    if mode == "I;16":
        assert corner(rgb) == (156, 156, 156)
    if mode == "F":
        assert corner(rgb) == (128, 128, 128)


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "jpeg", "packbits"])
def test_a_compressed_tiff_is_read(compression: str) -> None:
    data = encode(PillowImage.new("RGB", (64, 64), RED), "TIFF", compression=compression)

    assert is_near(corner(read(data)), RED)


def test_a_tiff_lies_as_it_was_held() -> None:
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = 6

    photo = read_photo(encode(draw_photo(1, (90, 60)), "TIFF", exif=exif), max_pixels=MEGAPIXELS)

    assert (photo.width, photo.height) == photo.rgb.size == (60, 90)


def test_the_colour_profile_of_a_tiff_and_of_a_preview_is_applied() -> None:
    profile = swapped_red_and_blue_profile()
    swapped = PillowImage.new("RGB", (320, 240), (255, 0, 0))

    for data in (
        encode(swapped, "TIFF", icc_profile=profile),
        dng(encode(swapped, "JPEG", icc_profile=profile)),
    ):
        red, _, blue = corner(read(data))
        assert blue > 200
        assert red < 60


def test_a_tiff_of_a_thousand_pages_shows_its_first() -> None:
    pages = [PillowImage.new("RGB", (8, 8), (number % 256, 0, 0)) for number in range(1000)]
    buffer = io.BytesIO()
    PillowImage.new("RGB", (64, 48), RED).save(buffer, "TIFF", save_all=True, append_images=pages)

    photo = read_photo(buffer.getvalue(), max_pixels=MEGAPIXELS)

    assert (photo.width, photo.height, photo.file_format) == (64, 48, "tiff")


def test_a_tiff_bomb_is_refused_by_its_header() -> None:
    entries = [
        (256, LONG, [60_000]),
        (257, LONG, [60_000]),
        (258, SHORT, [8]),
        (259, SHORT, [8]),
        (262, SHORT, [1]),
        (273, LONG, [200]),
        (277, SHORT, [1]),
        (278, LONG, [60_000]),
        (279, LONG, [100]),
    ]
    bomb = (
        b"II*\x00" + struct.pack("<I", 8) + directory(entries, 8).ljust(192, b"\x00") + bytes(100)
    )

    assert refusal(bomb).startswith("too_many_pixels: The photo has 60,000 × 60,000 pixels")


def test_directories_that_point_at_each_other_end() -> None:
    ring = b"II*\x00" + struct.pack("<I", 8) + struct.pack("<HHHIII", 1, 330, 4, 1, 8, 8)

    assert len(list(tiff_directories(ring))) == 1


def test_a_chain_of_directories_is_followed_only_so_far() -> None:
    chain = b"".join(struct.pack("<HI", 0, 8 + 6 * (number + 1)) for number in range(5000))

    assert (
        len(list(tiff_directories(b"II*\x00" + struct.pack("<I", 8) + chain))) == MOST_DIRECTORIES
    )


@pytest.fixture
def preview() -> bytes:
    return encode(PillowImage.new("RGB", (320, 240), RED), "JPEG")


def test_a_raw_file_is_shown_by_its_preview(preview: bytes) -> None:
    photo = read_photo(dng(preview), max_pixels=MEGAPIXELS)

    assert (photo.file_format, photo.width, photo.height) == ("dng", 320, 240)
    assert is_near(corner(photo.rgb), RED)


def test_a_raw_file_held_upright_is_shown_upright(preview: bytes) -> None:
    photo = read_photo(dng(preview, orientation=6), max_pixels=MEGAPIXELS)

    assert (photo.width, photo.height) == photo.rgb.size == (240, 320)


def test_the_camera_of_a_raw_file_is_known(preview: bytes) -> None:
    assert read_metadata(dng(preview)).camera == "Hasselblad X1D II"


@pytest.mark.parametrize(
    ("maker", "name"),
    [
        (b"NIKON CORPORATION\x00", "nef"),
        (b"SONY\x00", "arw"),
        (b"RICOH IMAGING\x00", "pef"),
        (b"Nobody\x00", "raw"),
    ],
)
def test_raw_files_built_like_tiff_are_told_by_their_maker(
    preview: bytes, maker: bytes, name: str
) -> None:
    assert raw_format(dng(preview, maker=maker, is_dng=False)) == name


@pytest.mark.parametrize(
    ("beginning", "name"),
    [
        (b"II*\x00\x10\x00\x00\x00CR\x02\x00", "cr2"),
        (b"\x00\x00\x00\x18ftypcrx ", "cr3"),
        (b"FUJIFILMCCD-RAW 0201", "raf"),
        (b"IIRO\x08\x00\x00\x00", "orf"),
        (b"IIU\x00\x18\x00\x00\x00", "rw2"),
    ],
)
def test_raw_files_are_recognised_by_their_beginnings_and_refused_where_nothing_follows(
    beginning: bytes, name: str
) -> None:
    assert raw_format(beginning) == name
    assert refusal(beginning + bytes(600)).startswith(("damaged", "no_preview"))


def test_a_plain_tiff_and_a_jpeg_are_no_raw_files() -> None:
    assert raw_format(encode(draw_photo(1), "TIFF")) == ""
    assert raw_format(encode(draw_photo(1), "JPEG")) == ""
    assert raw_format(b"") == ""


def test_a_raw_file_without_a_preview_says_what_to_do() -> None:
    assert refusal(dng(None)) == (
        "no_preview: This raw file holds no preview. Please develop it and upload a JPEG or TIFF."
    )


@pytest.mark.parametrize("share", [0.01, 0.1, 0.3])
def test_a_raw_file_that_ends_within_its_preview_is_refused(share: float) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    whole = dng(encode(PillowImage.fromarray(noise), "JPEG"))

    assert refusal(whole[: int(len(whole) * share)]).startswith(
        ("damaged", "no_preview", "unknown")
    )


def test_a_preview_that_is_a_bomb_is_refused(preview: bytes) -> None:
    assert refusal(dng(preview), max_pixels=10_000).startswith("too_many_pixels")


def test_a_preview_that_is_no_picture_is_refused() -> None:
    assert ": " in refusal(dng(b"\xff\xd8\xff" + b"no picture at all" * 50))


def test_nothing_loads_the_raw_reader_before_a_raw_file_comes(
    photo_bytes: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "rawpy", raising=False)

    read_photo(photo_bytes(1), max_pixels=MEGAPIXELS)

    assert "rawpy" not in sys.modules


def test_a_raw_file_is_stored_untouched_with_renditions_of_its_preview(
    alice: User, preview: bytes
) -> None:
    data = dng(preview)

    image = store_image(
        owner=alice, data=data, name="IMG_1.DNG", visibility="public", teaches=True
    ).image

    assert image.original_path.name == "original.dng"
    assert image.original_path.read_bytes() == data
    assert (image.width, image.rendition_widths, image.camera) == (320, [320], "Hasselblad X1D II")
