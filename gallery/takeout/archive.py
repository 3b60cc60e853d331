"""Writing the zip: stored, streamed, with a hash of every file."""

from __future__ import annotations

import hashlib
import json
import unicodedata
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

from gallery.takeout import FORMAT, MANIFEST, VERSION

_PIECE: Final = 1 << 20
_LONGEST_STEM: Final = 80
# What some file system forbids in names.
_FORBIDDEN: Final = frozenset('<>:"/\\|?*')


class Archive:
    """A zip file that grows. Photos are stored as they are: they are compressed already.

    `files` tells size and SHA-256 of everything that is in it; `close` writes that down last.
    """

    def __init__(self, path: Path) -> None:
        self._zip = zipfile.ZipFile(path, "w", zipfile.ZIP_STORED, allowZip64=True)
        self.files: dict[str, dict[str, Any]] = {}

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a file with these bytes."""
        self._zip.writestr(name, data)
        self._note(name, hashlib.sha256(data).hexdigest(), len(data))

    def add_json(self, name: str, value: object) -> None:
        """Add a file of readable JSON."""
        text = json.dumps(value, default=_as_text, ensure_ascii=False, indent=1)
        self.add_bytes(name, text.encode())

    def add_file(self, name: str, source: Path) -> None:
        """Add a file from the disk, a piece at a time; raises FileNotFoundError."""
        digest, size = hashlib.sha256(), 0
        with source.open("rb") as opened, self._zip.open(name, "w", force_zip64=True) as target:
            for piece in iter(lambda: opened.read(_PIECE), b""):
                digest.update(piece)
                size += len(piece)
                target.write(piece)
        self._note(name, digest.hexdigest(), size)

    def close(self, *, site: str, person: str, made_at: datetime) -> None:
        """Write the manifest and the directory of the zip."""
        manifest = {
            "format": FORMAT,
            "version": VERSION,
            "site": site,
            "person": person,
            "made_at": made_at.isoformat(),
            "files": self.files,
        }
        self._zip.writestr(MANIFEST, json.dumps(manifest, ensure_ascii=False, indent=1))
        self._zip.close()

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        try:
            self._zip.close()
        except OSError:  # the disk is full: nothing of it is kept anyway
            return

    def _note(self, name: str, sha256: str, size: int) -> None:
        self.files[name] = {"sha256": sha256, "bytes": size}


def _as_text(value: object) -> str:
    """Return a time to the microsecond, by which albums and comments are known again."""
    return value.isoformat() if isinstance(value, date) else str(value)


def readable_names(stems: Iterator[tuple[str, str]]) -> Iterator[str]:
    """Yield a path without ending for each (words, fallback): numbered, so that none comes twice.

    Letters of any script stay; what some file system forbids becomes a dash.
    """
    for number, (words, fallback) in enumerate(stems, start=1):
        stem = safe_stem(words) or safe_stem(fallback) or "photo"
        yield f"photos/{number:05d} {stem}"


def safe_stem(words: str) -> str:
    """Return words as a file name that every system can write, without an ending."""
    kept = "".join(
        "-" if character in _FORBIDDEN else character
        for character in unicodedata.normalize("NFC", words)
        if unicodedata.category(character)[0] != "C"
    )
    return kept.strip(" .")[:_LONGEST_STEM].strip(" .")
