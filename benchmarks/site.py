"""A site that is only ever spoken to by its commands, each a process of its own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.setting import ROOT

DEFAULT = "efficientnet_lite0"


class Unfetched(Exception):
    """The weights of a backbone are not here; the message says how they come."""


@dataclass(frozen=True)
class Told:
    """What a command printed, its seconds, and the largest process of it at its peak, in MB."""

    text: str
    seconds: float
    peak_mb: float


@dataclass(frozen=True)
class Site:
    """An installation in a folder of its own that serves one backbone."""

    folder: Path
    backbone: str

    def manage(self, *arguments: str | Path) -> Told:
        """Return what a command printed and what it cost; raises RuntimeError where it failed."""
        command = [sys.executable, str(ROOT / "manage.py"), *map(str, arguments)]
        started = time.perf_counter()
        with (
            (self.folder / "told.txt").open("w+") as out,
            (self.folder / "error.txt").open("w+") as error,
        ):
            process = subprocess.Popen(
                command, env=self._environment(), cwd=ROOT, stdout=out, stderr=error
            )
            # Unlike run(), this also tells the most memory that it and its own children needed.
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            out.seek(0)
            error.seek(0)
            text = out.read()
            if process.returncode:
                raise RuntimeError(f"manage.py {arguments[0]} failed:\n{text}{error.read()}")
        return Told(text, time.perf_counter() - started, usage.ru_maxrss / 1000)

    def import_folder(self, photos: Path) -> float:
        """Import a folder per tag as checked; return the seconds."""
        options = ("--owner", "ada", "--tags-from-folders", "--curated", "--verbosity", "0")
        return self.manage("import_folder", photos, *options).seconds

    def retrain(self, *options: str) -> tuple[Told, dict[str, Any]]:
        """Return what a lesson cost, and its report; a first one must end promoted."""
        target = self.folder / "report.json"
        told = self.manage("retrain", "--json", target, *options)
        report: dict[str, Any] = json.loads(target.read_text())
        if not options and not report["promoted"]:
            raise RuntimeError(f"It was not promoted: {report['reason']}")
        return told, report

    def classify(self, photos: Path) -> tuple[float, list[dict[str, Any]]]:
        """Return the seconds and an answer per file, with `file` and `tags` or `error`."""
        told = self.manage("classify", photos, "--json")
        return told.seconds, [json.loads(line) for line in told.text.splitlines()]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "eyes.settings",
            "DATABASE_URL": f"sqlite:///{self.folder / 'eyes.sqlite3'}",
            "EYES_STATE_DIR": str(self.folder / "var"),
            "EYES_MEDIA_ROOT": str(self.folder / "media"),
            "EYES_MODELS_STORE": str(self.folder / "models_store"),
            "EYES_BACKBONE": self.backbone,
            "EYES_SAMPLES": "0",
            "EYES_LOG_LEVEL": "WARNING",
        }


@contextmanager
def new_site(backbone: str = DEFAULT, weights: Path | None = None) -> Iterator[Site]:
    """Yield an empty site whose backbone is ready; raises Unfetched where its weights are not.

    What `models_store/` of this checkout has prepared is copied; else `weights` is the file to
    take them from. The default needs neither.
    """
    with tempfile.TemporaryDirectory(prefix="eyes-benchmark-") as name:
        site = Site(Path(name), backbone)
        ready = ROOT / "models_store" / "backbones"
        if (ready / backbone).is_dir():
            target = site.folder / "models_store" / "backbones" / backbone
            shutil.copytree(ready / backbone, target)
        elif backbone == DEFAULT:
            site.manage("fetch_backbone", backbone)
        elif weights is not None:
            site.manage("fetch_backbone", backbone, "--from", weights)
        else:
            raise Unfetched(
                f"The weights of {backbone} are not here. Fetch them with `manage.py "
                f"fetch_backbone {backbone}` (add `--from FILE` for a file that you have)."
            )
        site.manage("migrate", "--verbosity", "0")
        yield site


def photos_by_tag(folder: Path) -> dict[str, list[Path]]:
    """Return the files of a folder per tag, in order; raises SystemExit with fewer than two."""
    tags = {
        path.name: sorted(file for file in path.rglob("*") if file.is_file())
        for path in sorted(folder.iterdir())
        if path.is_dir() and not path.name.startswith(".")
    }
    if len(tags) < 2:
        raise SystemExit(f"{folder} needs a folder per tag, two at least.")
    return tags


def lay_out(folder: Path, chosen: Mapping[str, Sequence[Path]]) -> Path:
    """Return a new folder per tag with copies of these files."""
    for tag, files in chosen.items():
        (folder / tag).mkdir(parents=True)
        for number, file in enumerate(files):
            shutil.copyfile(file, folder / tag / f"{number:05}{file.suffix}")
    return folder
