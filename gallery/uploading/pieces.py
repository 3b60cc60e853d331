"""The bytes of an upload so far: one file that one request at a time may write to."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from django.http import HttpRequest
from django.http.request import UnreadablePostError
from django.utils.translation import gettext as _

from gallery.full_disk import is_full_disk
from gallery.uploading.refusals import UploadRefused

_AT_ONCE = 64 * 1024


@contextmanager
def held_file(path: Path) -> Iterator[BinaryIO]:
    """Yield the file for reading and writing, locked for everybody else until the end.

    The lock hangs on the open file: a process that is killed lets go of it. Raises UploadRefused,
    423 where another request writes at this moment and 410 where the bytes are gone.
    """
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        raise gone() from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UploadRefused(
                HTTPStatus.LOCKED, "locked", _("This file is being uploaded elsewhere right now.")
            ) from None
        yield file


def gone() -> UploadRefused:
    """Return the refusal of an upload whose bytes are no longer kept."""
    return UploadRefused(
        HTTPStatus.GONE, "gone", _("This upload has expired. Please upload the file again.")
    )


def receive(request: HttpRequest, most: int) -> tuple[bytearray, bool]:
    """Return the bytes of the request's body, `most` at most, and whether all of them came.

    A connection that breaks leaves what came before: the upload goes on from there.
    """
    received = bytearray()
    try:
        while len(received) < most:
            some = request.read(min(_AT_ONCE, most - len(received)))
            if not some:
                break
            received += some
    except UnreadablePostError:
        return received, False
    announced = int(request.META.get("CONTENT_LENGTH") or 0)
    return received, len(received) >= announced


def write_piece(file: BinaryIO, offset: int, piece: bytes | bytearray) -> None:
    """Let the file be its first `offset` bytes and the piece, nothing more.

    Bytes beyond the offset are those of a request that was killed before its row was written.
    Raises UploadRefused (507) where the disk is full, and leaves what was there before.
    """
    try:
        file.truncate(offset)
        file.seek(offset)
        file.write(piece)
        file.flush()
    except OSError as error:
        file.truncate(offset)
        if not is_full_disk(error):
            raise
        raise UploadRefused(
            HTTPStatus.INSUFFICIENT_STORAGE,
            "full",
            _("There is no space left here at the moment. Please try again later."),
        ) from error
