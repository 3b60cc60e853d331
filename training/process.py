"""Which process runs a training, written so that another process can tell whether it still lives.

A heartbeat alone would do, and does wherever the other process cannot be seen; but a person who
killed a run on this machine should not have to wait for the heartbeat to be missed.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

_PROC = Path("/proc")


def process_mark() -> str:
    """Return `machine|pid|start` of this process, or an empty text where the system hides it."""
    start = _start_of(os.getpid())
    return f"{_machine()}|{os.getpid()}|{start}" if start else ""


def is_surely_gone(mark: str) -> bool:
    """Return True only if the marked process ran on this machine and no longer does.

    The start time tells a process from a later one that was given the same number.
    """
    parts = mark.split("|")
    if len(parts) != 3 or parts[0] != _machine() or not parts[1].isdecimal():
        return False
    return _start_of(int(parts[1])) != parts[2]


def _machine() -> str:
    """Return what process numbers are unique within: a boot of a machine and its namespace."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()} {boot} {(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return ""


def _start_of(pid: int) -> str:
    """Return the start time of a process in clock ticks since boot, empty if there is none.

    A zombie, killed but not yet collected by its parent, counts as gone.
    """
    try:
        text = (_PROC / str(pid) / "stat").read_text()
    except OSError:
        return ""
    # The name in parentheses may hold spaces; fields are counted from behind it.
    fields = text.rpartition(")")[2].split()
    return "" if fields[0] in ("Z", "X") else fields[19]
