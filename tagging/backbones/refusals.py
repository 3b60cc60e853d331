"""How a process of its own tells in one line, beside all else that it prints, why it refuses."""

from __future__ import annotations

from collections.abc import Iterable

REFUSAL_MARK = "refused: "


def refusal_in(lines: Iterable[str]) -> str | None:
    """Return the reason that a process gave on its standard error; None where it gave none."""
    marked = (line for line in lines if line.startswith(REFUSAL_MARK))
    return next((line.removeprefix(REFUSAL_MARK) for line in marked), None)
