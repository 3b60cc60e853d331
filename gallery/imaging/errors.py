"""What goes wrong with files that strangers send."""

from __future__ import annotations

import struct
import zlib

# Everything a decoder of a hostile file has been seen to raise.
DECODER_ERRORS = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    IndexError,
    KeyError,
    TypeError,
    RuntimeError,
    OverflowError,
    struct.error,
    zlib.error,
)


class UnreadablePhoto(ValueError):
    """A file that cannot become a photo. The message is for people, `code` for programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code
