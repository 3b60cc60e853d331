"""Three ways to lay a dataset out in files: a folder per tag, a table, and COCO."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tagging.names import numbered_slug, tag_slug
from training.learning.examples import ABSENT, PRESENT, SIGNS, TEST, TRAIN, VALIDATION

SIDES = (TRAIN, VALIDATION, TEST)
# File systems allow 255 bytes in a name, and letters of some scripts take four each.
_LONGEST_FOLDER = 200


@dataclass(frozen=True)
class ExportedPhoto:
    """One photo of an export: what is known of it, and where its only or first file lies.

    `answers` holds PRESENT, ABSENT or UNKNOWN in the order of the dataset's tags.
    """

    sha256: str
    source: Path
    owner: str
    credit: str
    side: str
    group: str
    answers: tuple[int, ...]
    width: int
    height: int

    def tags(self, answer: int, tags: tuple[str, ...]) -> list[str]:
        """Return the tags with this answer."""
        return [tag for tag, own in zip(tags, self.answers, strict=True) if own == answer]


Files = dict[str, list[str]]
"""By SHA-256 of the photo: the paths of its copies below the export's folder."""

Layout = Callable[
    [Path, tuple[ExportedPhoto, ...], tuple[str, ...], Callable[[int], object]], Files
]


def lay_out_folders(
    root: Path,
    photos: tuple[ExportedPhoto, ...],
    tags: tuple[str, ...],
    advance: Callable[[int], object],
) -> Files:
    """Write `<side>/<tag>/<sha256>.webp`, as `image_dataset_from_directory` and others read it.

    A photo with several tags lies in the folder of each, as a hard link where the disk has them.
    One that is only known not to show tags lies in none: folders cannot say so, the manifest can.
    """
    folders = folder_names(tags)
    files: Files = {}
    for photo in photos:
        names = photo.tags(PRESENT, tags)
        files[photo.sha256] = [f"{photo.side}/{folders[tag]}/{photo.sha256}.webp" for tag in names]
        for place, path in enumerate(files[photo.sha256]):
            first = files[photo.sha256][0]
            put_file(photo.source if place == 0 else root / first, root / path, link=place > 0)
        advance(1)
    return files


def lay_out_csv(
    root: Path,
    photos: tuple[ExportedPhoto, ...],
    tags: tuple[str, ...],
    advance: Callable[[int], object],
) -> Files:
    """Write `photos/<sha256>.webp` and `answers.csv`: a row per photo and tag, with + - or ?."""
    files = _copy_flat(root, "photos", photos, advance)
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(["file", "sha256", "split", "group", "owner", "tag", "answer"])
    for photo in photos:
        start = [*files[photo.sha256], photo.sha256, photo.side, photo.group, photo.owner]
        for tag, answer in zip(tags, photo.answers, strict=True):
            table.writerow([*start, tag, SIGNS[answer]])
    (root / "answers.csv").write_text(text.getvalue(), encoding="utf-8")
    return files


def lay_out_coco(
    root: Path,
    photos: tuple[ExportedPhoto, ...],
    tags: tuple[str, ...],
    advance: Callable[[int], object],
) -> Files:
    """Write `images/<sha256>.webp` and `annotations/<side>.json` in the form of COCO.

    COCO has no form for whole photos. Each present tag is an annotation without a box, and what is
    known to be absent stands in the photo's `neg_category_ids`, as in LVIS (Gupta et al. 2019),
    whose photos are not searched for every category either. The rest is unknown.
    """
    files = _copy_flat(root, "images", photos, advance)
    number_of = {photo.sha256: number for number, photo in enumerate(photos, start=1)}
    categories = {tag: number for number, tag in enumerate(tags, start=1)}
    for side in SIDES:
        own = [photo for photo in photos if photo.side == side]
        content = {
            "info": {"description": f"The {side} side; see manifest.json."},
            "licenses": [{"id": 1, "name": "not recorded, see LICENCES.txt", "url": ""}],
            "categories": [
                {"id": number, "name": tag, "supercategory": ""}
                for tag, number in categories.items()
            ],
            "images": [_coco_image(photo, number_of[photo.sha256], categories) for photo in own],
            "annotations": _coco_annotations(own, number_of, categories),
        }
        write_json(root / "annotations" / f"{side}.json", content)
    return files


LAYOUTS: Mapping[str, Layout] = {
    "folders": lay_out_folders,
    "csv": lay_out_csv,
    "coco": lay_out_coco,
}


def folder_names(tags: tuple[str, ...]) -> dict[str, str]:
    """Return a name for each tag's folder that every file system takes, no two alike."""
    taken: set[str] = set()
    names = {}
    for tag in tags:
        slug = tag_slug(tag)
        if len(slug.encode()) > _LONGEST_FOLDER:
            slug = hashlib.sha256(tag.encode()).hexdigest()[:16]
        names[tag] = numbered_slug(slug, taken)
        taken.add(names[tag])
    return names


def put_file(source: Path, target: Path, *, link: bool = False) -> None:
    """Copy a file's bytes to a new place, or link them there if that can be done."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if link:
        try:
            os.link(source, target)
        except OSError:  # no hard links on this disk, or too many of one file
            pass
        else:
            return
    shutil.copyfile(source, target)


def write_json(path: Path, content: object) -> None:
    """Write sorted, readable JSON: equal content gives equal bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


def _copy_flat(
    root: Path,
    folder: str,
    photos: tuple[ExportedPhoto, ...],
    advance: Callable[[int], object],
) -> Files:
    files: Files = {}
    for photo in photos:
        path = f"{folder}/{photo.sha256}.webp"
        put_file(photo.source, root / path)
        files[photo.sha256] = [path]
        advance(1)
    return files


def _coco_image(photo: ExportedPhoto, number: int, categories: Mapping[str, int]) -> dict[str, Any]:
    absent = photo.tags(ABSENT, tuple(categories))
    return {
        "id": number,
        "file_name": f"{photo.sha256}.webp",
        "width": photo.width,
        "height": photo.height,
        "license": 1,
        "owner": photo.owner,
        "neg_category_ids": [categories[tag] for tag in absent],
    }


def _coco_annotations(
    photos: list[ExportedPhoto], number_of: Mapping[str, int], categories: Mapping[str, int]
) -> list[dict[str, int]]:
    pairs = [
        (number_of[photo.sha256], categories[tag])
        for photo in photos
        for tag in photo.tags(PRESENT, tuple(categories))
    ]
    # A number that is the same for a pair in every export of the dataset, and unique in it.
    return [
        {"id": image * len(categories) + category, "image_id": image, "category_id": category}
        for image, category in pairs
    ]
