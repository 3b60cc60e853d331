"""What people write in their own words: made plain before it is kept, made safe when it is shown.

The rule for what is kept, the same for comments and for what people say about themselves:
line breaks are line feeds, with one empty line between paragraphs at most; control characters,
halves of characters and those that turn the direction of what follows go; of marks that stand
on top of each other four stay on one letter, which is more than any language needs.
"""

from __future__ import annotations

import re
import unicodedata

from django.utils.html import Urlizer, linebreaks
from django.utils.safestring import SafeString, mark_safe

MOST_MARKS = 4
# Embeddings, overrides and isolates: they could turn a link or a name around. The plain marks of
# direction stay, and so do the joiners that Persian and emoji need.
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
INVISIBLE = frozenset("\u200b\u2060\ufeff\u00ad")
_BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+\n")


class SafeUrlizer(Urlizer):
    """Addresses become links that lend the site's name to nobody."""

    url_template = '<a href="{href}" rel="nofollow ugc noopener"{attrs}>{url}</a>'


_urlize = SafeUrlizer()


def clean_text(raw: str) -> str:
    """Return the words as they are kept; "" where nothing would be seen of them."""
    text = unicodedata.normalize("NFC", raw.replace("\r\n", "\n").replace("\r", "\n"))
    kept: list[str] = []
    marks = 0
    for character in text:
        kind = unicodedata.category(character)
        marks = marks + 1 if kind in {"Mn", "Me"} else 0
        if marks > MOST_MARKS or character in TURNING or character in INVISIBLE:
            continue
        if kind in {"Cc", "Cs"} and character not in "\n\t":
            continue
        kept.append(character)
    tidy = _BLANK_LINES.sub("\n\n", "".join(kept)).strip()
    return tidy if any(_is_seen(character) for character in tidy) else ""


def in_one_line(text: str, longest: int) -> str:
    """Return the words in one line of at most so many characters, for notices and subjects."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def show_text(text: str) -> SafeString:
    """Return HTML that shows the words as they are: line breaks kept, addresses as links."""
    # Every character of the words is escaped by the urlizer; linebreaks adds <p> and <br> only.
    linked = _urlize(text, nofollow=False, autoescape=True)
    return mark_safe(linebreaks(linked))


def _is_seen(character: str) -> bool:
    return unicodedata.category(character)[0] not in "CZM"
