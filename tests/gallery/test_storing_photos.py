"""One row and its files: together or not at all, once per person, gone without trace."""

from __future__ import annotations

import io
import os
import time
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, Thread

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import connection, transaction
from PIL import ExifTags
from PIL import Image as PillowImage
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.imaging import RENDITION_WIDTHS, UnreadablePhoto, rendition_widths
from gallery.models import Image, User
from gallery.services import images as services
from gallery.services.images import (
    StoredImage,
    clean_name,
    delete_image,
    hide_images,
    restore_images,
    store_image,
    update_image,
)
from gallery.signals import image_deleted, image_published
from tests.conftest import draw_photo, encode


def store(owner: User, data: bytes, **choices: object) -> StoredImage:
    arguments: dict[str, object] = {"name": "photo.jpg", "visibility": "public", "teaches": True}
    return store_image(owner=owner, data=data, **{**arguments, **choices})


def stored_files() -> list[str]:
    """Return every file under the media folder, relative to it."""
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def gps_jpeg() -> bytes:
    """Return a JPEG that knows where, when, by whom and with which camera it was taken."""
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Make] = "SecretCamera"
    exif[ExifTags.Base.Artist] = "SecretPerson"
    place = exif.get_ifd(ExifTags.IFD.GPSInfo)
    place[ExifTags.GPS.GPSLatitudeRef] = "N"
    place[ExifTags.GPS.GPSLatitude] = (52.0, 31.0, 12.0)
    place[ExifTags.GPS.GPSLongitudeRef] = "E"
    place[ExifTags.GPS.GPSLongitude] = (13.0, 24.0, 18.0)
    return encode(draw_photo(7, (900, 600)), "JPEG", exif=exif, comment=b"SecretComment")


def test_a_photo_is_stored_with_its_original_and_its_renditions(alice: User) -> None:
    data = encode(draw_photo(1, (1500, 1000)))

    image = store(alice, data, title="Hill", description="At dusk").image

    image.refresh_from_db()
    assert (image.width, image.height, image.byte_size) == (1500, 1000, len(data))
    assert (image.title, image.description, image.file_format) == ("Hill", "At dusk", "jpeg")
    assert len(image.dhash) == len(image.sha256) == 64
    assert image.rendition_widths == [320, 640, 1280, 1500]
    assert image.original_path.read_bytes() == data
    for width in image.rendition_widths:
        with PillowImage.open(image.rendition_path(width)) as rendition:
            assert rendition.format == "WEBP"
            assert rendition.width == width
            assert abs(rendition.height - width * 2 / 3) <= 1
    assert len(stored_files()) == 5


@pytest.mark.parametrize(
    ("size", "widths"),
    [
        ((1, 1), [1]),
        ((320, 200), [320]),
        ((321, 200), [320, 321]),
        ((1920, 1000), [320, 640, 1280, 1920]),
        ((6000, 4000), list(RENDITION_WIDTHS)),
        ((1000, 40_000), [320]),
    ],
)
def test_nothing_is_enlarged_and_nothing_exceeds_what_webp_holds(
    size: tuple[int, int], widths: list[int]
) -> None:
    assert rendition_widths(*size) == widths


def test_no_rendition_carries_a_position_or_any_other_metadata(alice: User) -> None:
    data = gps_jpeg()
    with PillowImage.open(io.BytesIO(data)) as original:
        assert original.getexif().get_ifd(ExifTags.IFD.GPSInfo)

    image = store(alice, data).image

    for width in image.rendition_widths:
        file = image.rendition_path(width).read_bytes()
        assert b"Secret" not in file
        assert not {b"EXIF", b"XMP ", b"ICCP"} & {file[at : at + 4] for at in range(len(file))}
        with PillowImage.open(image.rendition_path(width)) as rendition:
            assert not dict(rendition.getexif())


def test_a_photo_taken_sideways_is_served_upright(alice: User) -> None:
    exif = PillowImage.Exif()
    exif[ExifTags.Base.Orientation] = 6

    image = store(alice, encode(draw_photo(1, (600, 400)), "JPEG", exif=exif)).image

    assert (image.width, image.height) == (400, 600)
    with PillowImage.open(image.rendition_path(320)) as rendition:
        assert rendition.size == (320, 480)


def test_sixteen_bit_grey_is_served_as_the_grey_it_is(alice: User) -> None:
    deep = PillowImage.new("I;16", (64, 64), 40_000)

    image = store(alice, encode(deep, "PNG")).image

    with PillowImage.open(image.rendition_path(64)) as rendition:
        assert all(abs(value - 156) <= 2 for value in rendition.convert("RGB").getpixel((30, 30)))


def test_the_same_bytes_from_one_person_are_one_photo(
    alice: User, photo_bytes: Callable[[int], bytes]
) -> None:
    first = store(alice, photo_bytes(1))
    files = stored_files()

    again = store(alice, photo_bytes(1), name="copy.jpg")

    assert (first.is_new, again.is_new) == (True, False)
    assert again.image == first.image
    assert Image.objects.count() == 1
    assert stored_files() == files


def test_the_same_bytes_from_two_people_are_two_photos(
    alice: User, bob: User, photo_bytes: Callable[[int], bytes]
) -> None:
    hers, his = store(alice, photo_bytes(1)).image, store(bob, photo_bytes(1)).image

    assert hers != his
    assert hers.sha256 == his.sha256
    assert hers.directory != his.directory


@pytest.mark.django_db(transaction=True)
def test_two_identical_uploads_at_one_moment_make_one_photo(
    photo_bytes: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = User.objects.create_user("racer", password="racer-secret-9")
    both_looked = Barrier(2, timeout=20)
    save_with_files = services.save_with_files

    def save_when_both_looked(*arguments: object, **options: object) -> object:
        # Both have found no twin by now; only the database can tell them apart.
        both_looked.wait()
        return save_with_files(*arguments, **options)

    monkeypatch.setattr(services, "save_with_files", save_when_both_looked)
    results: list[StoredImage] = []

    def upload() -> None:
        try:
            results.append(store(owner, photo_bytes(1), announce=False))
        finally:
            connection.close()

    threads = [Thread(target=upload) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(result.is_new for result in results) == [False, True]
    assert results[0].image == results[1].image
    assert len(stored_files()) == 2


@pytest.mark.django_db(transaction=True)
def test_a_failed_transaction_leaves_no_file(
    photo_bytes: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = User.objects.create_user("unlucky")

    def fail(_: int) -> None:
        raise RuntimeError("The database went away.")

    monkeypatch.setattr(services, "announce_on_commit", fail)
    with pytest.raises(RuntimeError, match="went away"):
        store(owner, photo_bytes(1))

    assert not Image.objects.exists()
    assert stored_files() == []


def test_a_disk_error_while_writing_leaves_neither_row_nor_file(
    alice: User, photo_bytes: Callable[[int], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_bytes = Path.write_bytes
    written: list[Path] = []

    def write_one_then_fail(path: Path, data: bytes) -> int:
        if written:
            raise OSError(28, "No space left on device")
        written.append(path)
        return write_bytes(path, data)

    monkeypatch.setattr(Path, "write_bytes", write_one_then_fail)
    with pytest.raises(OSError, match="No space left"):
        store(alice, photo_bytes(1))

    assert not Image.objects.exists()
    assert stored_files() == []


def test_an_unreadable_file_leaves_nothing(alice: User) -> None:
    with pytest.raises(UnreadablePhoto):
        store(alice, b"not a photo")

    assert not Image.objects.exists()
    assert stored_files() == []


def test_what_a_killed_process_left_is_swept_once_it_is_old(
    alice: User, photo_bytes: Callable[[int], bytes]
) -> None:
    incoming = Path(settings.MEDIA_ROOT) / "incoming"
    for name, age in (("old", 7200), ("young", 60)):
        (incoming / name).mkdir(parents=True)
        (incoming / name / "original.jpeg").write_bytes(b"half")
        moment = time.time() - age
        os.utime(incoming / name, (moment, moment))

    store(alice, photo_bytes(1))

    assert [path.name for path in incoming.iterdir()] == ["young"]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.jpg", "passwd.jpg"),
        ("C:\\Users\\me\\cat.png", "cat.png"),
        ('"><script>alert(1)<\\script>.gif', "script>.gif"),
        ('it\'s "quoted".jpg', 'it\'s "quoted".jpg'),
        ("Grüße 🐈‍⬛ 猫.jpg", "Grüße 🐈‍⬛ 猫.jpg"),
        ("zero\x00byte\n.jpg", "zerobyte.jpg"),
        ("..", ""),
        ("", ""),
    ],
)
def test_hostile_names_are_kept_only_as_words(sent: str, kept: str) -> None:
    assert clean_name(sent).removeprefix("..") == kept


def test_a_name_of_three_hundred_characters_keeps_its_ending(alice: User) -> None:
    image = store(alice, encode(draw_photo(1)), name="ä" * 300 + ".jpg").image

    image.refresh_from_db()
    assert len(image.original_name) == 255
    assert image.original_name.endswith("ä.jpg")


def test_a_hostile_name_never_becomes_part_of_a_path(alice: User) -> None:
    image = store(alice, encode(draw_photo(1)), name="../../../escaped.jpg").image

    assert image.original_name == "escaped.jpg"
    assert {path.rsplit("/")[-1] for path in stored_files()} == {"original.jpeg", "96.webp"}
    assert not list(Path(settings.MEDIA_ROOT).parent.rglob("*escaped*"))


def test_a_new_photo_is_announced_after_the_commit(
    alice: User,
    photo_bytes: Callable[[int], bytes],
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    heard: list[int] = []

    def listen(image_id: int, **_: object) -> None:
        heard.append(image_id)

    def fail(**_: object) -> None:
        raise RuntimeError("This listener is broken.")

    image_published.connect(fail, weak=False)
    image_published.connect(listen, weak=False)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            image = store(alice, photo_bytes(1)).image
            assert heard == []
        with django_capture_on_commit_callbacks(execute=True):
            store(alice, photo_bytes(1))
            store(alice, photo_bytes(2), announce=False)
    finally:
        image_published.disconnect(fail)
        image_published.disconnect(listen)

    assert heard == [image.pk]


@pytest.mark.django_db(transaction=True)
def test_deleting_takes_the_files_once_the_row_is_gone(
    photo_bytes: Callable[[int], bytes],
) -> None:
    owner = User.objects.create_user("leaver")
    image = store(owner, photo_bytes(1), announce=False).image
    image_id, sha256 = image.pk, image.sha256
    heard: list[object] = []

    def listen(image_id: int, sha256: str, **_: object) -> None:
        heard.append((image_id, sha256))

    image_deleted.connect(listen, weak=False)
    try:
        with pytest.raises(RuntimeError, match="changed my mind"), transaction.atomic():
            delete_image(image=Image.objects.get(pk=image_id))
            raise RuntimeError("changed my mind")
        assert len(stored_files()) == 2
        delete_image(image=Image.objects.get(pk=image_id))
    finally:
        image_deleted.disconnect(listen)

    assert not Image.objects.exists()
    assert stored_files() == []
    assert heard == [(image_id, sha256)]


@pytest.mark.django_db(transaction=True)
def test_a_person_who_leaves_takes_their_photos_along(
    photo_bytes: Callable[[int], bytes],
) -> None:
    owner = User.objects.create_user("leaver")
    for seed in range(2):
        store(owner, photo_bytes(seed), announce=False)

    owner.delete()

    assert stored_files() == []


def test_changing_a_photo_leaves_out_what_is_not_named(alice: User) -> None:
    image = store(alice, encode(draw_photo(1)), title="Before", description="Kept").image

    update_image(image=image, title="After", visibility="private", teaches=False)

    image.refresh_from_db()
    assert (image.title, image.description) == ("After", "Kept")
    assert (image.visibility, image.teaches) == ("private", False)


def test_only_moderators_hide_and_restore(alice: User, bob: User, mona: User) -> None:
    image = store(alice, encode(draw_photo(1))).image
    chosen = Image.objects.filter(pk=image.pk)

    with pytest.raises(PermissionDenied):
        hide_images(images=chosen, moderator=bob, reason="I do not like it")
    assert hide_images(images=chosen, moderator=mona, reason="A licence plate") == 1
    assert hide_images(images=chosen, moderator=mona, reason="Again") == 0

    image.refresh_from_db()
    assert image.hidden_reason == "A licence plate"
    assert not Image.objects.on_show().exists()
    assert not Image.objects.teachable().exists()
    assert restore_images(images=chosen, moderator=mona) == 1
    assert Image.objects.on_show().get().hidden_reason == ""
