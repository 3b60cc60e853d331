"""Why an upload is refused: one exception for the protocol, the page and the services."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

# What the tus protocol answers where the bytes of a piece are not those of its checksum.
CHECKSUM_MISMATCH = 460


class UploadRefused(Exception):
    """A request that cannot be granted: an HTTP status, a code for programs, words for people."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        problems: Mapping[str, list[str]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.problems = dict(problems or {})


def malformed(message: str) -> UploadRefused:
    """Return the refusal of a request that breaks the protocol."""
    return UploadRefused(HTTPStatus.BAD_REQUEST, "malformed", message)
