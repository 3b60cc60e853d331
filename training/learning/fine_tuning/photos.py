"""The photos of one fine-tuning in one file: each once, small, read one at a time.

JPEG at quality 95 takes a fifth of the bytes of plain pixels, and decoding one costs a few per
cent of what the network then spends on it: thousands of photos fit a small disk, and none is held
in memory.

The file is a mark, the JPEGs one behind the other, a table (offset, length and CRC-32 of each),
and where the table begins.
"""

from __future__ import annotations

import io
import math
import os
import struct
import zlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tagging.backbones.cards import BackboneCard

LEAST_SIDE = 256
_QUALITY = 95
# Of a panorama the middle is kept: beyond this ratio of its sides one photo would cost as much
# memory as many, and random crops would hardly meet what it shows.
_WIDEST = 3

_MARK = b"eyes photos 1\n"
_TABLE = np.dtype([("offset", "<u8"), ("length", "<u4"), ("crc", "<u4")])
_END = struct.Struct("<QQI")  # where the table begins, how many photos, the table's CRC-32


class BrokenPhotos(ValueError):
    """Raised when the file of photos is missing, cut short or damaged; the message says how."""


def side_for(card: BackboneCard) -> int:
    """Return how many pixels the shorter side needs so that the central crop fills the input."""
    return max(LEAST_SIDE, math.ceil(card.input_size / card.crop))


def write_photos(path: Path, photos: Iterable[Image.Image], side: int = LEAST_SIDE) -> int:
    """Write RGB photos in the order given, scaled so that the shorter side has `side` pixels, and
    return how many there were.

    One photo is held at a time. A photo that is smaller already stays as it is: larger would say
    nothing more. Raises ValueError for another mode than RGB; nothing is left then.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with part.open("wb") as file:
            file.write(_MARK)
            rows = [_append(file, _fitted(photo, side)) for photo in photos]
            table = np.array(rows, dtype=_TABLE).tobytes()
            begins = file.tell()
            file.write(table + _END.pack(begins, len(rows), zlib.crc32(table)))
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
    return len(rows)


class PhotoCache:
    """The photos that `write_photos` wrote, by number. Several threads may read at once."""

    def __init__(self, path: Path) -> None:
        """Open the file; raises BrokenPhotos where it is not whole."""
        self._name = path.name
        try:
            self._file = os.open(path, os.O_RDONLY)
        except OSError as error:
            raise BrokenPhotos(f"{path.name} cannot be opened: {error.strerror}.") from error
        try:
            self._table = self._read_table()
        except BrokenPhotos:
            os.close(self._file)
            raise

    def __len__(self) -> int:
        """Return how many photos there are."""
        return len(self._table)

    def photo(self, index: int) -> Image.Image:
        """Return one photo in RGB; raises BrokenPhotos where its bytes have changed."""
        row = self._table[index]
        data = os.pread(self._file, int(row["length"]), int(row["offset"]))
        if len(data) != row["length"] or zlib.crc32(data) != row["crc"]:
            raise BrokenPhotos(f"Photo {index} in {self._name} is damaged.")
        with Image.open(io.BytesIO(data)) as opened:
            return opened.convert("RGB")

    def pixels(self, index: int) -> NDArray[np.uint8]:
        """Return one photo as uint8 [height, width, 3]; raises BrokenPhotos as `photo` does."""
        return np.asarray(self.photo(index), dtype=np.uint8)

    def __enter__(self) -> PhotoCache:
        """Return this cache, to be closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        os.close(self._file)

    def _read_table(self) -> NDArray[np.void]:
        size = os.fstat(self._file).st_size
        if os.pread(self._file, len(_MARK), 0) != _MARK or size < len(_MARK) + _END.size:
            raise BrokenPhotos(f"{self._name} holds no photos of a fine-tuning.")
        begins, count, crc = _END.unpack(os.pread(self._file, _END.size, size - _END.size))
        if begins + count * _TABLE.itemsize + _END.size != size:
            raise BrokenPhotos(f"{self._name} is cut short or was changed.")
        table = os.pread(self._file, count * _TABLE.itemsize, begins)
        if zlib.crc32(table) != crc:
            raise BrokenPhotos(f"The table of {self._name} is damaged.")
        return np.frombuffer(table, dtype=_TABLE)


def _append(file: io.BufferedWriter, photo: Image.Image) -> tuple[int, int, int]:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=_QUALITY, subsampling=0)
    data = buffer.getvalue()
    offset = file.tell()
    file.write(data)
    return offset, len(data), zlib.crc32(data)


def _fitted(photo: Image.Image, side: int) -> Image.Image:
    """Return the photo with `side` pixels on the shorter side, the middle of it if very long."""
    if photo.mode != "RGB":
        raise ValueError(f"The photo is in mode {photo.mode!r}, expected 'RGB'.")
    width, height = photo.size
    shorter = min(width, height)
    kept = min(width, shorter * _WIDEST), min(height, shorter * _WIDEST)
    left, top = (width - kept[0]) / 2, (height - kept[1]) / 2
    scale = min(1.0, side / shorter)
    size = round(kept[0] * scale), round(kept[1] * scale)
    box = (left, top, left + kept[0], top + kept[1])
    if size == photo.size:
        return photo
    return photo.resize(size, Image.Resampling.BICUBIC, box=box, reducing_gap=3.0)
