"""The words of a photo's title, description and alternative text. Pure: no Django."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_WORD: Final = 64
# A description of 2,000 characters has four hundred words; more is no text.
MOST_WORDS: Final = 500
_WORD: Final = re.compile(r"\w+")


def split_words(text: str) -> list[str]:
    """Return the distinct words of a text as they are compared: NFC, lower case, 64 characters."""
    # A few letters change when they are folded, so the text is composed again after it.
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    words = (word[:LONGEST_WORD] for word in _WORD.findall(folded))
    return list(dict.fromkeys(words))[:MOST_WORDS]
