"""What is wrong with a question, said to a person."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from tagging.finding.errors import QuestionError

SENTENCES: Final = {
    "too_long": gettext_noop(
        "The question has %(length)s characters; %(most)s are the most it may have."
    ),
    "too_many": gettext_noop("The question asks %(terms)s things at once; %(most)s are the most."),
    "too_deep": gettext_noop("The parentheses are nested more than %(most)s deep."),
    "open_quote": gettext_noop("This quotation mark is never closed."),
    "empty_quotes": gettext_noop("There is nothing between these quotation marks."),
    "no_close": gettext_noop("This parenthesis is never closed."),
    "no_open": gettext_noop("This parenthesis closes none that was opened."),
    "empty_group": gettext_noop("There is nothing in these parentheses."),
    "no_left": gettext_noop("Nothing stands before “%(operator)s”."),
    "no_right": gettext_noop("Nothing follows “%(operator)s”."),
    "empty_field": gettext_noop("Say right after “%(field)s:”, without a space, what you mean."),
    "unknown_field": gettext_noop(
        "There is no field “%(field)s:”. To search for the words themselves, put them in "
        "quotation marks."
    ),
    "near_field": gettext_noop("There is no field “%(field)s:”. Did you mean “%(meant)s:”?"),
    "unknown_choice": gettext_noop("“%(field)s:%(value)s” is none of: %(choices)s."),
    "no_date": gettext_noop(
        "“%(value)s” is no date. Write a year, a month or a day: 2025, 2025-05 or 2025-05-03."
    ),
    "log_in_for_liked": gettext_noop("Log in to search among the photos that you like."),
    "said_inside": gettext_noop(
        "“said:” speaks of the whole question: write it once, and outside of parentheses, "
        "NOT and OR."
    ),
}


def explain(error: QuestionError) -> str:
    """Return what is wrong in a sentence, and at which character."""
    code = "near_field" if error.values.get("meant") else error.code
    values = {name: _printable(value) for name, value in error.values.items()}
    sentence = str(_(SENTENCES[code]) % values)
    if error.end <= error.start:
        return sentence
    place = _("(at character %(place)s)") % {"place": error.start + 1}
    return f"{sentence} {place}"


def _printable(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    text = str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"
