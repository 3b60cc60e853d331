"""Texts out of files, made fit to be stored and shown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

MOST_KEYWORDS = 100
LONGEST_KEYWORD = 100
# Characters that turn the direction of everything after them, and so what a line seems to say.
DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def clean_text(text: str, longest: int) -> str:
    """Return the text without control characters, lone surrogates and turned directions.

    Lines stay lines. PostgreSQL refuses NUL, and no encoding knows a lone surrogate.
    """
    # A long text is cut before it is looked at, so that no file costs more than its limit.
    lines = text[: 4 * longest].replace("\r\n", "\n").replace("\r", "\n")
    kept = "".join(character for character in lines if character == "\n" or _is_shown(character))
    return unicodedata.normalize("NFC", kept).strip()[:longest].rstrip()


def clean_line(text: str, longest: int) -> str:
    """Return the same in one line, its runs of blanks made one."""
    return " ".join(clean_text(text, 4 * longest).split())[:longest].rstrip()


def clean_keywords(keywords: Iterable[str]) -> tuple[str, ...]:
    """Return at most a hundred keywords, each once whatever its case, none longer than allowed.

    A longer one is left out: cut off, it would be another word.
    """
    kept: dict[str, str] = {}
    for keyword in keywords:
        if len(kept) == MOST_KEYWORDS:
            break
        word = clean_line(keyword, LONGEST_KEYWORD + 1)
        if word and len(word) <= LONGEST_KEYWORD:
            kept.setdefault(word.casefold(), word)
    return tuple(kept.values())


def _is_shown(character: str) -> bool:
    if character in DIRECTIONS:
        return False
    return character == "\t" or unicodedata.category(character) not in {"Cc", "Cs", "Co", "Cn"}
