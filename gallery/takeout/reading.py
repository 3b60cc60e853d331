"""Reading a takeout that anybody may have made: nothing in it is believed before it is checked.

Files are never unpacked to their names. Sizes are bounded as declared and as they come, names may
lead nowhere, links are refused, and what the manifest does not vouch for is not read.
"""

from __future__ import annotations

import hashlib
import json
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any, Final, Self

from django.utils.translation import gettext as _

from gallery.takeout import FORMAT, MANIFEST, VERSION
from gallery.takeout.told import clean

MOST_FILES: Final = 400_000
LARGEST_MANIFEST: Final = 100_000_000
# What the manifest says of one file: its name, its size and its hash.
LARGEST_LINE: Final = 1000
LARGEST_JSON: Final = 20_000_000
# Beyond this a deflated file is made to burst; ours are not deflated at all.
MOST_RATIO: Final = 200
SMALL: Final = 1_000_000
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED: Final = 0x1


class NoTakeout(ValueError):
    """Raised for a file that is not brought in; the message names what is wrong with it."""


class DamagedFile(ValueError):
    """Raised for one file of a takeout that is not what the manifest says; the rest may be."""


class TakeoutFile:
    """An opened takeout whose names, sizes and manifest have been checked. A context manager."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, struct.error) as error:
            raise NoTakeout(_("This is no zip file, or a part of it is missing.")) from error
        try:
            self._entries = _checked_entries(self._zip, path.stat().st_size)
            self.manifest = self._read_manifest()
            self.files: dict[str, dict[str, Any]] = self.manifest["files"]
            self._check_presence()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def photo_records(self) -> list[str]:
        """Return the names of the files that tell of one photo each, in their order."""
        return sorted(
            name for name in self.files if name.startswith("photos/") and name.endswith(".json")
        )

    def read(self, name: str, most: int) -> bytes:
        """Return a file; raises DamagedFile where it is missing, larger than `most`, or another."""
        told, entry = self.files.get(name), self._entries.get(name)
        if told is None or entry is None:
            raise DamagedFile(_("%(name)s is missing.") % {"name": name})
        if entry.file_size > most:
            raise DamagedFile(_("%(name)s is too large.") % {"name": name})
        data = self._read_bounded(entry)
        if hashlib.sha256(data).hexdigest() != told["sha256"]:
            raise DamagedFile(
                _("%(name)s is not what it was when it was taken out.") % {"name": name}
            )
        return data

    def read_json(self, name: str) -> Any:
        """Return a file of JSON; raises DamagedFile where it cannot be read."""
        data = self.read(name, LARGEST_JSON)
        try:
            return json.loads(data)
        except (ValueError, RecursionError) as error:
            raise DamagedFile(_("%(name)s cannot be read.") % {"name": name}) from error

    def read_json_or(self, name: str, otherwise: Any) -> Any:
        """Return a file of JSON, or something else where the takeout has no such file or kind."""
        if name not in self.files:
            return otherwise
        value = self.read_json(name)
        return value if isinstance(value, type(otherwise)) else otherwise

    def avatar(self) -> str:
        """Return the name of the largest picture of the person, "" where there is none."""
        pictures = [name for name in self.files if name.startswith("avatar/")]
        return max(pictures, key=lambda name: int(self.files[name]["bytes"]), default="")

    def _read_bounded(self, entry: zipfile.ZipInfo) -> bytes:
        """Return the bytes of an entry, never more than it declares."""
        try:
            with self._zip.open(entry) as opened:
                data = opened.read(entry.file_size)
                if len(data) == entry.file_size and not opened.read(1):
                    return data
        except (zipfile.BadZipFile, OSError, EOFError, ValueError, RuntimeError) as error:
            raise DamagedFile(_("%(name)s is damaged.") % {"name": entry.filename}) from error
        raise DamagedFile(_("%(name)s is damaged.") % {"name": entry.filename})

    def _read_manifest(self) -> dict[str, Any]:
        entry = self._entries.get(MANIFEST)
        # A small zip whose manifest is all brackets would fill the memory.
        most = min(LARGEST_MANIFEST, SMALL // 2 + LARGEST_LINE * len(self._entries))
        if entry is None or entry.file_size > most:
            raise NoTakeout(_("This is no takeout: it has no manifest.json."))
        try:
            manifest = json.loads(self._read_bounded(entry))
        except (ValueError, RecursionError) as error:
            raise NoTakeout(_("This is no takeout: manifest.json cannot be read.")) from error
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise NoTakeout(_("This is no takeout of such a site: manifest.json says otherwise."))
        if manifest.get("version") != VERSION:
            raise NoTakeout(
                _("This takeout has format %(version)s; this site reads format %(known)s.")
                % {"version": clean(str(manifest.get("version"))[:20]), "known": VERSION}
            )
        if not _is_list_of_files(manifest.get("files")):
            raise NoTakeout(_("This is no takeout: manifest.json does not name its files."))
        return manifest

    def _check_presence(self) -> None:
        """Raise NoTakeout that names the first file that is missing or has another size."""
        for name, told in self.files.items():
            entry = self._entries.get(name)
            if entry is None:
                raise NoTakeout(
                    _("The takeout is not whole: %(name)s is missing.")
                    % {"name": clean(name)[:200]}
                )
            if entry.file_size != told["bytes"]:
                raise NoTakeout(
                    _("The takeout was changed: %(name)s has another size.") % {"name": name}
                )


def _checked_entries(opened: zipfile.ZipFile, byte_size: int) -> dict[str, zipfile.ZipInfo]:
    """Return the files of the zip by name; raise NoTakeout that names what is wrong with one."""
    infos = opened.infolist()
    if len(infos) > MOST_FILES:
        raise NoTakeout(_("This zip file holds too many files."))
    # Files that lie on top of each other are how a small zip becomes an endless one.
    if sum(info.compress_size for info in infos) > byte_size:
        raise NoTakeout(_("This zip file holds more than fits into it."))
    entries: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        problem = _problem_of(info)
        if problem or info.filename in entries:
            name = info.filename[:200]
            raise NoTakeout((problem or _("%(name)s is in this zip file twice.")) % {"name": name})
        entries[info.filename] = info
    return entries


def _problem_of(info: zipfile.ZipInfo) -> str:
    """Return what is wrong with an entry, with a place for its name; "" for nothing."""
    path = PurePosixPath(info.filename)
    leads_out = path.is_absolute() or ".." in path.parts or ":" in info.filename[:3]
    if leads_out or "\\" in info.filename or "\x00" in info.orig_filename:
        return _("%(name)s would lead out of its folder.")
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind and not (stat.S_ISREG(kind) or stat.S_ISDIR(kind)):
        return _("%(name)s is a link or a device, not a file.")
    if info.flag_bits & _ENCRYPTED:
        return _("%(name)s is encrypted.")
    if info.compress_type not in _METHODS:
        return _("%(name)s is packed in a way that is not read here.")
    if info.file_size > max(SMALL, info.compress_size * MOST_RATIO):
        return _("%(name)s would unpack to far more than it should.")
    return ""


def _is_list_of_files(value: object) -> bool:
    return isinstance(value, dict) and all(_is_file(told) for told in value.values())


def _is_file(told: object) -> bool:
    return (
        isinstance(told, dict)
        and isinstance(told.get("sha256"), str)
        and isinstance(told.get("bytes"), int)
        and not isinstance(told.get("bytes"), bool)
    )


def each_record(takeout: TakeoutFile) -> Iterator[tuple[str, Any]]:
    """Yield (name, record) of each photo, and (name, None) of those that cannot be read."""
    for name in takeout.photo_records:
        try:
            record = takeout.read_json(name)
        except DamagedFile:
            record = None
        yield name, record if isinstance(record, dict) else None
