"""Fine-tune: `python -m training.learning.fine_tuning FOLDER --store STORE [--devices WISH]`.

A process of its own, which may be killed at any moment and started again with the same folder.
Ends with 0 when the tuned weights are there; 1 with one clear line on stderr when refused; 3 when
the network did not get better, which a file in the folder says in a sentence; 4 when the disk is
full; 143 on SIGTERM.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import sys
from pathlib import Path
from types import FrameType

from gallery.full_disk import is_full_disk
from tagging.backbones.cards import UnknownBackbone
from tagging.backbones.refusals import REFUSAL_MARK
from tagging.backbones.weights import BackboneUnavailable
from training.learning.fine_tuning.endings import (
    DISK_FULL,
    NO_BETTER,
    REFUSED,
    TERMINATED,
)
from training.learning.fine_tuning.task import TASK_FILE, BrokenTask
from training.learning.lesson import muted_stderr


def main(arguments: list[str]) -> int:
    """Fine-tune and return the exit status."""
    parser = argparse.ArgumentParser(prog="fine_tuning", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--store", type=Path, required=True, help="the models store")
    parser.add_argument("--devices", default="auto", help="auto, cpu, 2, gpu:0,gpu:1")
    wishes = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _end)
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if not (wishes.folder / TASK_FILE).is_file():
        return _refuse(f"{wishes.folder} does not say what is to be done.")
    with muted_stderr():
        # Here and not above: a folder that is not there is said without loading TensorFlow.
        from training.learning.fine_tuning import devices, tuner
    try:
        with muted_stderr():
            chosen = devices.prepare_process(wishes.devices)
        outcome = tuner.tune(wishes.folder, wishes.store, chosen)
    except (BackboneUnavailable, UnknownBackbone, BrokenTask, tuner.Diverged) as refusal:
        return _refuse(str(refusal))
    except OSError as error:
        if is_full_disk(error):
            return _refuse("The disk is full. Asked for again, it goes on.", DISK_FULL)
        return _refuse(str(error))
    except ValueError as refusal:
        return _refuse(str(refusal))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{outcome.value}, on {', '.join(chosen)}, peak memory {peak} MB")
    return 0 if outcome is tuner.Outcome.TUNED else NO_BETTER


def _refuse(sentence: str, status: int = REFUSED) -> int:
    print(f"{REFUSAL_MARK}{' '.join(sentence.split())}", file=sys.stderr)
    return status


def _end(number: int, frame: FrameType | None) -> None:
    raise SystemExit(TERMINATED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
