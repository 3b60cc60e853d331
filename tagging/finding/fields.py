"""The properties that a question may speak of, and what may be said of each."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Final

from gallery.models import Colour, Licence, Viewer
from tagging.finding.errors import QuestionError
from tagging.finding.periods import read_first_day, read_period
from tagging.finding.tree import All, Field, read_question, terms_of

FIELDS: Final = (
    "tag", "by", "camera", "taken", "after", "before", "colour", "licence", "is", "album", "said",
)  # fmt: skip
ALSO_CALLED: Final = {
    "color": "colour", "license": "licence", "from": "by", "owner": "by", "since": "after",
    "until": "before", "tags": "tag",
}  # fmt: skip
# Two spellings that mean the same; the others of `ALSO_CALLED` are only suggested.
SYNONYMS: Final = {"color": "colour", "license": "licence"}
SHAPES: Final = ("portrait", "landscape", "square")
LIKED: Final = "liked"
FREE: Final = "free"
# What anybody may use, change and sell: freedomdefined.org.
FREE_LICENCES: Final = (Licence.BY, Licence.BY_SA, Licence.ZERO, Licence.PUBLIC_DOMAIN)
VOICES: Final = ("people", "network")

CHOICES: Final = {
    "colour": tuple(Colour.values),
    "licence": (FREE, *Licence.values),
    "is": (*SHAPES, LIKED),
    "said": VOICES,
}
_SPELLINGS: Final = {"gray": "grey", "violet": "purple", "teal": "turquoise"}


def understand_question(question: str, viewer: Viewer) -> All:
    """Return the tree of a question whose fields all say something possible.

    Raises QuestionError for what cannot be understood, with the place.
    """
    tree = read_question(question)
    for term in terms_of(tree):
        if isinstance(term, Field):
            check_field(term, viewer)
    _check_said(tree)
    return tree


def name_of(field: Field) -> str:
    """Return the name under which a field is known here: `colour` for `color`."""
    return SYNONYMS.get(field.name, field.name)


def value_of(field: Field) -> str:
    """Return the choice that the value of a field with choices means, in the usual spelling."""
    value = field.value.lower()
    return _SPELLINGS.get(value, value) if name_of(field) == "colour" else value


def check_field(field: Field, viewer: Viewer) -> None:
    """Raise QuestionError unless there is such a field and its value is possible."""
    name = name_of(field)
    if name not in FIELDS:
        near = get_close_matches(field.name, FIELDS, n=1, cutoff=0.5)
        meant = ALSO_CALLED.get(field.name) or (near[0] if near else "")
        raise _wrong("unknown_field", field, meant=meant)
    if name in CHOICES and value_of(field) not in CHOICES[name]:
        raise _wrong("unknown_choice", field, choices=CHOICES[name])
    if name == "is" and value_of(field) == LIKED and not viewer.is_authenticated:
        raise _wrong("log_in_for_liked", field)
    try:
        if name in ("after", "before"):
            read_first_day(field.value)
        elif name == "taken":
            read_period(field.value)
    except ValueError:
        raise _wrong("no_date", field) from None


def said_by(tree: All) -> str:
    """Return whose word counts by the question itself: people, network, or "" for anybody."""
    said = [node for node in tree.nodes if isinstance(node, Field) and name_of(node) == "said"]
    return value_of(said[-1]) if said else ""


def _check_said(tree: All) -> None:
    """Raise QuestionError where `said:` speaks of a part only, or twice: it is about the whole."""
    outside = [node for node in tree.nodes if isinstance(node, Field) and name_of(node) == "said"]
    for term in terms_of(tree):
        is_said = isinstance(term, Field) and name_of(term) == "said"
        if is_said and (term not in outside or len(outside) > 1):
            raise QuestionError("said_inside", term.start, term.end)


def _wrong(code: str, field: Field, **values: object) -> QuestionError:
    named = {"field": field.name, "value": field.value}
    return QuestionError(code, field.start, field.end, **named, **values)
