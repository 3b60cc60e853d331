"""A throw-away installation for a benchmark: own database, own folders, the prepared network."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextmanager
def fresh_installation(*, store: Path | None = None, kept: Path | None = None) -> Iterator[Path]:
    """Set Django up on an empty database in a temporary folder; yield the folder.

    Backbones are copied from `store`, by default `models_store/`; the embedded one is prepared
    where it is not there. With `kept` that folder is used and stays, and what an earlier process
    left there is found again.
    """
    with ExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="eyes-benchmark-")
        folder = kept or Path(stack.enter_context(temporary))
        os.environ.update(
            DJANGO_SETTINGS_MODULE="eyes.settings",
            DATABASE_URL=f"sqlite:///{folder / 'eyes.sqlite3'}",
            EYES_STATE_DIR=str(folder / "var"),
            EYES_MEDIA_ROOT=str(folder / "media"),
            EYES_MODELS_STORE=str(folder / "models_store"),
            EYES_LOG_LEVEL="WARNING",
        )
        ready = (store or ROOT / "models_store") / "backbones"
        if ready.exists():
            shutil.copytree(ready, folder / "models_store" / "backbones", dirs_exist_ok=True)
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        from tagging.backbones.prepare import prepare_backbone

        prepare_backbone("efficientnet_lite0", folder / "models_store")
        yield folder


def peak_megabytes(pid: int) -> float:
    """Return the largest resident memory a process had so far, in MB (Linux)."""
    return _megabytes(pid, "VmHWM")


def resident_megabytes(pid: int) -> float:
    """Return the resident memory that a process has now, in MB (Linux)."""
    return _megabytes(pid, "VmRSS")


def _megabytes(pid: int, name: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1000
    raise ValueError(f"Process {pid} has no {name}.")
