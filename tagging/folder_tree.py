"""Which files an import of a folder takes, and which it cannot. Pure: looks, never reads."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Skipped:
    """A file that does not come in: the given path joined with the relative one, and why."""

    file: str
    reason: str


@dataclass(frozen=True)
class FoundFile:
    """A regular file of the tree, named like in `Skipped`, with its size in bytes."""

    path: Path
    byte_size: int

    @property
    def folder_name(self) -> str:
        """Return the name of the file's own folder, also where it was given as `.` or `..`."""
        folder = self.path.parent
        return folder.resolve().name if folder.name in {"", ".."} else folder.name


@dataclass
class FolderTree:
    """Every file below a folder, sorted by path, so that every run sees the same order."""

    files: list[FoundFile] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)


def look_through(root: Path) -> FolderTree:
    """Return all files below `root`. Hidden files and folders are left out without a word.

    Links to files count as files. Links to folders are listed as skipped and never followed:
    they may lead back up, or take in photos that belong elsewhere. Unreadable folders and what
    is not a regular file (opening a pipe would wait for ever) are listed as well.
    """
    tree = FolderTree()
    _look_into(root, tree)
    return tree


def _look_into(folder: Path, tree: FolderTree) -> None:
    """Add what lies in this folder and below it."""
    try:
        with os.scandir(folder) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as problem:
        tree.skipped.append(Skipped(str(folder), f"The folder cannot be read: {_why(problem)}."))
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir(follow_symlinks=False):
            _look_into(folder / entry.name, tree)
        else:
            _look_at(folder / entry.name, tree)


def _look_at(path: Path, tree: FolderTree) -> None:
    """Add one entry that is no folder itself."""
    try:
        if path.is_dir():
            reason = "This is a link to a folder; such links are not followed."
        elif not path.exists():
            reason = "This link leads nowhere."
        elif not path.is_file():
            reason = "This is not a regular file."
        else:
            tree.files.append(FoundFile(path, path.stat().st_size))
            return
    except OSError as problem:
        reason = f"The file cannot be read: {_why(problem)}."
    tree.skipped.append(Skipped(str(path), reason))


def _why(problem: OSError) -> str:
    """Return the system's words without number and path."""
    return problem.strerror or type(problem).__name__
