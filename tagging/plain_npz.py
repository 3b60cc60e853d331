"""NumPy archives whose bytes depend on their arrays alone: same numbers, same file."""

from __future__ import annotations

import io
import zipfile
from typing import Any

import numpy as np
from numpy.typing import NDArray

# The earliest date a zip entry can carry; a real one would make every file different.
NO_TIME = (1980, 1, 1, 0, 0, 0)


def write_npz(arrays: dict[str, NDArray[Any]]) -> bytes:
    """Return an uncompressed `.npz` holding these arrays, sorted by name, without timestamps."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(arrays):
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=NO_TIME)
            entry.create_system = 3
            with archive.open(entry, "w") as member:
                np.lib.format.write_array(
                    member, np.ascontiguousarray(arrays[name]), allow_pickle=False
                )
    return buffer.getvalue()


def read_npz(data: bytes) -> dict[str, NDArray[Any]]:
    """Return the arrays by name; raise ValueError when the bytes are no such archive."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except (OSError, EOFError, zipfile.BadZipFile, ValueError) as error:
        raise ValueError(f"Not a NumPy archive: {error}") from error
