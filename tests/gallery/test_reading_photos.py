"""What may be uploaded, what it looks like afterwards, and what is refused in which words."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import ExifTags, ImageCms
from PIL import Image as PillowImage

from gallery.imaging import Photo, UnreadablePhoto, load_rgb, read_photo
from tests.conftest import draw_photo, encode

MEGAPIXELS = 64_000_000
RED = (200, 30, 40)


def read(data: bytes) -> Photo:
    return read_photo(data, max_pixels=MEGAPIXELS)


def refusal(data: bytes, *, max_pixels: int = MEGAPIXELS, max_bytes: int | None = None) -> str:
    """Return 'code: message' of the refusal these bytes must meet."""
    with pytest.raises(UnreadablePhoto) as caught:
        read_photo(data, max_pixels=max_pixels, max_bytes=max_bytes)
    return f"{caught.value.code}: {caught.value}"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, depth: int, colour: int, rows: bytes, *extra: bytes) -> bytes:
    """Return a PNG made by hand, so that depths and sizes that Pillow would not write are there."""
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    chunks = [png_chunk(b"IHDR", header), *extra, png_chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join([*chunks, png_chunk(b"IEND", b"")])


def is_near(seen: object, wanted: tuple[int, int, int], *, within: int = 4) -> bool:
    return bool(np.abs(np.subtract(np.asarray(seen), wanted)).max() <= within)


@pytest.mark.parametrize(
    ("pillow_name", "file_format"),
    [
        ("JPEG", "jpeg"),
        ("PNG", "png"),
        ("WEBP", "webp"),
        ("GIF", "gif"),
        ("AVIF", "avif"),
        ("TIFF", "tiff"),
    ],
)
def test_every_offered_format_is_read(pillow_name: str, file_format: str) -> None:
    photo = read(encode(PillowImage.new("RGB", (64, 48), RED), pillow_name))

    assert (photo.file_format, photo.width, photo.height) == (file_format, 64, 48)
    assert photo.rgb.mode == "RGB"
    assert is_near(photo.rgb.getpixel((20, 20)), RED, within=6)


def test_a_heic_photo_is_read() -> None:
    # Nothing installed writes HEIC, so the photo lies beside this test: 64 × 48 pixels of orange.
    photo = read((Path(__file__).parent / "orange.heic").read_bytes())

    assert (photo.file_format, photo.width, photo.height) == ("heic", 64, 48)
    assert is_near(photo.rgb.getpixel((30, 20)), (255, 128, 0), within=8)


def test_a_path_is_read_like_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(encode(draw_photo(1)))

    assert load_rgb(path, max_pixels=MEGAPIXELS).tobytes() == read(path.read_bytes()).rgb.tobytes()
    with pytest.raises(UnreadablePhoto, match="cannot be read"):
        load_rgb(tmp_path / "missing.jpg", max_pixels=MEGAPIXELS)


def test_a_text_file_named_jpg_is_called_a_text_file() -> None:
    assert refusal("Dear diary, wörld".encode() * 400).startswith("text: This is a text file")


def test_an_svg_is_told_to_become_a_png() -> None:
    drawing = b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>'

    assert refusal(drawing).startswith("svg: This is an SVG drawing")


def test_an_empty_file_is_called_empty() -> None:
    assert refusal(b"") == "empty: The file is empty."


def test_other_files_are_told_which_formats_work() -> None:
    assert "TIFF and raw files of cameras work" in refusal(b"%PDF-1.7\x00\x01\x02" + bytes(500))
    # Pillow could read this one, yet it is not among the formats that are ever tried.
    assert refusal(encode(draw_photo(1), "BMP")).startswith("unknown")


@pytest.mark.parametrize("pillow_name", ["JPEG", "PNG", "WEBP", "GIF", "AVIF", "TIFF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_a_truncated_photo_is_called_incomplete(pillow_name: str, share: float) -> None:
    noise = np.random.default_rng(5).integers(0, 256, (200, 200, 3), dtype=np.uint8)
    data = encode(PillowImage.fromarray(noise), pillow_name)

    assert refusal(data[: int(len(data) * share)]).startswith("damaged: The photo is damaged")


def test_a_bomb_of_a_few_kilobytes_is_refused_by_its_header() -> None:
    bomb = png(30_000, 30_000, 1, 0, bytes(1000))

    assert len(bomb) < 4000
    assert refusal(bomb) == (
        "too_many_pixels: The photo has 30,000 × 30,000 pixels; the limit is 64 megapixels."
    )


def test_a_strip_that_no_page_could_show_is_refused() -> None:
    assert refusal(png(1, 30_000, 8, 0, bytes(60_000))).startswith("too_narrow")


def test_too_many_bytes_are_refused_with_both_figures() -> None:
    assert refusal(encode(draw_photo(1)) + bytes(2_000_000), max_bytes=1_000_000).startswith(
        "too_large: The file has 2.0 MB; the limit is 1 MB."
    )


@pytest.mark.parametrize("pillow_name", ["GIF", "WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(pillow_name: str) -> None:
    frames = [PillowImage.new("RGB", (40, 30), colour) for colour in (RED, (0, 0, 255))]
    data = encode(frames[0], pillow_name, save_all=True, append_images=frames[1:], duration=50)

    assert is_near(read(data).rgb.getpixel((5, 5)), RED, within=6)


def test_sixteen_bit_grey_is_scaled_and_not_clipped_to_white() -> None:
    row = b"\x00" + struct.pack(">4H", 0, 257, 40_000, 65_535)

    rgb = read(png(4, 1, 16, 0, row)).rgb

    assert [rgb.getpixel((x, 0)) for x in range(4)] == [
        (0, 0, 0),
        (1, 1, 1),
        (156, 156, 156),
        (255, 255, 255),
    ]


def test_sixteen_bit_colour_and_sixteen_bit_alpha_are_scaled_too() -> None:
    colour = b"\x00" + struct.pack(">3H", 40_000, 0, 65_535)
    see_through = b"\x00" + struct.pack(">4H", 40_000, 65_535, 0, 0)

    assert is_near(read(png(1, 1, 16, 2, colour)).rgb.getpixel((0, 0)), (156, 0, 255), within=1)
    grey = read(png(2, 1, 16, 4, see_through)).rgb
    assert is_near(grey.getpixel((0, 0)), (156, 156, 156), within=1)
    assert grey.getpixel((1, 0)) == (255, 255, 255)


def test_a_see_through_value_of_sixteen_bit_grey_shows_white() -> None:
    row = b"\x00" + struct.pack(">2H", 1000, 40_000)

    rgb = read(png(2, 1, 16, 0, row, png_chunk(b"tRNS", struct.pack(">H", 1000)))).rgb

    assert [rgb.getpixel((x, 0)) for x in range(2)] == [(255, 255, 255), (156, 156, 156)]


def test_transparent_pictures_show_white_behind() -> None:
    for picture in (
        PillowImage.new("RGBA", (8, 8), (*RED, 0)),
        PillowImage.new("LA", (8, 8), (10, 0)),
    ):
        assert read(encode(picture, "PNG")).rgb.getpixel((3, 3)) == (255, 255, 255)
    half = read(encode(PillowImage.new("RGBA", (8, 8), (0, 0, 0, 128)), "PNG")).rgb
    assert is_near(half.getpixel((3, 3)), (127, 127, 127), within=1)


def test_grey_with_alpha_keeps_its_grey_where_opaque() -> None:
    assert read(encode(PillowImage.new("LA", (8, 8), (77, 255)), "PNG")).rgb.getpixel((1, 1)) == (
        77,
        77,
        77,
    )


def test_a_palette_keeps_its_colours_and_its_transparent_entry() -> None:
    picture = PillowImage.new("P", (4, 4), 0)
    picture.putpalette([*RED, 0, 0, 255])
    picture.putpixel((2, 2), 1)

    rgb = read(encode(picture, "PNG", transparency=1)).rgb

    assert rgb.getpixel((0, 0)) == RED
    assert rgb.getpixel((2, 2)) == (255, 255, 255)


def test_black_and_white_stay_black_and_white() -> None:
    picture = PillowImage.new("1", (4, 1), 0)
    picture.putpixel((1, 0), 1)

    rgb = read(encode(picture, "PNG")).rgb

    assert [rgb.getpixel((x, 0)) for x in range(2)] == [(0, 0, 0), (255, 255, 255)]


def test_a_cmyk_jpeg_keeps_its_colours() -> None:
    # No cyan, full magenta and yellow: red, by any rule. Inverted by mistake it would be cyan.
    picture = PillowImage.new("CMYK", (32, 32), (0, 255, 255, 0))

    red, green, blue = read(encode(picture, "JPEG", quality=95)).rgb.getpixel((9, 9))

    assert red > 200
    assert max(green, blue) < 60


def test_an_embedded_profile_is_applied() -> None:
    profile = swapped_red_and_blue_profile()
    picture = PillowImage.new("RGB", (16, 16), (255, 0, 0))

    assert read(encode(picture, "PNG")).rgb.getpixel((3, 3)) == (255, 0, 0)
    red, _, blue = read(encode(picture, "PNG", icc_profile=profile)).rgb.getpixel((3, 3))
    assert blue > 200
    assert red < 60


def swapped_red_and_blue_profile() -> bytes:
    """Return a profile whose red primary is sRGB's blue: unmistakable once it is applied."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    places = {}
    for number in range(struct.unpack(">I", data[128:132])[0]):
        entry = 132 + 12 * number
        places[bytes(data[entry : entry + 4])] = entry
    red, blue = places[b"rXYZ"], places[b"bXYZ"]
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(data).replace("sRGB".encode("utf-16-be"), "odd ".encode("utf-16-be"))


def test_a_broken_profile_does_not_refuse_the_photo() -> None:
    data = encode(PillowImage.new("RGB", (16, 16), RED), "PNG", icc_profile=b"not a profile")

    assert read(data).rgb.getpixel((3, 3)) == RED


def corner_marked(orientation: int) -> bytes:
    """Return a 400 × 200 JPEG whose stored top left is red, with an EXIF orientation."""
    picture = PillowImage.new("RGB", (400, 200), (255, 255, 255))
    picture.paste(RED, (0, 0, 80, 80))
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = orientation
    return encode(picture, "JPEG", exif=exif, quality=95)


@pytest.mark.parametrize(
    ("orientation", "size", "red_corner"),
    [
        (1, (400, 200), (0.05, 0.05)),
        (2, (400, 200), (0.95, 0.05)),
        (3, (400, 200), (0.95, 0.95)),
        (4, (400, 200), (0.05, 0.95)),
        (5, (200, 400), (0.05, 0.05)),
        (6, (200, 400), (0.95, 0.05)),
        (7, (200, 400), (0.95, 0.95)),
        (8, (200, 400), (0.05, 0.95)),
    ],
)
@pytest.mark.parametrize("enough", [None, (50, 50)])
def test_the_photo_stands_upright(
    orientation: int,
    size: tuple[int, int],
    red_corner: tuple[float, float],
    enough: tuple[int, int] | None,
) -> None:
    photo = read_photo(corner_marked(orientation), max_pixels=MEGAPIXELS, enough=enough)

    assert (photo.width, photo.height) == size
    corner = tuple(
        int(share * side) for share, side in zip(red_corner, photo.rgb.size, strict=True)
    )
    assert is_near(photo.rgb.getpixel(corner), RED, within=12)


@pytest.mark.parametrize(
    "broken", [b"Exif\x00\x00II*\x00\xff\xff\xff\xff", b"Exif\x00\x00nonsense"]
)
def test_broken_exif_data_turns_nothing_and_refuses_nothing(broken: bytes) -> None:
    photo = read(encode(draw_photo(1), "JPEG", exif=broken))

    assert (photo.width, photo.height) == (96, 64)


def test_a_sideways_photo_that_shrinks_to_a_square_keeps_its_true_measures() -> None:
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = 6
    data = encode(draw_photo(1, (1600, 1593)), "JPEG", exif=exif)

    photo = read_photo(data, max_pixels=MEGAPIXELS, enough=(190, 1))

    assert photo.rgb.size == (200, 200)
    assert (photo.width, photo.height) == (1593, 1600)


def test_a_large_jpeg_is_decoded_only_as_large_as_needed() -> None:
    data = encode(draw_photo(3, (1600, 1200)))

    photo = read_photo(data, max_pixels=MEGAPIXELS, enough=(500, 1))

    assert (photo.width, photo.height) == (1600, 1200)
    assert photo.rgb.size == (800, 600)
    assert load_rgb(data, max_pixels=MEGAPIXELS, enough_side=224).size == (400, 300)
    assert load_rgb(data, max_pixels=MEGAPIXELS).size == (1600, 1200)


def test_a_second_picture_behind_the_first_changes_nothing() -> None:
    frames = [PillowImage.new("RGB", (40, 30), colour) for colour in (RED, (0, 0, 255))]
    buffer = io.BytesIO()
    frames[0].save(buffer, "MPO", save_all=True, append_images=frames[1:])

    photo = read(buffer.getvalue())

    assert photo.file_format == "jpeg"
    assert is_near(photo.rgb.getpixel((5, 5)), RED)
