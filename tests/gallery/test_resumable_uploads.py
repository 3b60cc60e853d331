"""Uploads in pieces, by the tus protocol: what goes on where, and what is refused."""

from __future__ import annotations

import base64
import io
import os
import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import connection
from django.http.request import UnreadablePostError
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from gallery.models import Image, Upload, User
from gallery.services import uploads
from gallery.services.uploads import append_piece, open_upload
from gallery.storage import uploads_directory
from gallery.tasks import forget_expired_uploads
from gallery.uploading.pieces import held_file
from gallery.uploading.refusals import UploadRefused
from gallery.uploading.wishes import Wishes
from tests.conftest import draw_photo, encode
from tests.gallery.tus_client import FILES, TusClient, checksum, metadata, sha256
from tests.tagging.api_client import program_of

PHOTO = encode(draw_photo(1))
HALF = len(PHOTO) // 2
WISHES = Wishes(visibility="public", licence="all-rights", teaches=True)


@pytest.fixture
def tus(alice: User, client: Client) -> TusClient:
    client.force_login(alice)
    return TusClient(client)


def test_the_server_says_what_it_can(client: Client, db: None, settings: Settings) -> None:
    answer = client.options(FILES)

    assert answer.status_code == 204
    assert answer["Tus-Version"] == answer["Tus-Resumable"] == "1.0.0"
    assert answer["Tus-Extension"].split(",") == [
        "creation",
        "creation-with-upload",
        "termination",
        "checksum",
        "expiration",
    ]
    assert answer["Tus-Max-Size"] == str(settings.EYES_MAX_UPLOAD_BYTES)
    assert answer["Tus-Checksum-Algorithm"] == "sha256,sha1"


def test_a_photo_arrives_in_two_pieces(tus: TusClient, alice: User) -> None:
    address = tus.address(
        len(PHOTO), filename="heron.jpg", title="Ein Graureiher", visibility="private"
    )

    first = tus.send(address, 0, PHOTO[:HALF])
    assert (first.status_code, first["Upload-Offset"]) == (204, str(HALF))
    assert first["Upload-Expires"].endswith("GMT")
    assert tus.offset(address) == HALF
    assert not Image.objects.exists()
    last = tus.send(address, HALF, PHOTO[HALF:])

    image = Image.objects.get()
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(PHOTO)))
    assert image.original_path.read_bytes() == PHOTO
    assert (image.owner, image.title, image.visibility) == (alice, "Ein Graureiher", "private")
    assert image.original_name == "heron.jpg"
    assert tus.client.get(address).json()["url"] == image.get_absolute_url()
    assert list(uploads_directory().iterdir()) == []


def test_a_small_photo_comes_with_its_creation(tus: TusClient) -> None:
    answer = tus.begin(len(PHOTO), PHOTO, filename="a.jpg")

    image = Image.objects.get()
    assert answer.status_code == 201
    assert answer["Upload-Offset"] == str(len(PHOTO))
    assert answer.json() == {
        "name": "a.jpg",
        "id": image.pk,
        "url": image.get_absolute_url(),
        "thumbnail": image.thumbnail_url,
        "is_new": True,
    }
    assert tus.begin(len(PHOTO), PHOTO).json()["is_new"] is False


def test_what_is_left_out_is_answered_as_the_last_time(tus: TusClient, alice: User) -> None:
    User.objects.update(usual_visibility="followers", usual_licence="by", offers_photos=False)

    tus.begin(len(PHOTO), PHOTO)

    image = Image.objects.get()
    assert (image.visibility, image.licence, image.teaches) == ("followers", "by", False)


def test_the_finishing_request_may_be_repeated(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))
    tus.send(address, 0, PHOTO)

    again = tus.send(address, len(PHOTO), b"")

    assert (again.status_code, again["Upload-Offset"]) == (204, str(len(PHOTO)))
    assert tus.send(address, 0, PHOTO).status_code == 409
    assert Image.objects.count() == 1


def test_a_connection_cut_at_half_keeps_what_came(
    tus: TusClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tus.address(len(PHOTO))
    pieces = iter([PHOTO[:HALF]])

    def read(self: object, size: int = -1) -> bytes:
        for piece in pieces:
            return piece
        raise UnreadablePostError("cut")

    with monkeypatch.context() as cut:
        cut.setattr("django.http.HttpRequest.read", read)
        tus.send(address, 0, PHOTO)

    assert tus.offset(address) == HALF
    assert tus.send(address, HALF, PHOTO[HALF:]).status_code == 204
    assert Image.objects.get().original_path.read_bytes() == PHOTO


def test_a_cut_piece_with_a_checksum_is_thrown_away(
    tus: TusClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = tus.address(len(PHOTO))

    def read(self: object, size: int = -1) -> bytes:
        raise UnreadablePostError("cut")

    with monkeypatch.context() as cut:
        cut.setattr("django.http.HttpRequest.read", read)
        answer = tus.send(address, 0, PHOTO, Upload_Checksum=checksum(PHOTO))

    assert answer.status_code == 400
    assert tus.offset(address) == 0


def test_bytes_of_a_killed_request_are_written_over(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))
    tus.send(address, 0, PHOTO[:HALF])
    # The file grew, but the process died before it said so.
    with Upload.objects.get().path.open("ab") as file:
        file.write(b"half a piece")

    assert tus.offset(address) == HALF
    tus.send(address, HALF, PHOTO[HALF:])

    assert Image.objects.get().original_path.read_bytes() == PHOTO


def test_a_process_killed_while_it_finished_is_made_good(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))
    upload = Upload.objects.get()
    upload.path.write_bytes(PHOTO)
    Upload.objects.update(received=len(PHOTO))

    assert tus.client.get(address).json()["received"] == len(PHOTO)
    assert tus.send(address, len(PHOTO), b"").status_code == 204

    assert Image.objects.count() == 1


@pytest.mark.parametrize("offset", ["1", str(10**17)])
def test_another_offset_is_a_conflict(tus: TusClient, offset: str) -> None:
    address = tus.address(len(PHOTO))

    answer = tus.send(address, int(offset), PHOTO[:10])

    assert answer.status_code == 409
    assert answer.json()["code"] == "offset"
    assert tus.offset(address) == 0


@pytest.mark.parametrize("offset", ["", "-1", "1.5", "²", "1e3", "9" * 40, "ten"])
def test_an_offset_that_is_no_number_is_malformed(tus: TusClient, offset: str) -> None:
    address = tus.address(len(PHOTO))

    assert tus.ask("PATCH", address, b"x", Upload_Offset=offset).status_code == 400


def test_never_more_bytes_than_declared(tus: TusClient) -> None:
    address = tus.address(HALF)

    answer = tus.send(address, 0, PHOTO)

    assert (answer.status_code, answer.json()["code"]) == (413, "too_many_bytes")
    assert tus.offset(address) == 0
    assert Upload.objects.get().path.read_bytes() == b""


@pytest.mark.parametrize("algorithm", ["sha256", "sha1"])
def test_a_damaged_piece_is_told_by_its_checksum(tus: TusClient, algorithm: str) -> None:
    address = tus.address(len(PHOTO))

    wrong = tus.send(address, 0, PHOTO[:HALF], Upload_Checksum=checksum(b"other", algorithm))
    right = tus.send(address, 0, PHOTO[:HALF], Upload_Checksum=checksum(PHOTO[:HALF], algorithm))

    assert (wrong.status_code, wrong.json()["code"]) == (460, "checksum")
    assert (right.status_code, right["Upload-Offset"]) == (204, str(HALF))


@pytest.mark.parametrize("told", ["md5 AAAA", "sha256 not-base64", "sha256", ""])
def test_a_checksum_that_cannot_be_checked_is_malformed(tus: TusClient, told: str) -> None:
    address = tus.address(len(PHOTO))

    answer = tus.send(address, 0, PHOTO, Upload_Checksum=told)

    assert answer.status_code in (400, 460)
    assert tus.offset(address) == 0


@pytest.mark.parametrize("version", ["0.2.2", "", "2.0.0"])
def test_another_version_of_the_protocol_is_refused(tus: TusClient, version: str) -> None:
    answer = tus.ask("POST", FILES, Upload_Length="5", Tus_Resumable=version)

    assert (answer.status_code, answer["Tus-Version"]) == (412, "1.0.0")
    assert not Upload.objects.exists()


@pytest.mark.parametrize("length", ["", "-5", "x", "4.0", "9" * 30])
def test_a_length_that_is_no_number_is_malformed(tus: TusClient, length: str) -> None:
    assert tus.ask("POST", FILES, Upload_Length=length).status_code == 400
    assert tus.ask("POST", FILES).status_code == 400


def test_a_file_over_the_limit_is_not_begun(tus: TusClient, settings: Settings) -> None:
    settings.EYES_MAX_UPLOAD_BYTES = 1_000_000

    answer = tus.begin(1_500_000)

    assert answer.status_code == 413
    assert "The file has 1.5 MB; the limit is 1 MB." in answer.json()["message"]
    assert not Upload.objects.exists()


def test_an_empty_file_is_not_begun(tus: TusClient) -> None:
    answer = tus.begin(0)

    assert (answer.status_code, answer.json()["code"]) == (422, "empty")


@pytest.mark.parametrize(
    "told",
    [
        "filename !!!",
        f"filename {base64.b64encode(bytes([0xFF, 0xFE])).decode()}",
        f"filename {base64.b64encode(b'a' + bytes(1)).decode()}",
        "filename YQ==,filename YQ==",
        "title " + "A" * 20_000,
    ],
)
def test_metadata_that_cannot_be_read_is_malformed(tus: TusClient, told: str) -> None:
    answer = tus.ask("POST", FILES, Upload_Length="5", Upload_Metadata=told)

    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("visibility", "nobody"),
        ("licence", "mine"),
        ("teaches", "perhaps"),
        ("title", "x" * 201),
        ("album", "999999"),
        ("album", "x"),
        ("album", "9" * 30),
    ],
)
def test_an_impossible_wish_is_named(tus: TusClient, name: str, value: str) -> None:
    answer = tus.begin(5, **{name: value})

    assert answer.status_code == 422
    assert list(answer.json()["problems"]) == [name]
    assert not Upload.objects.exists()


def test_an_over_long_name_is_cut_and_keeps_its_ending(tus: TusClient) -> None:
    tus.begin(len(PHOTO), PHOTO, filename="../" + "ä" * 400 + ".jpeg")

    name = Image.objects.get().original_name
    assert len(name) == 255
    assert name.endswith("ä.jpeg")


def test_what_is_no_photo_is_said_so_again_and_again(tus: TusClient) -> None:
    address = tus.address(10, filename="diary.jpg")

    answers = [tus.send(address, 0, b"Dear diary"), tus.send(address, 10, b"")]
    answers.append(tus.client.get(address))  # type: ignore[arg-type]

    for answer in answers:
        assert answer.status_code == 422
        assert answer.json()["message"] == "This is a text file, not a photo."
        assert answer.json()["code"] == "text"
    assert list(uploads_directory().iterdir()) == []
    assert not Image.objects.exists()


def test_a_file_that_changed_meanwhile_is_not_stored(tus: TusClient) -> None:
    other = encode(draw_photo(2))
    address = tus.address(len(PHOTO), sha256=sha256(other))

    answer = tus.send(address, 0, PHOTO)

    assert (answer.status_code, answer.json()["code"]) == (422, "changed")
    assert "changed while it was uploaded" in answer.json()["message"]
    assert not Image.objects.exists()
    assert tus.begin(5, sha256="XYZ").status_code == 400


def test_two_tabs_uploading_one_file_make_one_photo(tus: TusClient) -> None:
    addresses = [tus.address(len(PHOTO), sha256=sha256(PHOTO)) for _ in range(2)]

    for address in addresses:
        assert tus.send(address, 0, PHOTO[:HALF]).status_code == 204
    for address in addresses:
        assert tus.send(address, HALF, PHOTO[HALF:]).status_code == 204

    pages = {tus.client.get(address).json()["url"] for address in addresses}
    assert pages == {Image.objects.get().get_absolute_url()}


def test_while_one_request_writes_another_is_turned_away(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))

    with held_file(Upload.objects.get().path):
        piece = tus.send(address, 0, PHOTO)
        ending = tus.ask("DELETE", address)

    assert (piece.status_code, piece.json()["code"]) == (423, "locked")
    assert ending.status_code == 423
    assert tus.send(address, 0, PHOTO).status_code == 204


def test_of_two_pieces_for_the_same_place_one_wins(alice: User) -> None:
    upload = open_upload(owner=alice, size=100, wishes=WISHES)
    stale = Upload.objects.get()
    append_piece(upload=upload, offset=0, piece=b"a" * 10)

    with pytest.raises(UploadRefused) as refusal:
        append_piece(upload=stale, offset=0, piece=b"b" * 10)

    assert refusal.value.status == 409
    assert upload.path.read_bytes() == b"a" * 10


def test_an_upload_can_be_given_up(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))
    tus.send(address, 0, PHOTO[:HALF])

    assert tus.ask("DELETE", address).status_code == 204

    assert not Upload.objects.exists()
    assert list(uploads_directory().iterdir()) == []
    for method in ("HEAD", "PATCH", "DELETE"):
        assert tus.ask(method, address, Upload_Offset="0").status_code == 404


def test_a_finished_upload_given_up_leaves_the_photo(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))
    tus.send(address, 0, PHOTO)

    assert tus.ask("DELETE", address).status_code == 204
    assert Image.objects.count() == 1


def test_somebody_elses_upload_does_not_exist(tus: TusClient, bob: User) -> None:
    address = tus.address(len(PHOTO))
    stranger = Client()
    stranger.force_login(bob)
    theirs = TusClient(stranger)

    for method in ("HEAD", "PATCH", "DELETE", "GET"):
        assert theirs.ask(method, address, Upload_Offset="0").status_code == 404
    assert theirs.ask("HEAD", f"{FILES}nonsense/").status_code == 404
    wishes = stranger.post(f"{address}wishes/", {"title": "Mine"}, "application/json")
    assert wishes.status_code == 404
    assert Upload.objects.count() == 1


def test_nobody_in_particular_uploads_nothing(client: Client, db: None) -> None:
    assert TusClient(client).begin(5).status_code == 401


def test_a_foreign_page_cannot_upload(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)

    assert TusClient(client).begin(len(PHOTO), PHOTO).status_code == 403
    asked = client.post("/upload/begin/", {"sha256": []}, "application/json")
    assert asked.status_code == 403

    client.get("/upload/")
    token = client.cookies["csrftoken"].value
    allowed = TusClient(client).ask(
        "POST", FILES, PHOTO, Upload_Length=str(len(PHOTO)), X_CSRFToken=token
    )
    assert allowed.status_code == 201


def test_a_program_uploads_in_pieces_with_its_token(alice: User) -> None:
    tus = TusClient(program_of(alice), "/api/v1/uploads/")
    address = tus.address(len(PHOTO))

    assert address.startswith("/api/v1/uploads/")
    assert tus.send(address, 0, PHOTO[:HALF]).status_code == 204
    assert tus.send(address, HALF, PHOTO[HALF:]).status_code == 204
    assert Image.objects.get().owner == alice


def test_a_client_without_patch_names_the_method_it_means(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))

    answer = tus.ask("POST", address, PHOTO, Upload_Offset="0", X_HTTP_Method_Override="PATCH")

    assert answer.status_code == 204
    assert Image.objects.count() == 1


def test_a_piece_of_another_type_is_refused(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))

    assert tus.send(address, 0, PHOTO, Content_Type="image/jpeg").status_code == 415


def test_a_person_has_only_so_much_under_way(
    tus: TusClient, bob: User, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setattr(uploads, "MOST_UNFINISHED", 2)
    open_upload(owner=bob, size=5, wishes=WISHES)
    tus.address(5)
    tus.address(5)

    refused = tus.begin(5)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_unfinished")
    assert "2 unfinished uploads" in refused.json()["message"]

    tus.client.post("/upload/forget/")
    assert not Upload.objects.filter(owner__username="alice").exists()
    monkeypatch.setattr(uploads, "MOST_LARGEST_FILES", 1)
    settings.EYES_MAX_UPLOAD_BYTES = 1000
    tus.address(600)
    assert tus.begin(600).status_code == 429


def test_an_expired_upload_is_gone_and_swept(tus: TusClient, alice: User) -> None:
    address = tus.address(len(PHOTO))
    kept = tus.address(len(PHOTO))
    old = Upload.objects.get(pk=address.split("/")[-2])
    Upload.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    orphan = uploads_directory() / "nobodys"
    orphan.write_bytes(b"x")
    os.utime(orphan, (time.time() - 2 * 86_400,) * 2)

    assert tus.ask("HEAD", address).status_code == 410
    assert tus.send(address, 0, PHOTO).status_code == 410
    assert forget_expired_uploads() == "2 unfinished uploads forgotten."

    assert tus.ask("HEAD", address).status_code == 404
    assert tus.offset(kept) == 0
    assert len(list(uploads_directory().iterdir())) == 1


def test_bytes_that_went_missing_end_the_upload(tus: TusClient) -> None:
    address = tus.address(len(PHOTO))
    Upload.objects.get().path.unlink()

    assert tus.send(address, 0, PHOTO).status_code == 410


def test_a_full_disk_keeps_what_was_there(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    from gallery.uploading.pieces import write_piece

    class FullDisk(io.BytesIO):
        def write(self, data: object) -> int:
            raise OSError(28, "No space left on device")

    file = FullDisk(b"abc")

    with pytest.raises(UploadRefused) as refusal:
        write_piece(file, 3, b"def")

    assert refusal.value.status == 507
    assert file.getvalue() == b"abc"


def test_wishes_change_while_a_photo_arrives_and_after(tus: TusClient) -> None:
    address = tus.address(len(PHOTO), title="First")

    def wish(**wishes: str) -> int:
        answer = tus.client.post(f"{address}wishes/", wishes, "application/json")
        return answer.status_code

    assert wish(title="Second", visibility="private", licence="by") == 204
    tus.send(address, 0, PHOTO)
    image = Image.objects.get()
    assert (image.title, image.visibility, image.licence) == ("Second", "private", "by")
    assert wish(title="Third", visibility="unlisted", alt="A grey heron") == 204
    image.refresh_from_db()
    assert (image.title, image.visibility, image.alt) == ("Third", "unlisted", "A grey heron")
    assert wish(title="x" * 201) == 422


def test_metadata_is_read_as_it_was_written() -> None:
    from gallery.uploading.headers import read_metadata

    assert read_metadata(metadata(title="Grün, 你好", alt="")) == {"title": "Grün, 你好", "alt": ""}
    assert read_metadata("is_confidential,filename YQ==") == {
        "is_confidential": "",
        "filename": "a",
    }


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_finish_one_photo(
    photo_bytes: Callable[[int], bytes], alice: User
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    data = photo_bytes(7)
    upload = open_upload(owner=alice, size=len(data), wishes=WISHES)

    def finish(_: int) -> int:
        try:
            append_piece(upload=Upload.objects.get(pk=upload.pk), offset=0, piece=data)
        except UploadRefused as refusal:
            return refusal.status
        finally:
            connection.close()
        return 204

    with ThreadPoolExecutor(4) as pool:
        statuses = sorted(pool.map(finish, range(4)))

    assert statuses[0] == 204
    assert set(statuses[1:]) <= {409, 410, 423}
    assert Image.objects.count() == 1
