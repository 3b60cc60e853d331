"""Somebody's tus client: one call for each request of the protocol."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from django.http import HttpResponse
from django.test import Client

FILES = "/upload/files/"
PIECE = "application/offset+octet-stream"


def metadata(**told: str) -> str:
    """Return names and values as the header carries them."""
    return ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in told.items()
    )


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def checksum(data: bytes, algorithm: str = "sha256") -> str:
    digest = hashlib.new(algorithm, data).digest()
    return f"{algorithm} {base64.b64encode(digest).decode()}"


class TusClient:
    """Speaks the protocol for whoever is logged in with the client."""

    def __init__(self, client: Client, files: str = FILES) -> None:
        self.client = client
        self.files = files

    def ask(self, method: str, address: str, body: bytes = b"", **headers: str) -> HttpResponse:
        """Send one request; headers are given with underscores instead of hyphens."""
        told = {"Tus-Resumable": "1.0.0"}
        told.update({name.replace("_", "-"): value for name, value in headers.items()})
        content_type = told.pop("Content-Type", PIECE if body or method == "PATCH" else "")
        # Without a body the test client forgets the type, which real ones send all the same.
        typed = {} if body else {"CONTENT_TYPE": content_type}
        answer: Any = self.client.generic(
            method, address, body, content_type=content_type, headers=told, **typed
        )
        return answer  # type: ignore[no-any-return]

    def begin(self, size: int, body: bytes = b"", **told: str) -> HttpResponse:
        """Begin an upload, with its first bytes if given."""
        extra = {"Upload_Metadata": metadata(**told)} if told else {}
        return self.ask("POST", self.files, body, Upload_Length=str(size), **extra)

    def address(self, size: int, **told: str) -> str:
        """Begin an upload and return where it goes on."""
        answer = self.begin(size, **told)
        assert answer.status_code == 201, answer.content
        return answer["Location"]

    def send(self, address: str, offset: int, piece: bytes, **headers: str) -> HttpResponse:
        """Send a piece."""
        headers.setdefault("Content_Type", PIECE)
        return self.ask("PATCH", address, piece, Upload_Offset=str(offset), **headers)

    def offset(self, address: str) -> int:
        """Return where the server wants to go on."""
        return int(self.ask("HEAD", address)["Upload-Offset"])
