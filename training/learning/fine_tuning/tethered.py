"""A fine-tuning that ends with whoever started it: `python -m ….tethered FOLDER ARGUMENTS`.

The caller holds the other end of standard input. When it closes, because the caller let go or was
killed, this process is asked to stop, and made to if it does not. Only one process at a time works
in a folder; the next one waits for the last to be gone. It runs at a low priority, so that photos
that people upload meanwhile are tagged first.
"""

from __future__ import annotations

import fcntl
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path

LOCK_FILE = ".lock"
# Enough to write down the last whole epoch; whoever takes longer hangs.
_SECONDS_TO_STOP = 60
_NICENESS = 10


def main() -> None:
    """Run the fine-tuning in this process until it is over or the caller is gone."""
    threading.Thread(target=_end_with_the_caller, name="tether", daemon=True).start()
    os.nice(_NICENESS)
    # Never closed: the system lets go of it when this process ends, however it ends.
    file = (Path(sys.argv[1]) / LOCK_FILE).open("w")
    fcntl.flock(file, fcntl.LOCK_EX)
    runpy.run_module("training.learning.fine_tuning", run_name="__main__", alter_sys=True)


def _end_with_the_caller() -> None:
    # Straight from the descriptor: a reader of `sys.stdin` would hold its lock at the exit.
    while os.read(0, 1024):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_SECONDS_TO_STOP)
    os._exit(128 + signal.SIGTERM)


if __name__ == "__main__":
    main()
