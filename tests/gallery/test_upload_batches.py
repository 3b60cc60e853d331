"""What is asked before many files are sent, and what is wished for them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import ExifTags
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.imaging.metadata import Metadata
from gallery.models import Album, AlbumMember, Image, Upload, User
from gallery.services import images as services
from gallery.services.images import Developed, develop_image, store_image
from gallery.services.uploads import append_piece, open_upload
from gallery.signals import image_restored
from gallery.uploading.wishes import Wishes
from tests.conftest import draw_photo, encode
from tests.gallery.cast import store
from tests.gallery.test_uploading import photo, send
from tests.gallery.tus_client import TusClient, sha256

WISHES = Wishes(visibility="public", licence="all-rights", teaches=True)


@pytest.fixture
def uploader(alice: User, client: Client) -> Client:
    client.force_login(alice)
    return client


def begin(client: Client, hashes: Any, **wishes: Any) -> HttpResponse:
    body = json.dumps({"sha256": hashes, "wishes": wishes})
    return client.post("/upload/begin/", body, "application/json")  # type: ignore[return-value]


def test_only_ones_own_photos_are_known(uploader: Client, alice: User, bob: User) -> None:
    mine, theirs = store(alice, 1), store(bob, 2)

    answer = begin(uploader, [mine.sha256, theirs.sha256, "0" * 64])

    assert list(answer.json()["photos"]) == [mine.sha256]
    assert answer.json()["photos"][mine.sha256]["url"] == mine.get_absolute_url()


def test_a_known_photo_comes_out_of_the_trash(uploader: Client, alice: User) -> None:
    image = store(alice, 1)
    Image.objects.update(deleted_at=timezone.now())

    assert image.sha256 in begin(uploader, [image.sha256]).json()["photos"]

    assert Image.objects.get() == image
    Image.objects.update(deleted_at=timezone.now())
    assert TusClient(uploader).begin(image.byte_size, encode(draw_photo(1))).status_code == 201
    assert Image.objects.get() == image


def test_an_unfinished_upload_is_found_by_its_hash(
    uploader: Client, alice: User, bob: User
) -> None:
    data = encode(draw_photo(1))
    for owner in (alice, bob):
        upload = open_upload(owner=owner, size=len(data), sha256=sha256(data), wishes=WISHES)
        append_piece(upload=upload, offset=0, piece=data[:100])
    mine = Upload.objects.get(owner=alice)

    found = begin(uploader, [sha256(data)]).json()["uploads"]

    assert found == {sha256(data): {"url": f"/upload/files/{mine.pk}/", "received": 100}}


def test_the_answers_are_remembered_for_the_next_time(uploader: Client, alice: User) -> None:
    assert (
        begin(uploader, [], visibility="followers", licence="cc0", teaches="no").status_code == 200
    )

    alice.refresh_from_db()
    assert (alice.usual_visibility, alice.usual_licence) == ("followers", "cc0")
    assert alice.offers_photos is False
    page = uploader.get("/upload/").context["form"]
    assert page["visibility"].value() == "followers"
    assert page["licence"].value() == "cc0"


@pytest.mark.parametrize(
    "hashes", [None, "abc", ["abc"], [1], ["0" * 63 + "G"], ["0" * 64] * 501, [["0" * 64]]]
)
def test_a_question_that_makes_no_sense_is_refused(uploader: Client, hashes: Any) -> None:
    answer = begin(uploader, hashes)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


@pytest.mark.parametrize("body", ["", "[]", "null", "{", '{"sha256": [], "wishes": []}'])
def test_a_body_that_is_no_question_is_refused(uploader: Client, body: str) -> None:
    answer = uploader.post("/upload/begin/", body, "application/json")

    assert answer.status_code == 400


@pytest.mark.parametrize("title", ["a\0b", "\ud800", ["x"], {"a": 1}, None])
def test_a_title_that_no_database_keeps_is_refused(uploader: Client, title: Any) -> None:
    assert begin(uploader, [], title=title).status_code in (400, 422)


def test_five_hundred_hashes_take_few_queries(uploader: Client, alice: User) -> None:
    known = [store(alice, seed) for seed in range(12)]
    Image.objects.update(deleted_at=timezone.now())
    hashes = [image.sha256 for image in known] + [sha256(str(n).encode()) for n in range(488)]

    with CaptureQueriesContext(
        connection,
    ) as queries:
        answer = begin(uploader, hashes)

    assert len(answer.json()["photos"]) == 12
    assert len(queries) <= 10


def test_a_plain_form_asks_for_the_same_wishes(uploader: Client) -> None:
    send(
        uploader,
        photo(),
        visibility="unlisted",
        teaches="no",
        licence="by-nc",
        title="Ein Reiher",
        description="Am See",
        alt="A grey heron in shallow water",
    )

    image = Image.objects.get()
    assert (image.title, image.description) == ("Ein Reiher", "Am See")
    assert (image.visibility, image.licence, image.teaches) == ("unlisted", "by-nc", False)
    assert image.alt == "A grey heron in shallow water"


def test_an_album_is_offered_to_those_who_may_add_to_it(
    uploader: Client, alice: User, bob: User
) -> None:
    Album.objects.create(owner=alice, title="Mine")
    Album.objects.create(owner=bob, title="Secret")
    for may_add in (True, False):
        shared = Album.objects.create(owner=bob, title=f"Shared {may_add}")
        AlbumMember.objects.create(album=shared, person=alice, may_add=may_add)

    page = uploader.get("/upload/").content.decode()

    assert "Mine" in page
    assert "Shared True" in page
    assert "Shared False" not in page
    assert "Secret" not in page
    secret = Album.objects.get(title="Secret")
    response = send(uploader, photo(), album=str(secret.pk))
    assert response.status_code == 422
    assert "This album is gone." in response.content.decode()
    assert not Image.objects.exists()


def test_photos_go_into_a_new_album_of_that_name_once(uploader: Client, alice: User) -> None:
    image = store(alice, 1)
    tus = TusClient(uploader)

    begin(uploader, [image.sha256], new_album="At the lake", visibility="private")
    for seed in (2, 3):
        data = encode(draw_photo(seed))
        tus.begin(len(data), data, new_album="At the lake", visibility="private")

    album = Album.objects.get()
    assert (album.owner, album.title, album.visibility) == (alice, "At the lake", "private")
    assert album.photos.count() == 3


def test_photos_go_into_a_chosen_album(uploader: Client, alice: User) -> None:
    album = Album.objects.create(owner=alice, title="Lakes")

    send(uploader, photo(), album=str(album.pk))

    assert list(album.photos.all()) == [Image.objects.get()]


def test_an_album_that_is_deleted_meanwhile_stops_no_photo(uploader: Client, alice: User) -> None:
    album = Album.objects.create(owner=alice, title="Lakes")
    data = encode(draw_photo(1))
    tus = TusClient(uploader)
    address = tus.address(len(data), album=str(album.pk))
    album.delete()

    assert tus.send(address, 0, data).status_code == 204
    assert Image.objects.count() == 1


def told_by_the_file(data: bytes) -> Developed:
    told = Metadata(
        title="From the file",
        description="Told by the camera",
        keywords=("heron", "lake"),
    )
    return replace(develop_image(data), metadata=told)


def test_what_the_file_says_fills_what_is_left_empty(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = told_by_the_file(encode(draw_photo(1)))
    monkeypatch.setattr(services, "develop_image", lambda data: told)
    keep = partial(store_image, owner=alice, name="p.jpg", visibility="public", teaches=True)

    empty = keep(data=encode(draw_photo(1))).image
    given = keep(data=encode(draw_photo(2)), title="Mine", description="Own words").image

    assert empty.title == "From the file"
    assert empty.description == "Told by the camera"
    assert (given.title, given.description) == ("Mine", "Own words")


def test_forgetting_asks_for_a_press_of_a_button(uploader: Client, alice: User) -> None:
    open_upload(owner=alice, size=5, wishes=WISHES)

    assert uploader.get("/upload/forget/").status_code == 405
    assert "1 upload was cut off." in uploader.get("/upload/").content.decode()
    assert Upload.objects.count() == 1


def test_a_photo_keeps_its_metadata_free_renditions(uploader: Client) -> None:
    exif = draw_photo(1).getexif()
    exif[ExifTags.Base.ImageDescription] = "A secret"
    data = encode(draw_photo(1), exif=exif)

    TusClient(uploader).begin(len(data), data)

    image = Image.objects.get()
    assert b"A secret" in image.original_path.read_bytes()
    assert b"A secret" not in image.rendition_path(image.rendition_widths[0]).read_bytes()


def test_a_photo_out_of_the_trash_is_announced_and_one_that_expired_there_is_sent_again(
    uploader: Client,
    alice: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    lately, long_ago = store(alice, 1), store(alice, 2)
    Image.objects.filter(pk=lately.pk).update(deleted_at=timezone.now())
    Image.objects.filter(pk=long_ago.pk).update(deleted_at=timezone.now() - timedelta(days=31))
    announced: list[int] = []

    def hear(image_ids: list[int], **_: object) -> None:
        announced.extend(image_ids)

    image_restored.connect(hear)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            answer = begin(uploader, [lately.sha256, long_ago.sha256])
    finally:
        image_restored.disconnect(hear)

    assert list(answer.json()["photos"]) == [lately.sha256]
    assert announced == [lately.pk]
