"""A dataset leaves as files: only what may leave, nothing hidden in it, whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone
from PIL import Image as PillowImage

from gallery.models import Image, User
from gallery.services.images import store_image
from tests.conftest import draw_photo, encode
from training.export import layouts
from training.learning.examples import Examples, write_manifest
from training.models import DatasetVersion

pytestmark = pytest.mark.django_db

TAGS = ("golden heron", "lamp")
# Answers and side of photos 0 to 5.
PLAN = [
    ((1, -1), "train"),
    ((1, 1), "train"),
    ((-1, 1), "validation"),
    ((-1, 0), "test"),
    ((0, 1), "test"),
    ((1, 0), "test"),
]


def with_position(seed: int) -> bytes:
    """Return a JPEG file that says where it was taken."""
    exif = PillowImage.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010E] = "a secret place"
    return encode(draw_photo(seed), exif=exif)


@pytest.fixture
def photos(alice: User) -> list[Image]:
    """Six stored photos of Alice, in ascending order of SHA-256."""
    stored = [
        store_image(
            owner=alice, data=with_position(seed), name="a.jpg", visibility="public",
            teaches=True, announce=False,
        ).image
        for seed in range(6)
    ]  # fmt: skip
    return sorted(stored, key=lambda image: image.sha256)


@pytest.fixture
def dataset(photos: list[Image]) -> DatasetVersion:
    hashes = tuple(image.sha256 for image in photos)
    examples = Examples(
        photos=hashes,
        tags=TAGS,
        answers=np.array([answers for answers, _ in PLAN], dtype=np.int8),
        sides=tuple(side for _, side in PLAN),
        groups=(hashes[0], hashes[0], *hashes[2:]),
        contests=((0, 1),) * len(PLAN),
    )
    manifest = write_manifest(examples, unknown_weight=0.3)
    return DatasetVersion.objects.create(
        sha256=manifest.sha256, manifest=manifest.packed, photos=len(PLAN), tags=list(TAGS)
    )


def export(dataset: DatasetVersion, output: Path, file_format: str, *more: str) -> str:
    out = io.StringIO()
    call_command(
        "export_dataset", str(dataset.pk), "--format", file_format, "--output", str(output),
        *more, stdout=out, verbosity=0,
    )  # fmt: skip
    return out.getvalue()


def files_below(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def manifest_of(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / "manifest.json").read_text())
    return content


def test_folders_hold_each_photo_under_its_side_and_tags(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path
) -> None:
    assert "6 photos of dataset" in export(dataset, tmp_path / "out", "folders")
    names = [f"{image.sha256}.webp" for image in photos]
    assert set(files_below(tmp_path / "out")) == {
        f"train/golden-heron/{names[0]}",
        f"train/golden-heron/{names[1]}",
        f"train/lamp/{names[1]}",
        f"validation/lamp/{names[2]}",
        f"test/lamp/{names[4]}",
        f"test/golden-heron/{names[5]}",
        "manifest.json",
        "LICENCES.txt",
        "SHA256SUMS",
    }
    told = manifest_of(tmp_path / "out")
    assert told["folders"] == {"golden heron": "golden-heron", "lamp": "lamp"}
    assert told["in_no_folder"] == 1


@pytest.mark.parametrize("file_format", sorted(layouts.LAYOUTS))
def test_the_manifest_tells_everything_and_every_file_has_its_hash(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path, file_format: str
) -> None:
    export(dataset, tmp_path / "out", file_format)
    told = manifest_of(tmp_path / "out")
    assert told["dataset"] == dataset.pk
    assert told["dataset_sha256"] == dataset.sha256
    assert told["eyes"][0].isdigit()
    assert told["tags"] == [
        {"name": "golden heron", "present": 3, "absent": 2},
        {"name": "lamp", "present": 3, "absent": 1},
    ]
    assert told["splits"] == {"train": 2, "validation": 1, "test": 3}
    assert [each["answers"] for each in told["photos"]] == ["+-", "++", "-+", "-?", "?+", "+?"]
    assert {each["owner"] for each in told["photos"]} == {"alice"}
    assert "No licence is recorded" in (tmp_path / "out" / "LICENCES.txt").read_text()
    files = files_below(tmp_path / "out")
    sums = files.pop("SHA256SUMS").decode().splitlines()
    assert sums == [
        f"{hashlib.sha256(data).hexdigest()}  {name}" for name, data in sorted(files.items())
    ]


@pytest.mark.parametrize("file_format", sorted(layouts.LAYOUTS))
def test_exporting_twice_gives_the_same_bytes(
    dataset: DatasetVersion, tmp_path: Path, file_format: str
) -> None:
    for name in ("one", "two"):
        export(dataset, tmp_path / name, file_format)
    assert files_below(tmp_path / "one") == files_below(tmp_path / "two")


@pytest.mark.parametrize("file_format", sorted(layouts.LAYOUTS))
def test_no_file_says_where_a_photo_was_taken(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path, file_format: str
) -> None:
    assert b"a secret place" in photos[0].original_path.read_bytes()
    export(dataset, tmp_path / "out", file_format)
    pictures = list((tmp_path / "out").rglob("*.webp"))
    assert pictures
    for path in pictures:
        assert b"a secret place" not in path.read_bytes()
        with PillowImage.open(path) as opened:
            assert not opened.getexif()
            assert {"exif", "xmp", "icc_profile"}.isdisjoint(opened.info)


def test_the_table_has_a_row_for_every_photo_and_tag(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path
) -> None:
    export(dataset, tmp_path / "out", "csv")
    rows = list(csv.DictReader((tmp_path / "out" / "answers.csv").open(newline="")))
    assert len(rows) == 12
    assert rows[3] == {
        "file": f"photos/{photos[1].sha256}.webp",
        "sha256": photos[1].sha256,
        "split": "train",
        "group": photos[0].sha256,
        "owner": "alice",
        "tag": "lamp",
        "answer": "+",
    }
    assert {row["answer"] for row in rows} == {"+", "-", "?"}
    assert all((tmp_path / "out" / row["file"]).is_file() for row in rows)


def test_coco_lists_what_is_there_and_what_is_known_not_to_be(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path
) -> None:
    export(dataset, tmp_path / "out", "coco")
    told = json.loads((tmp_path / "out" / "annotations" / "train.json").read_text())
    categories = {each["name"]: each["id"] for each in told["categories"]}
    assert set(categories) == set(TAGS)
    first, second = told["images"]
    assert first["file_name"] == f"{photos[0].sha256}.webp"
    assert (first["width"], first["height"]) == (96, 64)
    assert first["neg_category_ids"] == [categories["lamp"]]
    pairs = {(each["image_id"], each["category_id"]) for each in told["annotations"]}
    assert pairs == {
        (first["id"], categories["golden heron"]),
        (second["id"], categories["golden heron"]),
        (second["id"], categories["lamp"]),
    }
    every = [
        each["id"]
        for side in ("train", "validation", "test")
        for each in json.loads((tmp_path / "out" / "annotations" / f"{side}.json").read_text())[
            "annotations"
        ]
    ]
    assert len(every) == len(set(every)) == 6
    assert (tmp_path / "out" / "images" / first["file_name"]).is_file()


def test_what_may_not_leave_stays_and_is_counted(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path
) -> None:
    private, withdrawn, hidden, deleted = photos[:4]
    Image.objects.filter(pk=private.pk).update(visibility="private")
    Image.objects.filter(pk=withdrawn.pk).update(teaches=False)
    Image.objects.filter(pk=hidden.pk).update(hidden_at=timezone.now())
    deleted.delete()
    told = export(dataset, tmp_path / "out", "csv")
    assert "2 photos of dataset" in told
    left_out = {
        "deleted since": 1,
        "hidden by moderators": 1,
        "no longer offered for teaching": 1,
        "private": 1,
    }
    for reason, count in left_out.items():
        assert f"{count} {reason}" in told
    assert manifest_of(tmp_path / "out")["left_out"] == left_out
    every = b"".join(files_below(tmp_path / "out").values())
    for image in photos[:4]:
        assert image.sha256.encode() not in every


def test_private_photos_leave_only_when_that_is_asked_for(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path
) -> None:
    Image.objects.update(visibility="private")
    Image.objects.filter(pk=photos[0].pk).update(hidden_at=timezone.now())
    told = export(dataset, tmp_path / "out", "csv", "--include-private")
    assert "5 photos" in told
    assert photos[0].sha256 not in (tmp_path / "out" / "answers.csv").read_text()


def test_bytes_that_moderators_hid_anywhere_stay(
    dataset: DatasetVersion, photos: list[Image], bob: User, tmp_path: Path
) -> None:
    data = photos[0].original_path.read_bytes()
    copy = store_image(
        owner=bob, data=data, name="b.jpg", visibility="public", teaches=True, announce=False
    ).image
    Image.objects.filter(pk=copy.pk).update(hidden_at=timezone.now())
    assert "1 hidden by moderators" in export(dataset, tmp_path / "out", "csv")


def test_a_photo_whose_file_is_gone_is_left_out_and_stops_nothing(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path
) -> None:
    photos[2].rendition_path(96).write_bytes(b"no photo")
    assert "1 its file cannot be read" in export(dataset, tmp_path / "out", "csv")


def test_when_nothing_may_leave_nothing_is_written(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path
) -> None:
    Image.objects.update(visibility="private")
    with pytest.raises(CommandError, match=r"No photo of dataset .* 6 private") as told:
        export(dataset, tmp_path / "out", "csv")
    assert told.value.returncode == 1
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_is_filled_and_a_full_one_is_refused(
    dataset: DatasetVersion, tmp_path: Path
) -> None:
    output = tmp_path / "out"
    output.mkdir()
    export(dataset, output, "csv")
    before = files_below(output)
    with pytest.raises(CommandError, match="is not empty") as told:
        export(dataset, output, "csv")
    assert told.value.returncode == 2
    assert files_below(output) == before


@pytest.mark.parametrize(
    ("place", "problem"), [("file", "is not a folder"), ("no/where", "There is no folder")]
)
def test_a_place_that_cannot_be_written_is_told_before_any_work(
    dataset: DatasetVersion, tmp_path: Path, place: str, problem: str
) -> None:
    (tmp_path / "file").write_text("here before")
    with pytest.raises(CommandError, match=problem) as told:
        export(dataset, tmp_path / place, "csv")
    assert told.value.returncode == 2
    assert (tmp_path / "file").read_text() == "here before"


def test_a_dataset_that_is_not_there_is_told_with_those_that_are(
    dataset: DatasetVersion, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match=f"The newest are {dataset.pk}") as told:
        call_command("export_dataset", "999", "--format", "csv", "--output", str(tmp_path / "out"))
    assert told.value.returncode == 4


def test_a_format_nobody_knows_is_refused(dataset: DatasetVersion, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="invalid choice: 'yolo'"):
        export(dataset, tmp_path / "out", "yolo")


def test_a_full_disk_leaves_nothing_behind(
    dataset: DatasetVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, count = layouts.put_file, 0

    def put_three(source: Path, target: Path, **options: bool) -> None:
        nonlocal count
        count += 1
        if count > 3:
            raise OSError(28, "No space left on device")
        real(source, target, **options)

    monkeypatch.setattr(layouts, "put_file", put_three)
    (tmp_path / "here").mkdir()
    with pytest.raises(CommandError, match=r"nothing of it was kept.*No space left"):
        export(dataset, tmp_path / "here" / "out", "csv")
    assert list((tmp_path / "here").iterdir()) == []


def test_a_disk_without_hard_links_gets_copies(
    dataset: DatasetVersion, photos: list[Image], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(dataset, tmp_path / "linked", "folders")
    twice = f"train/lamp/{photos[1].sha256}.webp"
    assert (tmp_path / "linked" / twice).stat().st_nlink == 2

    def refuse(*_: object) -> None:
        raise OSError("not here")

    monkeypatch.setattr(layouts.os, "link", refuse)
    export(dataset, tmp_path / "copied", "folders")
    assert (tmp_path / "copied" / twice).stat().st_nlink == 1
    assert files_below(tmp_path / "linked") == files_below(tmp_path / "copied")


def test_a_damaged_dataset_is_told(dataset: DatasetVersion, tmp_path: Path) -> None:
    DatasetVersion.objects.update(manifest=b"no")
    with pytest.raises(CommandError, match="manifest is damaged"):
        export(dataset, tmp_path / "out", "csv")


def test_folder_names_are_distinct_and_fit_every_file_system() -> None:
    tags = ("a/b", "a b", "𐍈" * 64, "🦀", "..")
    names = layouts.folder_names(tags)
    assert len(set(names.values())) == len(tags)
    assert names["a/b"] == "a-b"
    assert names["a b"] == "a-b-2"
    assert all(len(name.encode()) <= 255 and "/" not in name for name in names.values())
    assert not {".", ".."} & set(names.values())
