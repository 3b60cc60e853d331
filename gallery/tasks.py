"""Jobs of this room. Each may run twice without harm."""

from __future__ import annotations


def prune_notices() -> str:
    """Delete what people were told long ago; return in words how much that was."""
    from gallery import notices

    return f"{notices.prune_notices()} old notices deleted."


def forget_expired_uploads() -> str:
    """Give up uploads that nobody went on with in time; return in words how many."""
    from gallery.services import uploads

    return f"{uploads.forget_expired_uploads()} unfinished uploads forgotten."
