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
    """A file that cannot become a photo. The message is for people, `code` for programs.

    `values` are numbers as English prints them, which `message` names as `%(name)s`, so that
    whoever speaks to people can say the same in another language.
    """

    def __init__(self, message: str, code: str, **values: str) -> None:
        super().__init__(message % values if values else message)
        self.message, self.code, self.values = message, code, values
