"""The place after the last whole epoch, in one file that is there whole or not at all."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FILE = "state.npz"
_META = "meta"

Arrays = list[NDArray[Any]]


@dataclass(frozen=True)
class Standing:
    """How far it is: whole epochs done, which one was best so far and its loss on the judging
    photos (epoch 0 is the network as it was), and what the network as it was reached."""

    epoch: int = 0
    best_epoch: int = 0
    best_loss: float = float("inf")
    probe_loss: float = float("inf")


@dataclass(frozen=True)
class Checkpoint:
    """A standing, the learning weights, the optimiser's own numbers, the weights at their best."""

    standing: Standing
    weights: Arrays = field(default_factory=list)
    optimiser: Arrays = field(default_factory=list)
    best: Arrays = field(default_factory=list)


def save_checkpoint(folder: Path, checkpoint: Checkpoint, fingerprint: str) -> None:
    """Write a checkpoint in place of the one before; `fingerprint` says which task it is of."""
    folder.mkdir(parents=True, exist_ok=True)
    meta = json.dumps({**asdict(checkpoint.standing), "fingerprint": fingerprint})
    arrays = {_META: np.array(meta)}
    for name in ("weights", "optimiser", "best"):
        parts: Sequence[NDArray[Any]] = getattr(checkpoint, name)
        arrays |= {f"{name}/{number:04}": part for number, part in enumerate(parts)}
    part = folder / f".{_FILE}.part"
    with part.open("wb") as file:
        np.savez(file, **arrays)  # type: ignore[arg-type]  # its other option has no such name
        file.flush()
        os.fsync(file.fileno())
    part.replace(folder / _FILE)


def load_checkpoint(folder: Path, fingerprint: str) -> Checkpoint | None:
    """Return the checkpoint of this task, or None where there is none that can be used.

    A damaged file, or one of another task, means to begin anew: nothing but time is lost.
    """
    try:
        with np.load(folder / _FILE, allow_pickle=False) as arrays:
            meta = json.loads(str(arrays[_META]))
            if meta.pop("fingerprint") != fingerprint:
                return None
            parts = {
                name: [arrays[key] for key in sorted(arrays.files) if key.startswith(f"{name}/")]
                for name in ("weights", "optimiser", "best")
            }
            return Checkpoint(Standing(**meta), **parts)
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
