"""A question cut into its pieces, each with its place. Pure: no Django."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tagging.finding.errors import QuestionError

# A question is never as long as this.
TOO_LONG: Final = 2000
_SEPARATORS: Final = frozenset(" \t\n\r\v\f\u00a0\u3000,;")
# Phones and word processors turn plain quotation marks into these.
_CLOSING: Final = {'"': '"', "“": "”„“", "„": "“”", "”": "”", "«": "»"}
_FIELD: Final = re.compile(r"([^\W\d_]+):")


class Kind(StrEnum):
    """What a piece of a question is."""

    WORD = "word"
    FIELD = "field"
    AND = "AND"
    OR = "OR"
    NOT = "NOT"
    MINUS = "-"
    OPEN = "("
    CLOSE = ")"


@dataclass(frozen=True)
class Token:
    """A piece: what it says, which field it speaks of, and where it stands in the question."""

    kind: Kind
    text: str
    start: int
    end: int
    field: str = ""
    is_quoted: bool = False


def cut_question(question: str) -> list[Token]:
    """Return the pieces of a question in their order.

    Raises QuestionError for one of 2,000 characters or more, for quotation marks that are not
    closed and for a field without anything after its colon.
    """
    if len(question) >= TOO_LONG:
        raise QuestionError("too_long", 0, 0, length=len(question), most=TOO_LONG - 1)
    tokens: list[Token] = []
    place = 0
    while place < len(question):
        if question[place] in _SEPARATORS:
            place += 1
            continue
        token = _token_at(question, place)
        tokens.append(token)
        place = token.end
    return tokens


def _token_at(question: str, start: int) -> Token:
    """Return the piece that begins here."""
    first = question[start]
    if first in "()":
        return Token(Kind(first), first, start, start + 1)
    if first == "-":
        if question[start + 1 : start + 2] in {"", *_SEPARATORS}:
            # Between spaces it is a dash, and what it should take away is anybody's guess.
            raise QuestionError("no_right", start, start + 1, operator="-")
        return Token(Kind.MINUS, "-", start, start + 1)
    if first in _CLOSING:
        text, end = _quoted(question, start)
        return Token(Kind.WORD, text, start, end, is_quoted=True)
    named = _FIELD.match(question, start)
    if named:
        return _field_at(question, named)
    text = _word(question, start)
    end = start + len(text)
    if text in (Kind.AND, Kind.OR, Kind.NOT):
        return Token(Kind(text), text, start, end)
    return Token(Kind.WORD, text, start, end)


def _field_at(question: str, named: re.Match[str]) -> Token:
    """Return a field with its value, which follows without a space."""
    start, place = named.start(), named.end()
    name = named.group(1).lower()
    if place < len(question) and question[place] in _CLOSING:
        text, end = _quoted(question, place)
        is_quoted = True
    else:
        text = _word(question, place)
        end, is_quoted = place + len(text), False
    if not text:
        raise QuestionError("empty_field", start, end, field=name)
    return Token(Kind.FIELD, text, start, end, field=name, is_quoted=is_quoted)


def _quoted(question: str, start: int) -> tuple[str, int]:
    """Return what stands between the quotation marks, and the place after the closing one."""
    closing = _CLOSING[question[start]]
    for place in range(start + 1, len(question)):
        if question[place] in closing:
            text = " ".join(question[start + 1 : place].split())
            if not text:
                raise QuestionError("empty_quotes", start, place + 1)
            return text, place + 1
    raise QuestionError("open_quote", start, len(question))


def _word(question: str, start: int) -> str:
    """Return the characters up to the next space, comma or parenthesis."""
    end = start
    while end < len(question) and question[end] not in _SEPARATORS and question[end] not in "()":
        end += 1
    return question[start:end]
