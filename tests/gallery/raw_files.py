"""A camera's raw file made by hand: the smallest DNG that LibRaw opens."""

from __future__ import annotations

import struct

Entry = tuple[int, int, list[int] | list[tuple[int, int]] | bytes]

BYTE, TEXT, SHORT, LONG, RATIONAL, SIGNED = 1, 2, 3, 4, 5, 10
LETTERS = {BYTE: "B", SHORT: "H", LONG: "I", RATIONAL: "2I", SIGNED: "2i"}
MOSAIC = 32803
ONE, NONE = (1, 1), (0, 1)


def directory(entries: list[Entry], place: int) -> bytes:
    """Return a TIFF directory that will lie at this place, its longer values behind it."""
    body, behind = b"", b""
    start = place + 2 + 12 * len(entries) + 4
    for tag, kind, values in sorted(entries):
        if isinstance(values, bytes):
            data = values
        else:
            numbers = [value if isinstance(value, tuple) else (value,) for value in values]
            data = b"".join(struct.pack("<" + LETTERS[kind], *number) for number in numbers)
        head = struct.pack("<HHI", tag, kind, len(values))
        if len(data) <= 4:
            body += head + data.ljust(4, b"\x00")
        else:
            body += head + struct.pack("<I", start + len(behind))
            behind += data + b"\x00" * (len(data) % 2)
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", 0) + behind


def dng(
    preview: bytes | None,
    *,
    size: tuple[int, int] = (320, 240),
    orientation: int = 1,
    maker: bytes = b"Hasselblad\x00",
    is_dng: bool = True,
) -> bytes:
    """Return a raw file of 64 × 64 sensor pixels with this JPEG as its preview, or with none."""
    sensor = bytes(range(256)) * 32
    mosaic: list[Entry] = [
        (254, LONG, [0]),
        (256, LONG, [64]),
        (257, LONG, [64]),
        (258, SHORT, [16]),
        (259, SHORT, [1]),
        (262, SHORT, [MOSAIC]),
        (277, SHORT, [1]),
        (278, LONG, [64]),
        (279, LONG, [len(sensor)]),
        (33421, SHORT, [2, 2]),
        (33422, BYTE, [0, 1, 1, 2]),
    ]
    about: list[Entry] = [
        (271, TEXT, maker),
        (272, TEXT, b"X1D II\x00"),
        (274, SHORT, [orientation]),
    ]
    if is_dng:
        about += [
            (50706, BYTE, [1, 4, 0, 0]),
            (50708, TEXT, b"X1D II\x00"),
            (50721, SIGNED, [ONE, NONE, NONE, NONE, ONE, NONE, NONE, NONE, ONE]),
        ]
    if preview is None:
        return _without_preview(about, mosaic, sensor)
    small: list[Entry] = [
        (254, LONG, [1]),
        (256, LONG, [size[0]]),
        (257, LONG, [size[1]]),
        (258, SHORT, [8, 8, 8]),
        (259, SHORT, [7]),
        (262, SHORT, [6]),
        (277, SHORT, [3]),
        (278, LONG, [size[1]]),
        (279, LONG, [len(preview)]),
    ]
    first = [*about, *small]
    below = 8 + len(directory([*first, (273, LONG, [0]), (330, LONG, [0])], 8))
    photo_at = below + len(directory([*mosaic, (273, LONG, [0])], below))
    preview_padded = preview + b"\x00" * (len(preview) % 2)
    sensor_at = photo_at + len(preview_padded)
    return b"".join(
        [
            b"II*\x00" + struct.pack("<I", 8),
            directory([*first, (273, LONG, [photo_at]), (330, LONG, [below])], 8),
            directory([*mosaic, (273, LONG, [sensor_at])], below),
            preview_padded,
            sensor,
        ]
    )


def _without_preview(about: list[Entry], mosaic: list[Entry], sensor: bytes) -> bytes:
    only = [*about, *mosaic]
    sensor_at = 8 + len(directory([*only, (273, LONG, [0])], 8))
    head = b"II*\x00" + struct.pack("<I", 8)
    return head + directory([*only, (273, LONG, [sensor_at])], 8) + sensor
