"""What a tag may be called, and the address its page gets. Reads nothing from anywhere."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from typing import Final

from django.utils.translation import gettext as _

LONGEST_NAME: Final = 64
LONGEST_SLUG: Final = 150
# Addresses below /tags/ that pages of the site use themselves.
RESERVED_SLUGS: Final = frozenset({"autocomplete"})

_SPACING_CONTROLS: Final = frozenset("\t\n\v\f\r")
# Persian words and families of emoji are spelled with these two; nothing else invisible is.
_JOINERS: Final = frozenset("\u200c\u200d")


class TagNameError(ValueError):
    """The text cannot be a tag's name; the message tells a person why."""


def normalise_tag_name(text: str) -> str:
    """Return the name a tag is kept under: trimmed, single spaces, NFC, lower case.

    Nothing else changes: `shoes` stays plural and `t-shirt` keeps its hyphen, because guessing
    what people mean would merge words that somebody wants apart. The result is stable: a
    normalised name normalises to itself.

    Raises TagNameError for text that is empty, longer than 64 characters, holds control or
    invisible characters, or `<` or `>`.
    """
    if "<" in text or ">" in text:
        raise TagNameError(_("A tag is plain words: it cannot contain “<” or “>”."))
    if any(_is_unprintable(character) for character in text):
        raise TagNameError(_("This tag contains control or invisible characters."))
    name = " ".join(unicodedata.normalize("NFC", text).split())
    name = unicodedata.normalize("NFC", name.lower())
    if not any(unicodedata.category(character)[0] in "LNPSC" for character in _visible(name)):
        raise TagNameError(_("A tag needs at least one letter, digit or sign."))
    if len(name) > LONGEST_NAME:
        raise TagNameError(
            _("This tag has %(length)d characters; %(most)d are the most a tag may have.")
            % {"length": len(name), "most": LONGEST_NAME}
        )
    return name


def tag_slug(name: str) -> str:
    """Return an address for a normalised name, in its own script.

    Letters, accents and digits of every script stay; spaces and punctuation become hyphens; a
    symbol or emoji becomes its code point (`🦀` is `u1f980`), so that every name has an address
    that can be typed and linked. Two names may share it (`t-shirt`, `t shirt`): whoever stores
    tags appends a number, see `numbered_slug`.
    """
    pieces = [_slug_piece(character) for character in name]
    slug = re.sub("-+", "-", "".join(pieces)).strip("-")
    if not slug:
        slug = "-".join(_code_point(character) for character in name)
    if len(slug) > LONGEST_SLUG:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        slug = f"{slug[: LONGEST_SLUG - 9]}-{digest}"
    return slug


def numbered_slug(slug: str, taken: frozenset[str] | set[str]) -> str:
    """Return the slug, or the first of `slug-2`, `slug-3`, … that is neither taken nor reserved."""
    candidate, number = slug, 1
    while candidate in taken or candidate in RESERVED_SLUGS:
        number += 1
        candidate = f"{slug}-{number}"
    return candidate


def _is_unprintable(character: str) -> bool:
    """Return whether this is a control, a lone surrogate or an invisible formatting sign."""
    if character in _SPACING_CONTROLS or character in _JOINERS:
        return False
    return unicodedata.category(character) in {"Cc", "Cf", "Cs"}


def _visible(name: str) -> str:
    """Return the name without joiners, which show nothing on their own."""
    return "".join(character for character in name if character not in _JOINERS)


def _slug_piece(character: str) -> str:
    """Return what one character of a name contributes to the address."""
    category = unicodedata.category(character)
    if character in _JOINERS or "\ufe00" <= character <= "\ufe0f":
        return ""
    if category[0] in "LMN":
        return character
    if category[0] in "PZ":
        return "-"
    return f"-{_code_point(character)}-"


def _code_point(character: str) -> str:
    """Return for instance `u1f980`."""
    return f"u{ord(character):x}"
