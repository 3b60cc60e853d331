"""The folder of a published version: written once as a whole, checked before every load."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from uuid import uuid4

HEAD = "head.npz"
LABELS = "labels.json"
THRESHOLDS = "thresholds.json"
METRICS = "metrics.json"
DATASET = "dataset.json.gz"
GOLDEN = "golden.npz"
CARD = "card.md"
MANIFEST = "manifest.json"

UNFINISHED = ".unfinished"
REMOVED = ".removed"


class DamagedVersion(Exception):
    """Raised when the files of a version are not those that were published."""


def publish_files(store: Path, number: int, files: dict[str, bytes]) -> str:
    """Write `store/<number>/` with these files and a manifest; return the manifest's SHA-256.

    The folder appears under its name only when every byte is on the disk: until then it has
    another name, and whatever goes wrong (a full disk, a kill) leaves no version behind. Raises
    FileExistsError when the number is taken, since a published version never changes, and
    OSError when the disk refuses.
    """
    manifest = manifest_of(files)
    target = store / str(number)
    if target.exists():
        raise FileExistsError(f"{target} is already published.")
    store.mkdir(parents=True, exist_ok=True)
    _remove_unfinished(store, number)
    folder = store / f".{number}-{uuid4().hex}{UNFINISHED}"
    try:
        folder.mkdir()
        for name, data in {**files, MANIFEST: manifest}.items():
            _write_through(folder / name, data)
        _sync_folder(folder)
        # Renaming onto a folder that holds files fails: of two publishers one wins whole.
        folder.rename(target)
        _sync_folder(store)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    return hashlib.sha256(manifest).hexdigest()


def manifest_of(files: dict[str, bytes]) -> bytes:
    """Return the sorted {file: SHA-256} as JSON; raise ValueError for a name with a folder."""
    for name in files:
        if not _is_plain_name(name) or name == MANIFEST:
            raise ValueError(f"{name!r} cannot be the name of a file of a version.")
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    return (json.dumps(hashes, sort_keys=True, indent=1) + "\n").encode()


def verify_files(directory: Path, sha256: str) -> None:
    """Return when every file is the published one; raise DamagedVersion that names the first.

    `sha256` is what `publish_files` returned and the database keeps, so that nobody can change a
    file and its manifest together.
    """
    read_verified(directory, sha256, ())


def read_verified(directory: Path, sha256: str, names: Collection[str]) -> dict[str, bytes]:
    """Return the bytes of these files after checking all files of the version.

    What is returned is what was hashed, so a change between check and load has no chance.
    Raises DamagedVersion when a file is missing, changed or unreadable.
    """
    manifest = _read(directory / MANIFEST)
    if hashlib.sha256(manifest).hexdigest() != sha256:
        raise DamagedVersion(f"{MANIFEST} is not the one that was published.")
    kept: dict[str, bytes] = {}
    for name, expected in json.loads(manifest).items():
        data = _read(directory / name)
        if hashlib.sha256(data).hexdigest() != expected:
            raise DamagedVersion(f"{name} was changed after it was published.")
        if name in names:
            kept[name] = data
    missing = sorted(set(names) - set(kept))
    if missing:
        raise DamagedVersion(f"{', '.join(missing)} was never published with this version.")
    return kept


def remove_files(store: Path, number: int) -> bool:
    """Remove `store/<number>/` whole; return whether there was such a folder.

    It loses its name first and its bytes then, so that nobody ever meets half a version; what a
    kill in between leaves is thrown away by the next call for whatever number. Raises OSError
    when the disk refuses the renaming.
    """
    folder = store / str(number)
    is_there = folder.is_dir()
    if is_there:
        folder.rename(store / f".{number}-{uuid4().hex}{REMOVED}")
        _sync_folder(store)
    for left in store.glob(f".*{REMOVED}"):
        shutil.rmtree(left, ignore_errors=True)
    return is_there


def published_numbers(store: Path) -> set[int]:
    """Return the numbers that have a folder, also of versions whose row never came to be."""
    if not store.is_dir():
        return set()
    return {int(path.name) for path in store.iterdir() if path.name.isdecimal()}


def _is_plain_name(name: str) -> bool:
    return name == Path(name).name and not name.startswith(".")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise DamagedVersion(f"{path.name} is missing.") from None
    except OSError as error:
        raise DamagedVersion(f"{path.name} cannot be read: {error.strerror}.") from error


def _write_through(path: Path, data: bytes) -> None:
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Make the names inside a folder durable, as fsync of a file does for its bytes."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove_unfinished(store: Path, number: int) -> None:
    """Throw away what a killed attempt at the same number left; one run at a time publishes."""
    for folder in store.glob(f".{number}-*{UNFINISHED}"):
        shutil.rmtree(folder, ignore_errors=True)
