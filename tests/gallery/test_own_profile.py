"""What people show of themselves: their words, and a picture in three sizes."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image as PillowImage
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from gallery.imaging.avatars import AVATAR_SIDES
from gallery.models import User
from gallery.services.people import remove_avatar, set_avatar
from gallery.storage import avatar_directory
from tests.conftest import draw_photo, encode
from tests.gallery.cast import client_of, store

pytestmark = pytest.mark.django_db


def file(data: bytes, name: str = "me.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data)


def folders(settings: Settings) -> list[Path]:
    return list(Path(settings.MEDIA_ROOT).glob("avatars/*/*"))


def test_words_and_picture_are_saved_and_shown(alice: User, client: Client) -> None:
    bio = "I wander.\r\n<b>Far</b> https://example.org"
    photo = encode(draw_photo(1, (900, 500)))
    answer = client_of(alice).post("/settings/", {"bio": bio, "avatar": file(photo)})
    assertRedirects(answer, "/settings/")
    alice.refresh_from_db()
    page = client.get("/people/alice/")
    assertContains(page, "I wander.<br>&lt;b&gt;Far&lt;/b&gt; ")
    assertContains(page, 'rel="nofollow ugc noopener"')
    for side in AVATAR_SIDES:
        address = f"/avatars/{alice.avatar_folder}/{side}.webp"
        served = client.get(address)
        picture = PillowImage.open(io.BytesIO(b"".join(served.streaming_content)))
        assert (picture.size, picture.format) == ((side, side), "WEBP")
        assert served["Cache-Control"] == "public, max-age=86400, immutable"
        assert "Cookie" not in served.get("Vary", "")
    assertContains(page, f"/avatars/{alice.avatar_folder}/160.webp")


def test_the_square_is_the_middle_of_the_picture(alice: User) -> None:
    wide = PillowImage.new("RGB", (900, 300), "red")
    wide.paste("blue", (300, 0, 600, 300))
    set_avatar(person=alice, data=encode(wide, "PNG"))
    assert alice.avatar_folder is not None
    avatar = PillowImage.open(avatar_directory(alice.avatar_folder) / "80.webp").convert("RGB")
    for corner in ((2, 2), (77, 77)):
        red, _, blue = avatar.getpixel(corner)  # type: ignore[misc]
        assert blue > 200 > 60 > red


def test_the_first_letter_stands_where_there_is_no_picture(alice: User, client: Client) -> None:
    store(alice)
    assertContains(client.get("/people/alice/"), ">A</span>")
    assertNotContains(client.get("/people/alice/"), "/avatars/")


def test_another_picture_replaces_the_files_of_the_one_before(
    alice: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        set_avatar(person=alice, data=encode(draw_photo(1)))
    first = alice.avatar_folder
    with django_capture_on_commit_callbacks(execute=True):
        set_avatar(person=alice, data=encode(draw_photo(2)))
        assert len(folders(settings)) == 2, "the one before stands until the commit"
    assert first != alice.avatar_folder
    assert [folder.name for folder in folders(settings)] == [alice.avatar_folder.hex]  # type: ignore[union-attr]
    client = client_of(alice)
    with django_capture_on_commit_callbacks(execute=True):
        assertContains(client.get("/settings/"), "Remove picture")
        client.post("/settings/avatar/remove/")
    alice.refresh_from_db()
    assert (alice.avatar_folder, folders(settings)) == (None, [])
    remove_avatar(person=alice)


def test_a_person_who_goes_takes_the_picture_along(
    alice: User,
    settings: Settings,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    set_avatar(person=alice, data=encode(draw_photo(1)))
    with django_capture_on_commit_callbacks(execute=True):
        alice.delete()
    assert folders(settings) == []


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "The file is empty."),
        (b"Dear diary", "This is a text file, not a photo."),
        (b"\xff\xd8\xff broken", "The photo is damaged or incomplete."),
        (b"x" * 1_000_001, "the limit is 1 MB"),
    ],
)
def test_what_is_no_picture_is_refused_and_the_words_are_kept(
    alice: User, settings: Settings, data: bytes, problem: str
) -> None:
    settings.EYES_MAX_UPLOAD_BYTES = 1_000_000
    answer = client_of(alice).post("/settings/", {"bio": "I wander.", "avatar": file(data)})
    assertContains(answer, problem, status_code=422)
    assertContains(answer, "I wander.</textarea>", status_code=422)
    alice.refresh_from_db()
    assert (alice.bio, alice.avatar_folder, folders(settings)) == ("", None, [])


def test_what_is_no_picture_is_refused_in_the_language_of_the_page(alice: User) -> None:
    answer = client_of(alice).post(
        "/settings/", {"bio": "", "avatar": file(b"")}, headers={"accept-language": "de"}
    )
    assertContains(answer, "Die Datei ist leer.", status_code=422)


def test_too_many_words_are_refused_and_kept(alice: User) -> None:
    answer = client_of(alice).post("/settings/", {"bio": "x" * 501})
    assertContains(answer, "That is 501 characters; 500 fit.", status_code=422)
    assertContains(answer, f"{'x' * 501}</textarea>", status_code=422)


def test_words_can_be_taken_away_again(alice: User) -> None:
    alice.bio = "I wander."
    alice.save()
    client_of(alice).post("/settings/", {"bio": " \x00 "})
    alice.refresh_from_db()
    assert alice.bio == ""


@pytest.mark.parametrize(
    "address",
    [
        "/avatars/00000000-0000-0000-0000-000000000000/80.webp",
        "/avatars/00000000-0000-0000-0000-000000000000/81.webp",
        "/avatars/..%2f..%2fphotos/80.webp",
    ],
)
def test_what_is_no_avatar_is_not_found(client: Client, db: None, address: str) -> None:
    assert client.get(address).status_code == 404


def test_settings_are_for_whoever_is_logged_in(client: Client, db: None) -> None:
    assertRedirects(client.get("/settings/"), "/accounts/login/?next=/settings/")
    assert client.post("/settings/avatar/remove/").status_code == 302
