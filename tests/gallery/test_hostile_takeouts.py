"""Takeouts that try to break the site from inside: numbers, texts and times that nothing keeps."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from gallery.models import Image, TakeoutImport, User
from gallery.services.takeout_import import bring_in, take_in
from gallery.takeout import reading, told
from gallery.takeout.reading import NoTakeout
from tests.gallery.cast import client_of
from tests.gallery.test_reading_takeouts import PHOTO, SHA256, make

pytestmark = pytest.mark.django_db

HALF = "half \ud800 of a letter"
RECORD = {"file": "photos/1.jpg", "sha256": SHA256, "visibility": "public"}


def brought_in(path: Path, person: User, **record: Any) -> Image:
    bring_in(path=make(path, {**RECORD, **record}), person=person)
    return Image.objects.get()


def test_halves_of_letters_are_left_out_of_every_text(alice: User, tmp_path: Path) -> None:
    image = brought_in(
        tmp_path / "1.zip",
        alice,
        title=HALF,
        original_name=HALF,
        exif={HALF: HALF},
        comments=[{"is_mine": True, "text": HALF, "written_at": "2024-01-01T00:00:00Z"}],
        tags=[{"tag": HALF, "my_vote": "yes"}],
    )

    assert image.title == "half  of a letter"
    assert image.exif == {"half  of a letter": "half  of a letter"}
    assert image.comments.get().text == "half  of a letter"


def test_searches_of_a_takeout_are_cleaned_as_well(alice: User, tmp_path: Path) -> None:
    searches = [{"name": HALF, "address": f"q={HALF}"}]

    bring_in(path=make(tmp_path / "1.zip", RECORD, searches=searches), person=alice)

    assert [search.name for search in alice.saved_searches.all()] == ["half  of a letter"]


@pytest.mark.parametrize("number", [10**400, -(10**400), 10**4000])
def test_numbers_that_no_float_holds_count_as_none(
    alice: User, tmp_path: Path, number: int
) -> None:
    image = brought_in(
        tmp_path / "1.zip", alice, latitude=number, exif={"iso": number, "lens": "XF"}
    )

    assert (image.latitude, image.exif) == (None, {"lens": "XF"})


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00",
        "1500-01-01T00:00:00Z",
    ],
)
def test_moments_beyond_the_calendar_count_as_none(
    alice: User, tmp_path: Path, moment: str
) -> None:
    comments = [{"is_mine": True, "text": "When?", "written_at": moment}]
    image = brought_in(
        tmp_path / "1.zip", alice, taken_at=moment, uploaded_at=moment, comments=comments
    )

    assert image.taken_at is None
    assert abs(image.created_at.year - 2025) < 100
    assert client_of(alice).get("/").status_code == 200
    assert client_of(alice).get("/search/?q=taken:1000..2100&sort=taken").status_code == 200


def test_no_photo_was_taken_in_the_future(alice: User, tmp_path: Path) -> None:
    image = brought_in(tmp_path / "1.zip", alice, taken_at="2999-01-01T00:00:00Z")

    assert image.taken_at is None


@pytest.mark.parametrize(
    "manifest",
    [
        {"version": HALF},
        {"files": {HALF: {"sha256": "0" * 64, "bytes": 1}}},
        {"files": {"a\x00b": {"sha256": "0" * 64, "bytes": 1}}},
    ],
)
def test_a_refusal_names_nothing_that_no_page_can_show(
    alice: User, tmp_path: Path, manifest: dict[str, Any]
) -> None:
    path = make(tmp_path / "1.zip", RECORD, manifest=manifest)
    file = SimpleUploadedFile("t.zip", path.read_bytes())

    answer = client_of(alice).post("/takeout/bring-in/", {"file": file})

    assert answer.status_code == 422
    assert not TakeoutImport.objects.exists()


def test_a_file_that_nobody_can_name_is_told_of_without_its_name(
    alice: User, tmp_path: Path
) -> None:
    report = bring_in(path=make(tmp_path / "1.zip", {**RECORD, "file": HALF}), person=alice)

    json.dumps(report.as_json()).encode().decode("unicode_escape").encode()
    assert report.numbers["refused"] == 1


def test_a_zip_of_a_version_that_nobody_reads_is_refused(alice: User, tmp_path: Path) -> None:
    path = make(tmp_path / "1.zip", RECORD)
    data = bytearray(path.read_bytes())
    central = data.index(b"PK\x01\x02")
    data[central + 6 : central + 8] = (99).to_bytes(2, "little")
    path.write_bytes(data)

    with pytest.raises(NoTakeout):
        take_in(person=alice, file=SimpleUploadedFile("t.zip", bytes(data)))


def test_a_manifest_may_not_be_far_larger_than_what_it_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make(tmp_path / "1.zip", RECORD, manifest={"more": [[] for _ in range(200_000)]})
    monkeypatch.setattr(json, "loads", lambda data: pytest.fail("It was parsed."))

    with zipfile.ZipFile(path) as opened, pytest.raises(NoTakeout):
        assert opened.getinfo("manifest.json").file_size > 500_000
        reading.TakeoutFile(path)


def test_texts_keep_what_is_a_letter() -> None:
    record = {"title": "Zürich 🐦‍⬛ \x00漢字", "when": "2024-05-01T12:00:00+02:00"}

    assert told.text(record, "title", 100) == "Zürich 🐦‍⬛ 漢字"
    assert str(told.moment(record, "when")) == "2024-05-01 10:00:00+00:00"
    assert PHOTO
