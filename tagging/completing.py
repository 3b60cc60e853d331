"""What the last word of a question may become while it is typed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from django.utils.translation import gettext as _

from gallery.models import Image, User, Viewer
from tagging.finding.fields import CHOICES, FIELDS, SYNONYMS
from tagging.finding.tokens import TOO_LONG
from tagging.models import Tag
from tagging.names import TagNameError, normalise_tag_name

MOST: Final = 8
# The piece after the last space or parenthesis; “-”, a field or a quotation mark may stand before.
_BEFORE: Final = r"(?P<head>(?:.*[\s,;(])?-?)(?:(?P<field>[^\W\d_]+):)?"
_LAST: Final = re.compile(_BEFORE + r"(?P<word>[^\s,;()]*)", re.DOTALL)
_QUOTED: Final = re.compile(_BEFORE + r'"(?P<word>[^"]*)', re.DOTALL)


@dataclass(frozen=True)
class Completion:
    """A whole question, and what the end of it means."""

    question: str
    label: str


def complete_question(question: str, viewer: Viewer) -> list[Completion]:
    """Return what the question may become when its last word is completed, in two queries at most.

    Tags for a word and after `tag:`, people after `by:`, cameras after `camera:`, the choices of
    other fields after theirs, and the fields themselves.
    """
    if len(question) >= TOO_LONG or "\x00" in question:
        return []
    is_open_quote = question.count('"') % 2 == 1
    found = (_QUOTED if is_open_quote else _LAST).fullmatch(question)
    if found is None:
        return []
    head, name, word = found["head"], (found["field"] or "").lower(), found["word"]
    name = SYNONYMS.get(name, name)
    prefix = f"{head}{found['field']}:" if name else head
    if name in CHOICES:
        return [
            Completion(prefix + choice, choice)
            for choice in CHOICES[name] if choice.startswith(word.lower())
        ][: MOST * 2]  # fmt: skip
    if name == "by":
        return _ended(prefix, _people(word), _("person"))
    if name == "camera":
        return _ended(prefix, _cameras(word), _("camera"))
    if name not in ("", "tag") or not word:
        return []
    fields = [] if name else [
        Completion(f"{prefix}{field}:", _("field"))
        for field in FIELDS if field.startswith(word.lower()) and not is_open_quote
    ]  # fmt: skip
    return (_ended(prefix, _tags(word, viewer), _("tag")) + fields)[:MOST]


def _ended(prefix: str, words: list[str], label: str) -> list[Completion]:
    """Return the beginning of the question with each of these, in quotation marks if need be."""
    return [
        Completion(prefix + (word if re.fullmatch(r"[^\s,;():]+", word) else f'"{word}"'), label)
        for word in words if '"' not in word
    ]  # fmt: skip


def _tags(typed: str, viewer: Viewer) -> list[str]:
    try:
        beginning = normalise_tag_name(typed)
    except TagNameError:
        return []
    return [tag.name for tag in Tag.objects.completing(beginning, viewer)[:MOST]]


def _people(typed: str) -> list[str]:
    people = User.objects.filter(username__istartswith=typed, is_active=True, left_at=None)
    return list(people.order_by("username").values_list("username", flat=True)[:MOST])


def _cameras(typed: str) -> list[str]:
    """Return cameras of photos that everybody may see and whose owners show the camera."""
    photos = Image.objects.on_show().filter(shows_camera=True, camera__icontains=typed)
    cameras = photos.exclude(camera="").order_by("camera").values_list("camera", flat=True)
    return list(cameras.distinct()[:MOST])
