"""Make sure that a backbone can be opened: export it once, in a process of its own."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tagging.backbones.cards import BackboneCard, get_card
from tagging.backbones.prepared import read_source, source_facts
from tagging.backbones.refusals import refusal_in
from tagging.backbones.weights import BackboneUnavailable, backbones_folder, read_record

__all__ = [
    "BackboneUnavailable",
    "ExportFailed",
    "backbone_locked",
    "is_prepared",
    "move_into_place",
    "prepare_backbone",
    "prepared_folder",
]

_PROJECT_ROOT = Path(__file__).resolve().parents[2]
# An export takes 10 to 60 seconds on two cores; a much longer one hangs.
_EXPORT_SECONDS = 900


class ExportFailed(BackboneUnavailable):
    """Raised when the weights are there but the export process failed; carries its last words."""


def prepared_folder(key: str, store: Path) -> Path:
    """Return where the prepared backbone lies, whether or not it is there."""
    return backbones_folder(store) / key


def is_prepared(key: str, store: Path) -> bool:
    """Return whether the prepared folder is the one of today's weights; no file is hashed.

    Raises UnknownBackbone, and BackboneUnavailable when there are no weights.
    """
    return _is_current(get_card(key), store, prepared_folder(key, store))


def prepare_backbone(key: str, store: Path, *, again: bool = False) -> Path:
    """Return the folder of the prepared backbone, exporting it first where that is needed.

    Quick (reads two small files) when a folder made from the same weights is there; otherwise one
    process exports while others wait at a file lock. `again` makes it anew in any case, for a
    damaged folder. Raises UnknownBackbone, or BackboneUnavailable when there are no weights, the
    export fails or the store cannot be written; a failed export leaves nothing behind.
    """
    card = get_card(key)
    folder = prepared_folder(key, store)
    if not again and _is_current(card, store, folder):
        return folder
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with backbone_locked(key, store):
            if again or not _is_current(card, store, folder):
                _replace_by_export(key, store, folder)
    except OSError as error:
        raise BackboneUnavailable(f"{key} cannot be prepared under {store}: {error}") from error
    return folder


def _is_current(card: BackboneCard, store: Path, folder: Path) -> bool:
    """Return whether the folder was made from today's weights by today's code."""
    found = read_source(folder)
    expected = source_facts(card, read_record(card, store))
    return found is not None and expected.items() <= found.items()


@contextmanager
def backbone_locked(key: str, store: Path, purpose: str = "prepare") -> Iterator[None]:
    """Hold the exclusive lock on one backbone; the system frees it even from a killed process."""
    with (backbones_folder(store) / f".{key}.{purpose}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def move_into_place(fresh: Path, folder: Path) -> None:
    """Put a fresh prepared folder where an old one may stand; the lock must be held.

    A folder that is not empty cannot be replaced in one step, so the old one steps aside into
    the fresh one's parent, which the caller throws away.
    """
    if folder.exists():
        folder.rename(fresh.with_name("old"))
    fresh.replace(folder)


def _replace_by_export(key: str, store: Path, folder: Path) -> None:
    """Export into a temporary folder and move it into place; the lock must be held."""
    for leftover in folder.parent.glob(f".{key}.part-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{key}.part-") as part:
        fresh = Path(part) / "fresh"
        fresh.mkdir()
        _run_export(key, store, fresh)
        move_into_place(fresh, folder)


def _run_export(key: str, store: Path, folder: Path) -> None:
    """Run the export process in silence; raise with its reason when it fails."""
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "CUDA_VISIBLE_DEVICES": "-1",  # tracing a graph needs no GPU, and starting one is slow
        "PYTHONPATH": os.pathsep.join([str(_PROJECT_ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, "-m", "tagging.backbones.export", key, str(store.resolve())]
    try:
        result = subprocess.run(
            [*command, str(folder.resolve())],
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_EXPORT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ExportFailed(f"The export of {key} did not end in {_EXPORT_SECONDS} s.") from error
    if result.returncode != 0:
        raise _export_error(key, result)


def _export_error(key: str, result: subprocess.CompletedProcess[str]) -> BackboneUnavailable:
    """Return the error of a failed export: its own reason, or the end of what it printed."""
    lines = result.stderr.strip().splitlines()
    refusal = refusal_in(lines)
    if refusal is not None:
        return BackboneUnavailable(refusal)
    last_words = "\n".join(lines[-15:])
    return ExportFailed(f"The export of {key} failed (status {result.returncode}):\n{last_words}")
