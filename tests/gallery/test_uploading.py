"""The upload: with and without JavaScript, one file or many, good ones and bad ones."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from gallery.models import Image, User
from tests.conftest import draw_photo, encode


def photo(seed: int = 1, name: str = "photo.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, encode(draw_photo(seed)), "image/jpeg")


def broken(name: str = "diary.jpg") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, b"Dear diary", "image/jpeg")


def send(
    client: Client, *files: SimpleUploadedFile, script: bool = False, **choices: str
) -> HttpResponse:
    """Send files as the plain form does, or as the script does."""
    data = {"visibility": "public", "teaches": "yes", **choices, "photos": list(files)}
    headers = {"Accept": "application/json"} if script else {}
    return client.post("/upload/", data, headers=headers)  # type: ignore[return-value]


@pytest.fixture
def uploader(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def test_one_must_log_in_to_upload(client: Client, db: None) -> None:
    for response in (client.get("/upload/"), send(client, photo())):
        assert response["Location"] == "/accounts/login/?next=/upload/"
    assert not Image.objects.exists()


def test_the_form_works_without_a_script(uploader: Client) -> None:
    page = uploader.get("/upload/").content.decode()

    assert 'enctype="multipart/form-data"' in page
    assert 'type="file"' in page
    assert "May the network learn from these photos?" in page
    assert "Who may see these photos?" in page


def test_one_photo_leads_to_its_page(uploader: Client, alice: User) -> None:
    response = send(uploader, photo(), visibility="private", teaches="no")

    image = Image.objects.get()
    assert response["Location"] == f"/images/{image.pk}/"
    assert (image.owner, image.visibility, image.teaches) == (alice, "private", False)
    assert uploader.get(response["Location"]).status_code == 200


def test_many_photos_lead_to_the_profile(uploader: Client) -> None:
    response = send(uploader, photo(1), photo(2), photo(1, "again.jpg"))

    assert response["Location"] == "/people/alice/"
    assert Image.objects.count() == 2
    assert "2 of 3 photos are new" in uploader.get("/people/alice/").content.decode()


def test_the_same_photo_twice_leads_to_the_first(uploader: Client) -> None:
    first = send(uploader, photo())

    second = send(uploader, photo(name="copy.jpg"))

    assert second["Location"] == first["Location"]
    assert "You already have this photo" in uploader.get(second["Location"]).content.decode()


def test_a_bad_file_does_not_stop_the_good_ones(uploader: Client) -> None:
    response = send(uploader, photo(1), broken(), photo(2))

    page = response.content.decode()
    assert response.status_code == 422
    assert "This is a text file, not a photo." in page
    assert "diary.jpg" in page
    assert Image.objects.count() == 2
    assert all(image.get_absolute_url() in page for image in Image.objects.all())


def test_no_file_at_all_is_asked_for(uploader: Client) -> None:
    response = send(uploader)

    assert response.status_code == 422
    assert "Please choose at least one photo." in response.content.decode()


@pytest.mark.parametrize("question", ["visibility", "teaches"])
def test_both_questions_want_an_answer(uploader: Client, question: str) -> None:
    response = send(uploader, photo(), **{question: "perhaps"})

    assert response.status_code == 422
    assert set(response.context["form"].errors) == {question}
    assert not Image.objects.exists()


def test_the_answer_about_teaching_is_remembered(uploader: Client, alice: User) -> None:
    assert uploader.get("/upload/").context["form"]["teaches"].value() == "yes"

    send(uploader, photo(), teaches="no")

    alice.refresh_from_db()
    assert alice.offers_photos is False
    assert uploader.get("/upload/").context["form"]["teaches"].value() == "no"
    send(uploader, photo(2), teaches="yes")
    alice.refresh_from_db()
    assert alice.offers_photos is True


def test_the_script_gets_an_answer_per_file(uploader: Client) -> None:
    response = send(uploader, photo(), script=True)

    image = Image.objects.get()
    assert response.status_code == 201
    assert response.json()["files"] == [
        {
            "name": "photo.jpg",
            "id": image.pk,
            "url": image.get_absolute_url(),
            "thumbnail": image.thumbnail_url,
            "is_new": True,
        }
    ]
    again = send(uploader, photo(), script=True)
    assert again.status_code == 200
    assert again.json()["files"][0]["is_new"] is False


def test_the_script_gets_the_reason_in_words_and_a_code(uploader: Client) -> None:
    response = send(uploader, broken('di"ary<.jpg'), script=True)

    assert response.status_code == 422
    assert response.json()["files"] == [
        {"name": 'di"ary<.jpg', "error": "This is a text file, not a photo.", "code": "text"}
    ]
    assert send(uploader, script=True).json()["errors"]["photos"]


def test_a_file_over_the_limit_is_refused_with_both_figures(
    uploader: Client, settings: Settings
) -> None:
    settings.EYES_MAX_UPLOAD_BYTES = 1_000_000
    large = SimpleUploadedFile("large.jpg", encode(draw_photo(1)) + bytes(1_500_000))

    response = send(uploader, large, script=True)

    assert response.status_code == 413
    assert "The file has 1.5 MB; the limit is 1 MB." in response.json()["files"][0]["error"]
    large.seek(0)
    assert "the limit is 1 MB" in send(uploader, large).content.decode()
    assert not Image.objects.exists()


def test_an_empty_file_is_called_empty(uploader: Client) -> None:
    response = send(uploader, SimpleUploadedFile("nothing.jpg", b""), script=True)

    assert response.json()["files"][0]["code"] == "empty"
    assert not Image.objects.exists()


def test_a_photo_of_too_many_pixels_is_refused(uploader: Client, settings: Settings) -> None:
    settings.EYES_MAX_PIXELS = 6_000

    response = send(uploader, photo(), script=True)

    assert response.json()["files"][0]["code"] == "too_many_pixels"
    assert not Image.objects.exists()


def test_a_hostile_name_is_shown_as_words(uploader: Client) -> None:
    # The test client keeps what browsers would cut, so that the whole name arrives.
    response = send(uploader, broken("<img src=x onerror=alert(1)>.jpg"))

    page = response.content.decode()
    assert "&lt;img src=x onerror=alert(1)&gt;.jpg" in page
    assert "<img src=x" not in page


def test_more_than_a_hundred_files_at_once_get_a_page_that_says_so(uploader: Client) -> None:
    response = send(uploader, *[broken() for _ in range(101)])

    assert response.status_code == 413
    assert "Up to 100 photos" in response.content.decode()
    assert not Image.objects.exists()
