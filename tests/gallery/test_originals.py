"""Originals for download: to the owner as they are, to others without what the owner hides."""

from __future__ import annotations

import io
import struct

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from PIL import ExifTags, ImageCms
from PIL import Image as PillowImage

from gallery.imaging import UnreadablePhoto, read_metadata
from gallery.imaging.stripping import without_metadata
from gallery.models import Image, User
from gallery.services.images import hide_images, store_image, update_image
from tests.conftest import draw_photo, encode
from tests.gallery.cast import client_of
from tests.gallery.raw_files import LONG, RATIONAL, SHORT, TEXT, directory, dng
from tests.gallery.test_metadata import iptc_jpeg, taken_jpeg, xmp

SECRETS = (b"Canon", b"GPS", b"2024:06:01", b"SecretComment", b"heron")


def store(owner: User, data: bytes, name: str = "p.jpg", **choices: object) -> Image:
    arguments: dict[str, object] = {"visibility": "public", "teaches": True, "announce": False}
    image = store_image(owner=owner, data=data, name=name, **{**arguments, **choices}).image  # type: ignore[arg-type]
    return update_image(image=image, offers_original=True)


def fetch(image: Image, person: User | None) -> bytes:
    response = client_of(person).get(image.original_url)
    assert response.status_code == 200
    return response.getvalue()


def status(image: Image, person: User | None) -> int:
    return client_of(person).get(image.original_url).status_code


def told(file_format: str, orientation: int = 6) -> bytes:
    """Return a file that tells its camera, date, place, author's words, and how it was held."""
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    exif[ExifTags.Base.Orientation] = orientation
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2024:06:01 18:30:05"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef], place[ExifTags.GPS.GPSLatitude] = "N", (52.0, 31.0, 12.0)
    place[ExifTags.GPS.GPSLongitudeRef], place[ExifTags.GPS.GPSLongitude] = "E", (13.0, 24.0, 18.0)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options: dict[str, object] = {"exif": exif, "icc_profile": profile}
    if file_format == "JPEG":
        options |= {"comment": b"SecretComment", "progressive": True, "quality": 95}
    if file_format in {"JPEG", "WEBP"}:
        options["xmp"] = xmp(subjects=("heron",)).encode()
    return encode(draw_photo(7, (90, 60)), file_format, **options)


def tiff_with_place() -> bytes:
    """Return a grey TIFF with a position, which Pillow reads and does not write."""
    rows = bytes(range(64)) * 64
    entries = [
        (256, LONG, [64]),
        (257, LONG, [64]),
        (258, SHORT, [8]),
        (259, SHORT, [1]),
        (262, SHORT, [1]),
        (277, SHORT, [1]),
        (278, LONG, [64]),
        (279, LONG, [len(rows)]),
    ]
    place = [
        (1, TEXT, b"N\x00"),
        (2, RATIONAL, [(52, 1), (31, 1), (12, 1)]),
        (3, TEXT, b"E\x00"),
        (4, RATIONAL, [(13, 1), (24, 1), (18, 1)]),
    ]
    place_at = 8 + len(directory([*entries, (273, LONG, [0]), (34853, LONG, [0])], 8))
    rows_at = place_at + len(directory(place, place_at))
    pointers = [(273, LONG, [rows_at]), (34853, LONG, [place_at])]
    head = b"II*\x00" + struct.pack("<I", 8) + directory([*entries, *pointers], 8)
    return head + directory(place, place_at) + rows


def test_the_owner_gets_the_very_bytes_under_the_files_own_name(alice: User) -> None:
    data = taken_jpeg()
    image = store(alice, data, name='Größe "1".jpg')
    Image.objects.update(offers_original=False)

    response = client_of(alice).get(image.original_url)

    assert response.getvalue() == data
    assert response["Content-Type"] == "image/jpeg"
    assert response["Cache-Control"] == "private, no-cache"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Disposition"].startswith("attachment; filename*=utf-8''Gr")


def test_a_hostile_name_stays_one_header(alice: User) -> None:
    image = store(alice, encode(draw_photo(1)))
    Image.objects.update(original_name='x"; filename="evil.exe\r\nSet-Cookie: a=b')

    response = client_of(alice).get(image.original_url)

    assert "Set-Cookie" not in response.headers
    assert "\r" not in response["Content-Disposition"]


def test_others_get_nothing_unless_it_is_offered(alice: User, bob: User, mona: User) -> None:
    image = store(alice, encode(draw_photo(1)))
    Image.objects.update(offers_original=False)

    assert [status(image, person) for person in (None, bob, mona)] == [404, 404, 404]
    assert "original/" not in client_of(bob).get(image.get_absolute_url()).content.decode()


def test_who_may_not_see_a_photo_gets_no_original(alice: User, bob: User, mona: User) -> None:
    private = store(alice, encode(draw_photo(1)), visibility="private")
    hidden = store(alice, encode(draw_photo(2)))
    hide_images(images=Image.objects.filter(pk=hidden.pk), moderator=mona, reason="")

    assert status(private, bob) == status(hidden, bob) == status(private, None) == 404
    assert Client().get("/images/999999999/original/").status_code == 404


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_others_get_the_same_pixels_without_a_word(
    alice: User, bob: User, file_format: str
) -> None:
    data = told(file_format)
    image = store(alice, data, title="A heron, standing")

    given = fetch(image, bob)

    for secret in SECRETS:
        assert secret not in given
    with (
        PillowImage.open(io.BytesIO(data)) as before,
        PillowImage.open(io.BytesIO(given)) as after,
    ):
        assert np.array_equal(np.asarray(before), np.asarray(after))
        assert after.getexif().get(ExifTags.Base.Orientation) == 6
        assert after.info["icc_profile"] == before.info["icc_profile"]
    assert read_metadata(given).latitude is None


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_who_shows_everything_gives_the_untouched_file(
    alice: User, bob: User, file_format: str
) -> None:
    data = told(file_format)
    image = update_image(image=store(alice, data), shows_place=True)

    assert fetch(image, bob) == data


def test_the_name_of_the_file_is_the_owners_alone(alice: User, bob: User) -> None:
    image = store(alice, encode(draw_photo(1)), name="Anna at home.jpg", title="A <heron>/..")

    disposition = client_of(bob).get(image.original_url)["Content-Disposition"]

    assert disposition == f'attachment; filename="a-heron-{image.pk}.jpg"'


def test_a_tiff_with_a_place_is_kept_back_and_one_without_is_given(alice: User, bob: User) -> None:
    with_place = store(alice, tiff_with_place())
    assert (with_place.latitude, with_place.longitude) == (52.52, 13.405)
    without = store(alice, encode(draw_photo(2), "TIFF"))

    assert status(with_place, bob) == 404
    assert status(with_place, alice) == 200
    assert status(without, bob) == 200
    update_image(image=with_place, shows_place=True)
    assert status(with_place, bob) == 200


def test_a_place_that_only_xmp_names_keeps_a_file_back(alice: User, bob: User) -> None:
    packet = b'<x xmlns:exif="http://ns.adobe.com/exif/1.0/" exif:GPSLatitude="52,31.2N"/>'
    image = store(alice, encode(draw_photo(2), "AVIF", xmp=packet))

    assert status(image, bob) == 404


def test_a_camera_that_is_hidden_keeps_a_file_back(alice: User, bob: User) -> None:
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Make] = "Canon"
    image = store(alice, encode(draw_photo(2), "TIFF", exif=exif))
    assert status(image, bob) == 200

    update_image(image=image, shows_camera=False)

    assert status(image, bob) == 404


def test_a_raw_file_is_given_only_by_who_shows_everything(alice: User, bob: User) -> None:
    raw = dng(encode(draw_photo(1, (320, 240))))
    image = store(alice, raw, name="p.dng")

    assert status(image, bob) == 404
    assert "original/" not in client_of(bob).get(image.get_absolute_url()).content.decode()
    update_image(image=image, shows_place=True)
    assert fetch(image, bob) == raw


def test_a_second_picture_behind_the_first_goes_with_its_metadata() -> None:
    data = encode(draw_photo(1)) + taken_jpeg()

    given = without_metadata(data, "jpeg", 1)

    assert given is not None
    assert b"Canon" not in given
    assert given.endswith(b"\xff\xd9")


def test_iptc_words_go() -> None:
    given = without_metadata(iptc_jpeg((2, 25, b"heron")), "jpeg", 1)

    assert given is not None
    assert b"heron" not in given


def test_words_in_a_png_go() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "SecretComment")
    info.add_itxt("XML:com.adobe.xmp", xmp(title="heron"))
    data = encode(draw_photo(1), "PNG", pnginfo=info) + b"GPS behind the end"

    given = without_metadata(data, "png", 1)

    assert given is not None
    assert not any(secret in given for secret in SECRETS)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_broken_files_are_refused_or_cut_and_never_leak(file_format: str) -> None:
    data = told(file_format)
    for end in range(0, len(data), 7):
        try:
            given = without_metadata(data[:end], file_format.lower(), 6)
        except UnreadablePhoto:
            continue
        assert given is not None
        assert not any(secret in given for secret in SECRETS)


def test_a_jpeg_of_nothing_but_filling_ends() -> None:
    with pytest.raises(UnreadablePhoto):
        without_metadata(b"\xff\xd8" + b"\xff" * 1_000_000, "jpeg", 1)
    with pytest.raises(UnreadablePhoto):
        without_metadata(b"\xff\xd8\xff\xe1" + struct.pack(">H", 0) * 100, "jpeg", 1)


def test_a_file_that_is_gone_from_disk_is_not_found(alice: User, bob: User) -> None:
    image = store(alice, encode(draw_photo(1)))
    image.original_path.unlink()

    assert status(image, alice) == status(image, bob) == 404


def test_a_file_that_is_kept_back_is_not_offered_and_its_owner_reads_why(
    alice: User, bob: User
) -> None:
    image = store(alice, tiff_with_place())

    assert "original/" not in client_of(bob).get(image.get_absolute_url()).content.decode()
    page = client_of(alice).get(image.get_absolute_url()).content.decode()
    assert "original/" in page
    assert "Others are not offered it" in page
    update_image(image=image, shows_place=True)
    assert "original/" in client_of(bob).get(image.get_absolute_url()).content.decode()


def test_files_in_the_trash_are_their_owners_alone(alice: User, bob: User, mona: User) -> None:
    image = store(alice, encode(draw_photo(1)))
    Image.objects.update(deleted_at=timezone.now())

    assert status(image, alice) == 200
    assert client_of(alice).get(image.thumbnail_url).status_code == 200
    for person in (None, bob, mona):
        assert status(image, person) == 404
        assert client_of(person).get(image.thumbnail_url).status_code == 404
