"""Marks texts for translation where no Django is known; `gallery.problems` translates them."""

from __future__ import annotations


def gettext_noop(text: str) -> str:
    """Return the text as it is: the mark is for `makemessages`, which goes by the name."""
    return text
