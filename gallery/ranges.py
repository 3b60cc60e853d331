"""Serving a large file so that a download which was cut off goes on where it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase

_PIECE: Final = 1 << 18
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


def serve_file(
    request: HttpRequest, path: Path, *, name: str, content_type: str, etag: str
) -> HttpResponseBase:
    """Return the file as a download; one range of bytes where the browser asks for that.

    A range is given only of the very file it began with (`If-Range`), 416 for one that lies beyond
    the end. Raises FileNotFoundError.
    """
    opened, size = path.open("rb"), path.stat().st_size
    wanted = _wanted(request, etag)
    if wanted is None:
        whole = FileResponse(opened, as_attachment=True, filename=name, content_type=content_type)
        return _described(whole, etag)
    first, last = _bounds(wanted, size)
    if first > last:
        opened.close()
        refused = HttpResponse(status=416)
        refused["Content-Range"] = f"bytes */{size}"
        return refused
    opened.seek(first)
    part = StreamingHttpResponse(
        _pieces(opened, last - first + 1), status=206, content_type=content_type
    )
    part["Content-Length"] = str(last - first + 1)
    part["Content-Range"] = f"bytes {first}-{last}/{size}"
    return _described(part, etag)


def _described(response: HttpResponseBase, etag: str) -> HttpResponseBase:
    response["Accept-Ranges"], response["ETag"] = "bytes", etag
    response["Cache-Control"] = "private, no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _wanted(request: HttpRequest, etag: str) -> re.Match[str] | None:
    """Return the one range that is asked for, None for the whole file."""
    match = _RANGE.fullmatch(request.headers.get("Range", "").strip())
    if match is None or match.groups() == ("", ""):
        return None
    return match if request.headers.get("If-Range", etag) == etag else None


def _bounds(match: re.Match[str], size: int) -> tuple[int, int]:
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size - 1 if int(last) else -1
    return int(first), min(int(last), size - 1) if last else size - 1


def _pieces(opened: BinaryIO, left: int) -> Iterator[bytes]:
    with opened:
        while left and (piece := opened.read(min(_PIECE, left))):
            left -= len(piece)
            yield piece
