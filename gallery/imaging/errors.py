"""What goes wrong with files that strangers send."""

from __future__ import annotations

import struct
import zlib

from gallery.imaging.marking import gettext_noop

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


def damaged() -> UnreadablePhoto:
    """Return the error for a file that begins like a photo and does not hold one."""
    return UnreadablePhoto(gettext_noop("The photo is damaged or incomplete."), "damaged")


def memory_is_full() -> UnreadablePhoto:
    """Return the error for a photo that unfolds to more than there is room for."""
    return UnreadablePhoto(gettext_noop("The photo needs more memory than we have."), "memory")
