"""Files that somebody at a terminal asked for: whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path


def write_file(name: str, data: bytes) -> None:
    """Write a file under a temporary name, then move it to its own; raises OSError."""
    path = Path(name)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)
