"""Several processes as one foreground program that ends as a whole."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

PR_SET_PDEATHSIG = 1
RESTARTS_ALLOWED = 5
RESTART_WINDOW_SECONDS = 60.0
STOP_SECONDS = 20.0


@dataclass
class Child:
    """One program to keep alive."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    starts: deque[float] = field(default_factory=lambda: deque(maxlen=RESTARTS_ALLOWED))

    def start(self) -> None:
        """Start the program in a session of its own, so that Ctrl-C reaches only us."""
        self.starts.append(time.monotonic())
        self.process = subprocess.Popen(
            self.command,
            env={**os.environ, **self.environment},
            start_new_session=True,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )

    def keeps_failing(self) -> bool:
        """Return whether it was started too often in the last minute."""
        return (
            len(self.starts) == RESTARTS_ALLOWED
            and time.monotonic() - self.starts[0] < RESTART_WINDOW_SECONDS
        )

    def signal_all(self, number: int) -> None:
        """Send a signal to the program and everything it started."""
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, number)


class Supervisor:
    """Starts children, restarts those that die, and stops all of them together."""

    def __init__(self, children: list[Child], say: Callable[[str], None]) -> None:
        self.children = children
        self.say = say
        self.stopping = False

    def run(self, when_ready: Callable[[], bool], ready_message: str) -> int:
        """Run until Ctrl-C, SIGTERM or a child that cannot be kept alive; return an exit code.

        `when_ready` is asked until it first says yes; then the message is printed.
        """
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        announced, code = False, 0
        try:
            for child in self.children:
                child.start()
            while not self.stopping:
                if not announced and when_ready():
                    self.say(ready_message)
                    announced = True
                failed = self._restart_the_dead()
                if failed is not None:
                    self.say(f"{failed.name} keeps stopping; its messages are above.")
                    code = 1
                    break
                time.sleep(0.25)
        finally:
            self._stop_all()
        return code

    def _ask_to_stop(self, number: int, frame: FrameType | None) -> None:
        self.stopping = True

    def _restart_the_dead(self) -> Child | None:
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                if child.keeps_failing():
                    return child
                self.say(f"{child.name} stopped with code {child.process.returncode}; restarting.")
                child.signal_all(signal.SIGKILL)
                child.start()
        return None

    def _stop_all(self) -> None:
        self.say("Stopping …")
        running = [child for child in self.children if child.process is not None]
        for child in running:
            if child.process is not None and child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for child in running:
            try:
                if child.process is not None:
                    child.process.wait(max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                self.say(f"{child.name} did not stop in time and was ended.")
            child.signal_all(signal.SIGKILL)
        self.say("Everything is stopped.")


def _end_with_parent() -> None:
    """Ask the kernel to stop this child should the supervisor itself be killed (Linux)."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
