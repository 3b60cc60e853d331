"""The policy as moderators read it: each number with the comment that stands above it. Pure.

The comments of `tagging.policy` are the only place where a number's meaning and source are told;
the page of the admin prints them, so that code and page cannot say different things.
"""

from __future__ import annotations

import inspect
import re
import textwrap
from dataclasses import dataclass, field

from tagging.policy import PRESETS, Policy

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


def as_markdown() -> str:
    """Return both presets side by side, for docs/policy.md and the command line."""
    names = list(PRESETS)
    lines = [
        "# The policy",
        "",
        "Every number of the loop, for people who know each other (`community`, the default)",
        "and for strangers (`public`, by EYES_POLICY). `manage.py policy` prints this page from",
        "the comments of `tagging/policy.py`; the admin shows it as well. Shares and",
        "probabilities lie between 0 and 1.",
    ]
    section = ""
    for passage in read_passages():
        if passage.section != section:
            section = passage.section
            lines += ["", f"## {section}"]
        lines += ["", *textwrap.wrap(passage.words, 100), ""] if passage.words else [""]
        lines += [f"| number | {' | '.join(names)} |", f"|---|{'---:|' * len(names)}"]
        for name in passage.names:
            values = [in_words(getattr(preset, name)) for preset in PRESETS.values()]
            lines.append(f"| `{name}` | {' | '.join(values)} |")
    return "\n".join(lines) + "\n"
