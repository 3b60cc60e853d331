"""The process that fine-tunes: started, listened to, and stopped with whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO

from django.conf import settings

from tagging.backbones.refusals import refusal_in
from training.learning.fine_tuning.endings import (
    DISK_FULL,
    NO_BETTER,
    NO_BETTER_FILE,
    TERMINATED,
)
from training.learning.fine_tuning.task import Point, is_finished, read_history
from training.tuning.wishes import devices_here

_STOPPED = (TERMINATED, -signal.SIGTERM, -signal.SIGINT)
# After these the same folder may well come to a better end.
_MAY_GO_ON = (TERMINATED, DISK_FULL)
# Pages ask every other second.
_SECONDS_BETWEEN_LOOKS = 1.0
_SECONDS_TO_STOP = 70
_LAST_LINES = 15

Watch = Callable[[list[Point]], None]


class TuningFailed(Exception):
    """Raised when a fine-tuning ended without a network; the message says why to a person.

    `is_hopeless` is true where going on in the same folder would end in the same way.
    """

    def __init__(self, message: str, *, is_hopeless: bool = False) -> None:
        super().__init__(message)
        self.is_hopeless = is_hopeless


class NotBetter(Exception):
    """Raised when no epoch was better than the head alone; the message says so in figures."""


def work_in(folder: Path, watch: Watch) -> None:
    """Fine-tune in this folder until its weights are there; raises TuningFailed or NotBetter.

    `watch` is told the history about once a second. Whatever it raises stops the process, which
    writes down its last whole epoch, and goes on from here.
    """
    if is_finished(folder):
        watch(list(read_history(folder)))
        return
    epochs_before = epochs_in(folder)
    with tempfile.TemporaryFile() as said:
        process = _start(folder, said)
        try:
            code = _wait(process, folder, watch)
        finally:
            _stop(process)
        watch(list(read_history(folder)))
        if code == 0 and is_finished(folder):
            return
        if code == NO_BETTER:
            raise NotBetter(_why_no_better(folder))
        fails_again = code > 0 and code not in _MAY_GO_ON
        is_hopeless = fails_again and epochs_in(folder) == epochs_before
        raise TuningFailed(_reason(code, _last_words(said)), is_hopeless=is_hopeless)


def epochs_in(folder: Path) -> int:
    """Return the last whole epoch that the history of this folder tells of."""
    whole = (point.epoch for point in read_history(folder) if point.judged_loss is not None)
    return max(whole, default=0)


def _start(folder: Path, said: IO[bytes]) -> subprocess.Popen[bytes]:
    """Start it in a session of its own: a Ctrl-C at the terminal is for the run, which stops it."""
    command = [
        *(sys.executable, "-m", "training.learning.fine_tuning.tethered", str(folder.resolve())),
        *("--store", str(Path(settings.EYES_MODELS_STORE).resolve())),
        *("--devices", devices_here()),
    ]
    paths = [str(settings.BASE_DIR), os.environ.get("PYTHONPATH", "")]
    environment = os.environ | {
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONPATH": os.pathsep.join(path for path in paths if path),
    }
    return subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,
    )


def _wait(process: subprocess.Popen[bytes], folder: Path, watch: Watch) -> int:
    while True:
        try:
            return process.wait(_SECONDS_BETWEEN_LOOKS)
        except subprocess.TimeoutExpired:
            watch(list(read_history(folder)))


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End it if it still runs: first in friendship, then not."""
    if process.stdin is not None:
        process.stdin.close()
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(_SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _reason(code: int, last_words: list[str]) -> str:
    refusal = refusal_in(last_words)
    if refusal is not None:
        return refusal
    if code == -signal.SIGKILL:
        return (
            "The fine-tuning was killed from outside, most likely by the system for want of "
            "memory. Asked for again, it goes on where it was; with fewer --blocks it needs less."
        )
    if code in _STOPPED:
        return "The fine-tuning was stopped from outside. Asked for again, it goes on."
    if code < 0:
        return f"The fine-tuning was ended by signal {-code}. Asked for again, it goes on."
    told = "\n".join(last_words[-_LAST_LINES:])
    return f"The fine-tuning failed (status {code}):\n{told}"


def _last_words(said: IO[bytes]) -> list[str]:
    said.seek(0)
    return said.read().decode(errors="replace").strip().splitlines()


def _why_no_better(folder: Path) -> str:
    """Return the sentence that the process left, or one without figures."""
    try:
        return " ".join((folder / NO_BETTER_FILE).read_text().split())
    except OSError:
        return "Teaching the network itself was no better than the head on the network as it is."
