"""Telling a full disk from other errors."""

import errno


def is_full_disk(error: BaseException) -> bool:
    """Return whether an error says that the disk, or this person's share of it, is full."""
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
