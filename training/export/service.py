"""Exporting a dataset version: chosen, laid out, described, and there as a whole or not at all."""

from __future__ import annotations

import hashlib
import os
import shutil
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from PIL import Image as PillowImage

from training.export.choosing import Choice, Leaving, choose_photos
from training.export.layouts import LAYOUTS, SIDES, ExportedPhoto, Files, folder_names, write_json
from training.learning.examples import ABSENT, PRESENT, SIGNS, Examples, read_manifest
from training.models import DatasetVersion
from training.one_moment import seeing_one_moment

UNREADABLE = "its file cannot be read"
MANIFEST, LICENCES, SUMS = "manifest.json", "LICENCES.txt", "SHA256SUMS"

_LICENCES = """\
No licence is recorded for any of these photos: this site has no field for one.

What is known of each photo is its owner's name (`owner` in manifest.json) and, for the sample
photos that come with the site, the credit of their source (`credit`). Their owners offered them
for teaching the network of this site. That is no permission to publish them, to hand them on, or
to use them for anything else: whoever wants that asks the owners.
"""


class NothingToExport(Exception):
    """Raised when no photo of the dataset may leave; the message says why."""


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how many photos were left out for each reason."""

    photos: int
    files: int
    left_out: dict[str, int]


def export_dataset(
    *,
    dataset: DatasetVersion,
    file_format: str,
    output: Path,
    include_private: bool = False,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> ExportReport:
    """Write the dataset below `output`, a new or empty folder, and return what became of it.

    `file_format` is a key of LAYOUTS. Everything is written under another name beside it and
    renamed at the end. The same dataset with the same photos gives the same bytes. `progress` is
    called with how many photos are done, and of how many. Raises NothingToExport, ValueError for
    a damaged dataset, and OSError when the disk refuses.
    """
    examples = read_manifest(bytes(dataset.manifest))
    with seeing_one_moment():
        choice = choose_photos(examples, include_private=include_private)
    photos, left_out = _open_photos(examples, choice)
    if not photos:
        raise NothingToExport(
            f"No photo of dataset {dataset.pk} may leave: {describe_left_out(left_out)}."
        )
    done = 0

    def advance(count: int) -> None:
        nonlocal done
        done += count
        progress(done, len(photos))

    with _written_as_a_whole(output) as folder:
        files = LAYOUTS[file_format](folder, photos, examples.tags, advance)
        (folder / LICENCES).write_text(_LICENCES, encoding="utf-8")
        description = _describe(dataset, file_format, examples, photos, files, left_out)
        write_json(folder / MANIFEST, description)
        written = _write_sums(folder)
    return ExportReport(len(photos), written, left_out)


def describe_left_out(left_out: dict[str, int]) -> str:
    """Return for example “3 hidden by moderators, 12 private”."""
    return ", ".join(f"{count} {reason}" for reason, count in left_out.items())


def _open_photos(
    examples: Examples, choice: Choice
) -> tuple[tuple[ExportedPhoto, ...], dict[str, int]]:
    """Return the photos whose files can be read, and the counts of all others."""
    photos = []
    left_out = Counter(choice.left_out)
    # A group is named after a photo that leaves as well, never after one that stays.
    group_of: dict[str, str] = {}
    for leaving in choice.photos:
        try:
            with PillowImage.open(leaving.source) as opened:
                width, height = opened.size
        except OSError:
            left_out[UNREADABLE] += 1
        else:
            group = group_of.setdefault(examples.groups[leaving.row], leaving.sha256)
            photos.append(_exported(examples, leaving, group, (width, height)))
    return tuple(photos), dict(sorted(left_out.items()))


def _exported(
    examples: Examples, leaving: Leaving, group: str, size: tuple[int, int]
) -> ExportedPhoto:
    return ExportedPhoto(
        sha256=leaving.sha256,
        source=leaving.source,
        owner=leaving.owner,
        credit=leaving.credit,
        side=examples.sides[leaving.row],
        group=group,
        answers=tuple(examples.answers[leaving.row].tolist()),
        width=size[0],
        height=size[1],
    )


def _describe(
    dataset: DatasetVersion,
    file_format: str,
    examples: Examples,
    photos: tuple[ExportedPhoto, ...],
    files: Files,
    left_out: dict[str, int],
) -> dict[str, Any]:
    """Return what manifest.json says. No times: exporting twice gives the same bytes."""
    in_no_folder = sum(not paths for paths in files.values())
    description: dict[str, Any] = {
        "eyes": eyes_version(),
        "dataset": dataset.pk,
        "dataset_sha256": dataset.sha256,
        "format": file_format,
        "answers": "one sign per tag in the order of tags: + present, - absent, ? unknown",
        "tags": [
            {
                "name": tag,
                "present": sum(photo.answers[column] == PRESENT for photo in photos),
                "absent": sum(photo.answers[column] == ABSENT for photo in photos),
            }
            for column, tag in enumerate(examples.tags)
        ],
        "splits": {side: sum(photo.side == side for photo in photos) for side in SIDES},
        "photos_in_dataset": len(examples.photos),
        "left_out": left_out,
        "photos": [_describe_photo(photo, files[photo.sha256]) for photo in photos],
    }
    if file_format == "folders":
        description["folders"] = folder_names(examples.tags)
        description["in_no_folder"] = in_no_folder
    return description


def _describe_photo(photo: ExportedPhoto, files: list[str]) -> dict[str, Any]:
    told = {
        "sha256": photo.sha256,
        "files": files,
        "width": photo.width,
        "height": photo.height,
        "split": photo.side,
        "group": photo.group,
        "answers": "".join(SIGNS[answer] for answer in photo.answers),
        "owner": photo.owner,
    }
    return {**told, "credit": photo.credit} if photo.credit else told


def _write_sums(folder: Path) -> int:
    """Write the SHA-256 of every file, as `sha256sum --check` reads it; return how many."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [f"{_sha256_of(path)}  {path.relative_to(folder).as_posix()}\n" for path in paths]
    (folder / SUMS).write_text("".join(lines), encoding="utf-8")
    return len(paths) + 1


def _sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def _written_as_a_whole(output: Path) -> Iterator[Path]:
    """Give a folder to write into that takes the name of `output` at the end, or vanishes."""
    target = output.absolute()
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.unfinished")
    unfinished.mkdir()
    try:
        yield unfinished
        unfinished.replace(target)  # onto an empty folder as well
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def eyes_version() -> str:
    """Return the version of the project, as pyproject.toml names it."""
    text = (Path(settings.BASE_DIR) / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])
