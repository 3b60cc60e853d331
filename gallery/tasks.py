"""Jobs of this room. Each may run twice without harm."""

from __future__ import annotations


def prune_notices() -> str:
    """Delete what people were told long ago; return in words how much that was."""
    from gallery import notices

    return f"{notices.prune_notices()} old notices deleted."
