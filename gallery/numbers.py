"""Numbers of rows as they come from outside: in addresses, forms and menus. Pure."""

from __future__ import annotations


def read_id(text: str) -> int | None:
    """Return the id that a text names; None for what is no number, or longer than any id."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
