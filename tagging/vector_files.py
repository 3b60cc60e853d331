"""Every vector of a backbone in one memory-mapped file: what a question about all photos reads.

The rows of the database are the truth. These files repeat them in a form that is asked in
milliseconds, are rebuilt from them at any time, and hold nothing else. Beside each vector lies a
sketch of it, 1,024 signs of random projections (Charikar, "Similarity estimation techniques from
rounding algorithms", 2002): the number of equal signs says roughly how alike two vectors are, at a
twenty-eighth of the bytes. A search reads all sketches, and of the vectors only those of the best
candidates.

Several processes may read while one writes. Rows are added behind those that the manifest counts
and nobody looks there; then the manifest is replaced. A rebuild writes files of another name.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from numpy.typing import NDArray

SKETCH_BITS: Final = 1024
# Of this many the vectors are read. Where the twelve nearest are near (cosine 0.9), the best 100 by
# sketch hold them all; the rest is for where they are not. `benchmarks/growth.py` counts.
CANDIDATES: Final = 1000
# Sketches compared at once: what a core keeps in its cache.
SCAN_ROWS: Final = 4096
# How long an upload or a page waits for another process that writes, and between two looks, in
# seconds. Appending takes milliseconds; whoever writes everything anew is not waited for.
PATIENCE: Final = 2.0
LOOK_AWAY: Final = 0.01
_SEED: Final = 1_024
_MANIFEST: Final = "manifest.json"

Half = NDArray[np.float16]
Single = NDArray[np.float32]


@dataclass(frozen=True)
class Manifest:
    """Which files count and how far: `last_id` is the newest embedding's id among the rows."""

    name: str
    dimension: int
    compared: int
    rows: int = 0
    last_id: int = 0


@dataclass(frozen=True, eq=False)
class StoredVectors:
    """The vectors of one backbone, mapped and not read: content ids int64 [n] (0 where one was
    forgotten), vectors float16 [n, d], sketches uint64 [n, bits / 64]."""

    manifest: Manifest
    contents: NDArray[np.int64]
    vectors: Half
    sketches: NDArray[np.uint64]

    def nearest(self, vector: NDArray[np.floating[Any]], most: int) -> tuple[list[int], Single]:
        """Return (content ids, cosines float32) of the rows most like a vector [d], best first.

        The cosine is that of the numbers on which near-duplicates are measured. The best by
        sketch are measured exactly, so that what is returned is in its true order, though at the
        far end one may be missing. Memory does not grow with the number of rows but by two bytes.
        """
        part = as_single(vector[: self.manifest.compared])
        length = float(np.linalg.norm(part))
        if not len(self.contents) or not length:
            return [], np.empty(0, np.float32)
        # In the order of the file, so that a disk is read in one direction.
        rows = np.sort(self._candidates(part))
        vectors = as_single(self.vectors[rows, : self.manifest.compared])
        lengths = np.linalg.norm(vectors, axis=1) * length
        cosines = np.divide(vectors @ part, lengths, out=np.zeros_like(lengths), where=lengths > 0)
        order = np.argsort(-cosines, kind="stable")
        order = order[self.contents[rows[order]] > 0][:most]
        return self.contents[rows[order]].tolist(), cosines[order]

    def _candidates(self, vector: Single) -> NDArray[np.intp]:
        """Return the rows whose sketches differ least from that of the vector."""
        own = sketch(vector[None])[0]
        different = np.empty(len(self.contents), dtype=np.uint16)
        for start in range(0, len(different), SCAN_ROWS):
            rows = slice(start, start + SCAN_ROWS)
            bits = np.bitwise_count(self.sketches[rows] ^ own)
            different[rows] = bits.sum(axis=1, dtype=np.uint16)
        if len(different) <= CANDIDATES:
            return np.arange(len(different))
        return np.argpartition(different, CANDIDATES)[:CANDIDATES]


class VectorFiles:
    """The folder of one backbone's vectors."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def open(self) -> StoredVectors | None:
        """Return what is stored, or None where nothing is or what is there cannot be read."""
        manifest = self.manifest()
        if manifest is None:
            return None
        width = SKETCH_BITS // 64
        try:
            return StoredVectors(
                manifest,
                self._map(manifest, "contents", np.dtype("<i8"), ()),
                self._map(manifest, "vectors", np.dtype("<f2"), (manifest.dimension,)),
                self._map(manifest, "sketches", np.dtype("<u8"), (width,)),
            )
        except (OSError, ValueError):
            # Replaced in this moment, or shortened by somebody: the next rebuild mends it.
            return None

    def manifest(self) -> Manifest | None:
        """Return which files count; None where there are none."""
        try:
            return Manifest(**json.loads((self.folder / _MANIFEST).read_bytes()))
        except (OSError, ValueError, TypeError):
            return None

    @contextmanager
    def writing(self, patience: float = PATIENCE) -> Iterator[None]:
        """Keep every other process from writing.

        Raises OSError where the folder cannot be, and BlockingIOError, which is one, where another
        process writes for longer than `patience` seconds.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "lock").open("w") as file:
            _lock(file, time.monotonic() + patience)
            yield

    def discard(self) -> None:
        """Let nothing count any more. Call it inside `writing`."""
        (self.folder / _MANIFEST).unlink(missing_ok=True)

    def start(self, dimension: int, compared: int) -> Manifest:
        """Return the manifest of new, empty files. They count once `commit` is called."""
        before = self.manifest()
        number = int(before.name) + 1 if before and before.name.isdigit() else 1
        manifest = Manifest(f"{number:08}", dimension, min(compared, dimension))
        for path in self._paths(manifest):
            path.write_bytes(b"")
        return manifest

    def append(
        self, manifest: Manifest, ids: NDArray[np.int64], contents: NDArray[np.int64], vectors: Half
    ) -> Manifest:
        """Write rows behind those that count; return the manifest that counts them too.

        `ids` are those of the embeddings, ascending. Call it and `commit` inside `writing`.
        """
        sketches = sketch(as_single(vectors[:, : manifest.compared]))
        columns = (contents.astype("<i8"), vectors.astype("<f2"), sketches.astype("<u8"))
        for path, column in zip(self._paths(manifest), columns, strict=True):
            data = np.ascontiguousarray(column).tobytes()
            with path.open("r+b") as file:
                # A writer that was killed may have left rows that never counted.
                file.truncate(manifest.rows * (len(data) // len(ids)))
                file.seek(0, os.SEEK_END)
                file.write(data)
        return replace(manifest, rows=manifest.rows + len(ids), last_id=int(ids[-1]))

    def commit(self, manifest: Manifest) -> None:
        """Let these rows count, and remove files of another name."""
        unfinished = self.folder / f"{_MANIFEST}.part"
        unfinished.write_text(json.dumps(asdict(manifest)))
        unfinished.replace(self.folder / _MANIFEST)
        kept = set(self._paths(manifest))
        for path in self.folder.glob("*.*"):
            if path.suffix in (".contents", ".vectors", ".sketches") and path not in kept:
                path.unlink(missing_ok=True)

    def forget(self, content_id: int) -> bool:
        """Overwrite a content's row with zeros; return whether it was there. Inside `writing`."""
        stored = self.open()
        if stored is None:
            return False
        rows = np.flatnonzero(stored.contents == content_id)
        widths = [8, 2 * stored.manifest.dimension, SKETCH_BITS // 8]
        for path, width in zip(self._paths(stored.manifest), widths, strict=True):
            with path.open("r+b") as file:
                for row in rows.tolist():
                    file.seek(row * width)
                    file.write(bytes(width))
        return bool(rows.size)

    def _paths(self, manifest: Manifest) -> tuple[Path, Path, Path]:
        contents, vectors, sketches = (
            self.folder / f"{manifest.name}.{kind}" for kind in ("contents", "vectors", "sketches")
        )
        return contents, vectors, sketches

    def _map(
        self, manifest: Manifest, kind: str, dtype: np.dtype[Any], row: tuple[int, ...]
    ) -> Any:
        if not manifest.rows:
            return np.empty((0, *row), dtype)
        shape = (manifest.rows, *row)
        return np.memmap(self.folder / f"{manifest.name}.{kind}", dtype, "r", shape=shape)


def _lock(file: IO[str], deadline: float) -> None:
    """Lock a file, or raise BlockingIOError when another process holds it until the deadline."""
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline:
                raise
            time.sleep(LOOK_AWAY)
        else:
            return


def sketch(vectors: Single) -> NDArray[np.uint64]:
    """Return the signs of fixed random projections of vectors [n, d], packed, uint64 [n, 16]."""
    signs = vectors @ _projection(vectors.shape[1]) > 0
    packed: NDArray[np.uint64] = np.packbits(signs, axis=1).view(np.uint64)
    return packed


def as_single(vectors: NDArray[np.floating[Any]]) -> Single:
    """Return float32 of any floats; halves through a table, six times as fast as `astype`."""
    if vectors.dtype != np.float16:
        return np.asarray(vectors, dtype=np.float32)
    return np.take(_singles(), np.ascontiguousarray(vectors).view(np.uint16))


@lru_cache(maxsize=1)
def _singles() -> Single:
    """Return the value of each of the 65,536 halves by its bits."""
    return np.arange(2**16, dtype=np.uint16).view(np.float16).astype(np.float32)


@lru_cache(maxsize=4)
def _projection(dimension: int) -> Single:
    """Return the same random numbers [d, bits] in every process; normal, so that no direction is
    preferred."""
    # RandomState's stream is frozen by NumPy's compatibility policy; a Generator's may change.
    random = np.random.RandomState(_SEED)
    result: Single = random.standard_normal((dimension, SKETCH_BITS)).astype(np.float32)
    return result
