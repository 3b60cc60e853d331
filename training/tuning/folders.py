"""The folders in which networks are being fine-tuned: laid out, found again after a kill, removed.

They hold copies of people's photos, so none stays longer than it may be of use.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import shutil
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from tagging.presets import current_policy
from training.learning.fine_tuning.task import (
    BrokenTask,
    Task,
    TuningSettings,
    read_answers,
    read_task,
)
from training.learning.fine_tuning.tethered import LOCK_FILE
from training.models import DatasetVersion, RunState, TrainingRun
from training.tuning.withdrawals import something_was_taken_away

logger = logging.getLogger(__name__)

# What a folder that is still being filled is called: nobody goes on in it.
_UNFINISHED = ".unfinished"


def tunings_folder() -> Path:
    """Return the folder that holds one folder per fine-tuning, whether or not it is there."""
    return Path(settings.EYES_MODELS_STORE) / ".tuning"


def folder_of(run: TrainingRun) -> Path:
    """Return the folder in which this run fine-tunes, whether or not it is there."""
    return tunings_folder() / str(run.pk)


@contextlib.contextmanager
def laid_out(run: TrainingRun) -> Iterator[Path]:
    """Give an empty folder to fill, and let it be the run's when that went well; else remove it."""
    target = folder_of(run)
    folder = target.with_name(f"{target.name}{_UNFINISHED}")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    try:
        yield folder
        folder.replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """Give an empty folder for copies of photos that are gone at the end of the block.

    It lies beside the others, so that what a killed process leaves in it is removed with them.
    """
    root, was_there = tunings_folder(), tunings_folder().is_dir()
    root.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix="scratch-", dir=root) as folder:
            yield Path(folder)
    finally:
        if not was_there:
            with contextlib.suppress(OSError):
                root.rmdir()


def take_over(run: TrainingRun, base: str, told: TuningSettings) -> Path | None:
    """Return the folder of an earlier fine-tuning of the same network in the same way, now this
    run's, or None where there is none to go on with.

    Waits until the process that worked in it is gone. One from which people have taken something
    away meanwhile is left out; `tidy_folders` removes it.
    """
    for folder in sorted(_folders(), key=lambda each: -int(each.name)):
        if why_useless(folder, run) or not _is_alike(read_task(folder), base, told):
            continue
        with (folder / LOCK_FILE).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            return folder.rename(folder_of(run))
    return None


def tidy_folders(*, run: TrainingRun | None = None) -> int:
    """Remove every folder that is of no use any more, and return how many that were.

    `run` is the one that calls; without it nothing is touched while a run is under way.
    """
    if not tunings_folder().is_dir():
        return 0
    if run is None and TrainingRun.objects.running().exists():
        return 0
    removed = 0
    for folder in list(tunings_folder().iterdir()):
        why = why_useless(folder, run)
        if why:
            logger.warning("Removing the fine-tuning in %s: %s", folder, why)
            shutil.rmtree(folder, ignore_errors=True)
            removed += 1
    return removed


def remove_folder(run: TrainingRun) -> None:
    """Remove this run's folder and the copies of photos in it, if it is there."""
    shutil.rmtree(folder_of(run), ignore_errors=True)


def why_useless(folder: Path, present: TrainingRun | None = None) -> str:
    """Return in words why nobody can go on in this folder; "" where somebody can.

    `present` is the run that asks, whose own folder is never useless.
    """
    if not folder.name.isdecimal():
        return "it was not laid out to the end."
    run = TrainingRun.objects.filter(pk=int(folder.name)).first()
    if run is None:
        return "its run is unknown."
    if run == present:
        return ""
    if run.is_over and run.state != RunState.FAILED:
        return "its run came to an end."
    age = timedelta(days=current_policy().tuning_kept_days)
    if timezone.now() - (run.heartbeat_at or run.created_at) > age:
        return f"nobody went on with it in {age.days} days."
    try:
        task = read_task(folder)
        read_answers(folder)
    except BrokenTask as error:
        return str(error)
    dataset = dataset_of(task)
    if dataset is None:
        return "its dataset is unknown."
    if something_was_taken_away(dataset):
        return "something that it learns from was taken away."
    return ""


def dataset_of(task: Task) -> DatasetVersion | None:
    """Return the dataset from which this task learns."""
    return DatasetVersion.objects.filter(sha256=task.sha256).first()


def _folders() -> list[Path]:
    if not tunings_folder().is_dir():
        return []
    return [path for path in tunings_folder().iterdir() if path.name.isdecimal()]


def _is_alike(task: Task, base: str, told: TuningSettings) -> bool:
    return task.base == base and task.settings == told
