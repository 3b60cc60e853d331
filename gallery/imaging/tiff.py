"""The directories of a TIFF file, walked without trusting them: they tell a raw from a photo."""

from __future__ import annotations

import struct
from collections.abc import Iterator

# Tags that tell a raw file from a picture.
PHOTOMETRIC = 262
MAKE = 271
SUB_DIRECTORIES = 330
DNG_VERSION = 50706
# PhotometricInterpretation of pixels as the sensor saw them: a mosaic of colours, or linear ones.
SENSOR_PIXELS = frozenset({32803, 34892})

# A hostile file may chain directories in a circle or by the million.
MOST_DIRECTORIES = 32
MOST_ENTRIES = 512
# How long a value of each type is: byte, text, short, long.
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 13: 4}
CODES = {1: "B", 3: "H", 4: "I", 13: "I"}

Directory = dict[int, tuple[int, ...] | bytes]


def tiff_directories(data: bytes) -> Iterator[Directory]:
    """Yield the directories of a TIFF file and those below them; numbers and texts of each tag.

    The order of bytes is read from the first two; the two after them are not looked at, since
    cameras write their own. What is broken is left out.
    """
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    if order is None or len(data) < 8:
        return
    waiting = [_number(data, order + "I", 4)]
    seen: set[int] = set()
    while waiting and len(seen) < MOST_DIRECTORIES:
        offset = waiting.pop(0)
        if offset in seen or not 8 <= offset <= len(data) - 2:
            continue
        seen.add(offset)
        directory, following = _read_directory(data, order, offset)
        yield directory
        below = directory.get(SUB_DIRECTORIES, ())
        waiting += [following, *(below if isinstance(below, tuple) else ())]


def _read_directory(data: bytes, order: str, offset: int) -> tuple[Directory, int]:
    count = min(_number(data, order + "H", offset), MOST_ENTRIES)
    directory: Directory = {}
    for place in range(offset + 2, offset + 2 + 12 * count, 12):
        if place + 12 > len(data):
            return directory, 0
        tag, kind, length = struct.unpack_from(order + "HHI", data, place)
        size = SIZES.get(kind, 0) * length
        if not 0 < size <= MOST_ENTRIES:
            continue
        start = place + 8 if size <= 4 else _number(data, order + "I", place + 8)
        value = data[start : start + size]
        if len(value) == size:
            directory[tag] = (
                value if kind == 2 else struct.unpack(f"{order}{length}{CODES[kind]}", value)
            )
    return directory, _number(data, order + "I", offset + 2 + 12 * count)


def _number(data: bytes, code: str, place: int) -> int:
    """Return one number, 0 where the file has ended."""
    if place + struct.calcsize(code) > len(data):
        return 0
    number: int = struct.unpack_from(code, data, place)[0]
    return number
