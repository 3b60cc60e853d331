"""Names of processes that another process can check: is the one that wrote this still there?"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable
from functools import cache

LONGEST_HOST = 64


@cache
def _host() -> str:
    return socket.gethostname()[:LONGEST_HOST]


def this_process() -> str:
    """Return the name of this process: its host and its number there."""
    return f"{_host()}:{os.getpid()}"


def gone(processes: Iterable[str]) -> list[str]:
    """Return those of these names whose process has surely ended: on this host, and not there.

    Of other hosts nothing is known. A number that the system has given away again hides the end
    of a process, so whoever asks also goes by the time.
    """
    here = f"{_host()}:"
    return [name for name in processes if name.startswith(here) and not _lives(name[len(here) :])]


def _lives(number: str) -> bool:
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return False
    except (PermissionError, ValueError):
        return True
    return True
