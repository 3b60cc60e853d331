"""Figures in words, as pages, reports, the gate and the learning curve speak of them."""

from __future__ import annotations

from collections.abc import Iterable

# A sentence that names more would not be read.
_MOST_NAMED = 8


def percent(share: float | None, *, digits: int = 1) -> str:
    """Return for example `83.1 %`, or a dash where nothing can be said."""
    return "–" if share is None else f"{share * 100:.{digits}f} %"


def points(share: float, *, sign: bool = True, unit: bool = True) -> str:
    """Return for example `+2.2 points`; 0.01 is one point."""
    number = f"{share * 100:+.1f}" if sign else f"{share * 100:.1f}"
    return f"{number} points" if unit else number


def count(number: int, noun: str) -> str:
    """Return for example `1 new tag` or `1,200 test photos`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def enumerate_words(words: Iterable[str]) -> str:
    """Return the words with commas, and of many only the first and how many more there are."""
    told = list(words)
    more = len(told) - _MOST_NAMED
    return ", ".join(told) if more <= 1 else f"{', '.join(told[:_MOST_NAMED])} and {more} more"
