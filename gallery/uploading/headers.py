"""What the headers of the tus protocol mean (https://tus.io/protocols/resumable-upload, 1.0.0)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass

from gallery.uploading.refusals import malformed

VERSION = "1.0.0"
EXTENSIONS = ("creation", "creation-with-upload", "termination", "checksum", "expiration")
CHECKSUM_ALGORITHMS = ("sha256", "sha1")
PIECE_TYPE = "application/offset+octet-stream"
LONGEST_METADATA = 16_000

_COUNT = re.compile(r"[0-9]{1,18}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True)
class Checksum:
    """What the bytes of one request must hash to."""

    algorithm: str
    digest: bytes

    def matches(self, data: bytes | bytearray) -> bool:
        """Return whether these bytes are the ones that were meant."""
        return hashlib.new(self.algorithm, data, usedforsecurity=False).digest() == self.digest


def read_count(text: str | None, header: str) -> int:
    """Return a number of bytes; raise UploadRefused (400) for anything but a plain figure."""
    if text is None or not _COUNT.fullmatch(text.strip()):
        raise malformed(f"{header} must be a number of bytes.")
    return int(text)


def read_metadata(text: str) -> dict[str, str]:
    """Return what `Upload-Metadata` says: names with values in UTF-8, sent as Base64.

    Raises UploadRefused (400) for what the protocol does not allow: a name twice or empty, a value
    that is not Base64 of UTF-8, or one with NUL, which no database keeps.
    """
    if len(text) > LONGEST_METADATA:
        raise malformed("Upload-Metadata is too long.")
    found: dict[str, str] = {}
    for pair in filter(None, (piece.strip() for piece in text.split(","))):
        name, _, encoded = pair.partition(" ")
        if name in found:
            raise malformed(f"Upload-Metadata names “{name[:40]}” twice.")
        found[name] = _decode_value(encoded, name)
    return found


def _decode_value(encoded: str, name: str) -> str:
    try:
        value = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError):
        raise malformed(f"Upload-Metadata: “{name[:40]}” is not Base64 of UTF-8.") from None
    if "\0" in value:
        raise malformed(f"Upload-Metadata: “{name[:40]}” contains NUL.")
    return value


def read_checksum(text: str | None) -> Checksum | None:
    """Return what `Upload-Checksum` promises, None where there is none; 400 for nonsense."""
    if text is None:
        return None
    algorithm, _, encoded = text.strip().partition(" ")
    if algorithm not in CHECKSUM_ALGORITHMS:
        known = ", ".join(CHECKSUM_ALGORITHMS)
        raise malformed(f"Upload-Checksum must use one of these algorithms: {known}.")
    try:
        return Checksum(algorithm, base64.b64decode(encoded, validate=True))
    except (binascii.Error, ValueError):
        raise malformed("Upload-Checksum is not Base64.") from None


def is_sha256(text: object) -> bool:
    """Return whether this is a SHA-256 in 64 small hexadecimal digits."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def read_sha256(text: str) -> str:
    """Return the SHA-256 that the browser computed, "" where it did not; 400 for nonsense."""
    if text and not is_sha256(text):
        raise malformed("sha256 must be 64 hexadecimal digits.")
    return text
