"""The policy as moderators read it: each number with the comment that stands above it. Pure.

The comments of `tagging.policy` are the only place where a number's meaning and source are told;
the page of the admin prints them, so that code and page cannot say different things.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass, field

from tagging.policy import Policy

_SECTION = re.compile(r"    # --- (.+?) -+$")
_COMMENT = re.compile(r"    # (.+)$")
_FIELD = re.compile(r"    ([a-z]\w*): ")


@dataclass
class Passage:
    """One comment and the numbers that it explains."""

    section: str
    words: str
    names: list[str] = field(default_factory=list)


def read_passages() -> list[Passage]:
    """Return every comment of the policy in order, with the fields that follow it."""
    passages: list[Passage] = []
    section, words = "", ""
    for line in inspect.getsource(Policy).splitlines():
        if heading := _SECTION.match(line):
            section, words = heading[1], ""
        elif comment := _COMMENT.match(line):
            words = f"{words} {comment[1]}".strip()
        elif number := _FIELD.match(line):
            if words or not passages or passages[-1].section != section:
                passages.append(Passage(section, words))
            passages[-1].names.append(number[1])
            words = ""
    return [passage for passage in passages if passage.section]


def in_words(value: object) -> str:
    """Return a value of the policy as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, tuple):
        return ", ".join(f"{share:.0%} from {least}" for least, share in value)
    return str(value)
