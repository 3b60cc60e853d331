"""Takeouts that somebody made or changed by hand: refused by name, or made harmless."""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gallery.models import Album, Comment, Image, User
from gallery.services.takeout_import import bring_in
from gallery.takeout.reading import NoTakeout
from tests.conftest import draw_photo, encode

pytestmark = pytest.mark.django_db

PHOTO = encode(draw_photo(1))
SHA256 = hashlib.sha256(PHOTO).hexdigest()


def make(
    path: Path,
    record: object = None,
    *,
    files: dict[str, bytes] | None = None,
    manifest: dict[str, Any] | None = None,
    change: Callable[[zipfile.ZipFile], None] = lambda opened: None,
    **others: object,
) -> Path:
    """Write a takeout with one photo, changed as the test wants it."""
    record = {"file": "photos/1.jpg", "sha256": SHA256} if record is None else record
    content = {
        "photos/1.jpg": PHOTO,
        "photos/1.json": json.dumps(record).encode(),
        **{f"{name}.json": json.dumps(value).encode() for name, value in others.items()},
        **(files or {}),
    }
    told = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in content.items()
    }
    listed = {"format": "eyes-takeout", "version": 1, "files": told, **(manifest or {})}
    with zipfile.ZipFile(path, "w") as opened:
        for name, data in content.items():
            opened.writestr(name, data)
        opened.writestr("manifest.json", json.dumps(listed))
        change(opened)
    return path


def test_the_maker_of_this_file_makes_takeouts_that_come_in(alice: User, tmp_path: Path) -> None:
    report = bring_in(path=make(tmp_path / "t.zip"), person=alice)
    assert (report.numbers["photos"], report.problems) == (1, [])


def add(name: str, data: bytes = b"x", **attributes: object) -> Callable[[zipfile.ZipFile], None]:
    def change(opened: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        for attribute, value in attributes.items():
            setattr(info, attribute, value)
        opened.writestr(info, data)

    return change


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    ("leading out", {"change": add("../../etc/passwd")}, r"\.\./\.\./etc/passwd would lead out"),
    ("absolute", {"change": add("/etc/passwd")}, "/etc/passwd would lead out"),
    ("backslash", {"change": add("a\\..\\b")}, "would lead out"),
    ("drive", {"change": add("C:/x")}, "would lead out"),
    (
        "a link",
        {"change": add("photos/link", external_attr=(stat.S_IFLNK | 0o777) << 16)},
        "photos/link is a link",
    ),
    (
        "a bomb",
        {"change": add("bomb", bytes(30_000_000), compress_type=zipfile.ZIP_DEFLATED)},
        "bomb would unpack to far more",
    ),
    (
        "an odd method",
        {"change": add("odd", b"x" * 99, compress_type=zipfile.ZIP_BZIP2)},
        "odd is packed in a way",
    ),
    ("not ours", {"manifest": {"format": "photos-of-others"}}, "manifest.json says otherwise"),
    ("a later format", {"manifest": {"version": 2}}, "has format 2; this site reads format 1"),
    ("no list", {"manifest": {"files": ["a"]}}, "does not name its files"),
    ("odd sizes", {"manifest": {"files": {"a": {"sha256": 1, "bytes": "2"}}}}, "does not name"),
    (
        "missing",
        {"manifest": {"files": {"gone.json": {"sha256": "0", "bytes": 1}}}},
        "gone.json is missing",
    ),
    (
        "another size",
        {"manifest": {"files": {"photos/1.jpg": {"sha256": SHA256, "bytes": 7}}}},
        "photos/1.jpg has another size",
    ),
    (
        "other albums",
        {
            "albums": [],
            "manifest": {"files": {"albums.json": {"sha256": "0" * 64, "bytes": 2}}},
        },
        "albums.json is not what it was",
    ),
    ("no JSON", {"files": {"albums.json": b"[[[["}}, "albums.json cannot be read"),
]


@pytest.mark.parametrize(
    ("_what", "changes", "said"), REFUSED, ids=[what for what, _, _ in REFUSED]
)
def test_it_is_refused_by_name_with_nothing_written(
    alice: User, tmp_path: Path, _what: str, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(NoTakeout, match=said):
        bring_in(path=make(tmp_path / "t.zip", **changes), person=alice)
    assert not Image.with_trash.exists()
    assert not Album.objects.exists()


def test_no_manifest_no_takeout(alice: User, tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as opened:
        opened.writestr("photo.jpg", PHOTO)
    with pytest.raises(NoTakeout, match=r"no manifest\.json"):
        bring_in(path=path, person=alice)
    path.write_bytes(make(tmp_path / "whole.zip").read_bytes()[:-40])
    with pytest.raises(NoTakeout, match="a part of it is missing"):
        bring_in(path=path, person=alice)


def test_the_same_name_twice_is_refused(alice: User, tmp_path: Path) -> None:
    with (
        pytest.warns(UserWarning, match="Duplicate name"),
        pytest.raises(NoTakeout, match=r"photos/1\.jpg is in this zip file twice"),
    ):
        bring_in(path=make(tmp_path / "t.zip", change=add("photos/1.jpg")), person=alice)


def test_files_that_lie_on_top_of_each_other_are_refused(alice: User, tmp_path: Path) -> None:
    path = make(tmp_path / "t.zip", files={"big.json": json.dumps("x" * 3000).encode()})
    data = bytearray(path.read_bytes())
    # Each entry of the directory leads to the same bytes, as in a bomb that needs no recursion.
    at = data.find(b"PK\x01\x02")
    directory, end = bytes(data[at : data.find(b"PK\x05\x06")]), data[data.find(b"PK\x05\x06") :]
    entries = directory.split(b"PK\x01\x02")[1:]
    big = next(entry for entry in entries if b"big.json" in entry)
    many = [big.replace(b"big.json", f"big{n:05d}".encode()) for n in range(40)]
    fresh = b"".join(b"PK\x01\x02" + entry for entry in [*entries, *many])
    count = len(entries) + len(many)
    end[8:16] = struct.pack("<HHI", count, count, len(fresh))
    path.write_bytes(bytes(data[:at]) + fresh + bytes(end))
    with pytest.raises(NoTakeout, match="more than fits"):
        bring_in(path=path, person=alice)


def test_a_photo_that_was_exchanged_stays_out_and_the_rest_comes_in(
    alice: User, tmp_path: Path
) -> None:
    other = encode(draw_photo(2))
    files = {
        "photos/2.jpg": other,
        "photos/2.json": json.dumps(
            {"file": "photos/2.jpg", "sha256": hashlib.sha256(other).hexdigest()}
        ).encode(),
        "photos/3.json": b"[]",
        "photos/4.json": json.dumps({"file": "../x", "sha256": "0"}).encode(),
        "photos/5.txt": b"no photo",
        "photos/5.json": json.dumps({"file": "photos/5.txt", "sha256": "5"}).encode(),
    }
    path = make(tmp_path / "t.zip", files=files)
    data = path.read_bytes()
    broken = data.replace(PHOTO[-60:-40], bytes(20), 1)
    assert broken != data
    path.write_bytes(broken)

    report = bring_in(path=path, person=alice)

    assert report.numbers["photos"] == 1
    assert Image.objects.get().sha256 == hashlib.sha256(other).hexdigest()
    told = "\n".join(report.problems)
    assert "photos/1.jpg is damaged." in told
    assert "photos/3.json cannot be read." in told
    assert "../x is missing." in told
    assert "photos/5.json: " in told


def test_values_that_make_no_sense_are_left_out(alice: User, bob: User, tmp_path: Path) -> None:
    record = {
        "file": "photos/1.jpg",
        "sha256": SHA256,
        "title": "x" * 5000 + "\x00",
        "description": ["no"],
        "alt": "nul\x00nul",
        "visibility": "everywhere",
        "licence": 7,
        "teaches": "yes",
        "taken_at": "2025-02-31T00:00:00Z",
        "uploaded_at": "2999-01-01T00:00:00Z",
        "camera": {"a": 1},
        "exif": {"k\x00": "v\x00", "deep": {"a": [1]}, "nan": float("nan"), "n": 1.5},
        "latitude": 1e308,
        "longitude": True,
        "likes": 10**6,
        "owner": bob.pk,
        "hidden_since": None,
        "comments": [
            {"is_mine": True, "text": "mine", "written_at": "2999-01-01T00:00:00Z"},
            {"is_mine": True, "text": "no time"},
            {"is_mine": 1, "text": "no", "written_at": "2020-01-01T00:00:00Z"},
            {"is_mine": False, "author": "bob", "text": "forged", "written_at": "2020-01-01"},
            "nonsense",
        ],
        "tags": [
            {"tag": "heron\x00", "my_vote": "yes"},
            {"tag": "x" * 900, "my_vote": "yes"},
            {"tag": ["a"], "my_vote": "yes"},
            {"tag": "boat", "my_vote": "maybe", "state": "curated"},
            7,
        ],
    }
    path = make(
        tmp_path / "t.zip",
        record,
        albums=[{"title": "", "photos": [{"sha256": 7}, 3], "created_at": 1}, None],
        profile={"bio": 3, "offers_photos": "x", "is_staff": True, "is_superuser": True},
        notices=[{"kind": "x"}, {"kind": "like", "by_mail": "yes"}],
        searches=[{"name": 1}, {"name": "s\x00", "address": "q=1"}, 5],
    )

    report = bring_in(path=path, person=alice)

    image = Image.objects.get()
    assert image.owner == alice
    assert (len(image.title), image.description, image.alt) == (200, "", "nulnul")
    assert (image.visibility, image.licence, image.teaches) == ("private", "all-rights", False)
    assert (image.taken_at, image.camera, image.like_count) == (None, "", 0)
    assert image.exif == {"k": "v", "n": 1.5}
    assert (image.latitude, image.longitude) == (None, None)
    assert [comment.text for comment in Comment.objects.all()] == ["mine"]
    assert report.numbers["tags"] == 1
    assert report.numbers["tags_refused"] == 2
    alice.refresh_from_db()
    assert not (alice.is_staff or alice.is_superuser)


@pytest.mark.parametrize("name", ["profile", "albums", "notices", "searches", "votes"])
@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [[]], {"a": []}])
def test_files_of_another_shape_are_as_good_as_empty(
    alice: User, tmp_path: Path, name: str, value: object
) -> None:
    path = make(tmp_path / "t.zip", **{name: value})
    assert bring_in(path=path, person=alice).numbers["photos"] == 1
