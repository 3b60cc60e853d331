"""Where the files of a photo lie, and how they appear and vanish as a whole."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID, uuid4

from django.conf import settings

# A folder that a killed process left behind is surely nobody's after this many seconds.
ABANDONED_AFTER = 3600


def incoming_directory() -> Path:
    """Return where files are written before they belong to a photo; nothing there is served."""
    return Path(settings.MEDIA_ROOT) / "incoming"


def uploads_directory() -> Path:
    """Return where files that arrive in pieces grow; nothing there is served."""
    return Path(settings.MEDIA_ROOT) / "uploads"


def transfers_directory() -> Path:
    """Return where takeouts lie, served to their owners alone."""
    return Path(settings.MEDIA_ROOT) / "transfers"


def avatar_directory(folder: UUID) -> Path:
    """Return where the pictures of a person lie, in their sizes."""
    return Path(settings.MEDIA_ROOT) / "avatars" / folder.hex[:2] / folder.hex


@contextmanager
def written_files(files: Mapping[str, bytes]) -> Iterator[Path]:
    """Write the files into a fresh folder and yield it; remove what is still there at the end.

    The caller moves the folder to its place with `place_directory`, or leaves it to vanish.
    """
    sweep_abandoned()
    directory = incoming_directory() / uuid4().hex
    directory.mkdir(parents=True)
    try:
        for name, data in files.items():
            (directory / name).write_bytes(data)
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def place_directory(written: Path, destination: Path) -> None:
    """Move a written folder to its place in one step: it is there whole or not at all."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    os.replace(written, destination)  # noqa: PTH105 - the name says that it is atomic


def remove_directory(directory: Path) -> None:
    """Remove a photo's folder; one that is gone already is no error.

    Of a link to a folder that photos of a sample library share, only the link goes.
    """
    if directory.is_symlink():
        directory.unlink(missing_ok=True)
    else:
        shutil.rmtree(directory, ignore_errors=True)


def sweep_abandoned() -> None:
    """Remove what processes that were killed while writing left behind, once it is old."""
    try:
        leftovers = list(incoming_directory().iterdir())
    except FileNotFoundError:
        return
    for leftover in leftovers:
        try:
            age = time.time() - leftover.stat().st_mtime
        except FileNotFoundError:
            continue
        if age > ABANDONED_AFTER:
            shutil.rmtree(leftover, ignore_errors=True)
