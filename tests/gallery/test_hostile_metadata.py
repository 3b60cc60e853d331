"""What a file may say of itself costs no more than it is worth."""

from __future__ import annotations

import struct
import zlib

import pytest

from gallery.imaging.errors import UnreadablePhoto
from gallery.imaging.metadata import read_metadata
from gallery.imaging.reading import read_photo
from gallery.imaging.xmp import MOST_ITEMS, XmpWords, read_xmp
from tests.conftest import draw_photo, encode

NAMES = (
    'xmlns:d="http://purl.org/dc/elements/1.1/" '
    'xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
)


def packet(inside: str) -> bytes:
    return f"<x {NAMES}>{inside}</x>".encode()


def test_keywords_inside_of_keywords_are_read_once() -> None:
    depth = 2000
    words = "".join(f"<r:li>word {number}</r:li>" for number in range(depth))
    nested = "<d:subject>" * depth + words + "</d:subject>" * depth

    found = read_xmp(packet(nested))

    assert len(found.keywords) == MOST_ITEMS
    assert found.keywords[:2] == ("word 0", "word 1")


def test_a_packet_of_nothing_but_depth_says_nothing() -> None:
    assert read_xmp(packet("<a>" * 200_000 + "</a>" * 200_000)) == XmpWords()


@pytest.mark.parametrize("kind", ["title", "description"])
def test_titles_inside_of_titles_are_read_once(kind: str) -> None:
    nested = f"<d:{kind}>" * 5000 + "<r:li>Heron</r:li>" + f"</d:{kind}>" * 5000

    assert getattr(read_xmp(packet(nested)), kind) == "Heron"


def test_a_preview_is_tried_by_no_rare_decoder(monkeypatch: pytest.MonkeyPatch) -> None:
    from PIL import Image as PillowImage

    tried: list[object] = []
    true_open = PillowImage.open

    def noting(file: object, mode: str = "r", formats: object = None) -> object:
        tried.append(formats)
        return true_open(file, mode, formats)  # type: ignore[arg-type]

    monkeypatch.setattr(PillowImage, "open", noting)
    read_metadata(encode(draw_photo(1)))

    assert tried
    assert None not in tried


def tiff_of_one_tile(side: int, width: int, height: int) -> bytes:
    """Return a grey TIFF file whose picture lies on one deflated tile of this side."""
    pixels = zlib.compress(bytes(side) * side, 1)
    tags = {
        256: width,
        257: height,
        258: 8,
        259: 8,
        262: 1,
        277: 1,
        322: side,
        323: side,
        324: 0,
        325: len(pixels),
    }
    tags[324] = 8 + 2 + 12 * len(tags) + 4
    entries = (struct.pack("<HHII", tag, 4, 1, value) for tag, value in sorted(tags.items()))
    head = b"II*\x00" + struct.pack("<IH", 8, len(tags))
    return head + b"".join(entries) + struct.pack("<I", 0) + pixels


def test_a_tile_far_larger_than_its_picture_is_not_unpacked() -> None:
    with pytest.raises(UnreadablePhoto, match="damaged"):
        read_photo(tiff_of_one_tile(4096, 64, 64), max_pixels=64_000_000)


@pytest.mark.parametrize(("side", "width", "height"), [(256, 64, 48), (1024, 1000, 900)])
def test_a_picture_on_a_usual_tile_is_read(side: int, width: int, height: int) -> None:
    photo = read_photo(tiff_of_one_tile(side, width, height), max_pixels=64_000_000)

    assert (photo.width, photo.height) == (width, height)
