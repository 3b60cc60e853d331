"""Days, months and years as people write them in a question. Pure: no Django."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final

_PERIOD: Final = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?", re.ASCII)


@dataclass(frozen=True)
class Period:
    """From the first day on, up to but without `end`; None is open."""

    start: date | None
    end: date | None


def read_period(text: str) -> Period:
    """Return the period that `2024`, `2024-05`, `2024-05-03` or two of them with `..` name.

    One side of `..` may be left out. Raises ValueError for anything else, and for a period that
    ends before it begins.
    """
    first, dots, last = text.partition("..")
    if not dots:
        return _single(first)
    if not (first or last):
        raise ValueError("A period without a beginning and an end.")
    start = _single(first).start if first else None
    end = _single(last).end if last else None
    if start and end and start >= end:
        raise ValueError("The period ends before it begins.")
    return Period(start, end)


def read_first_day(text: str) -> date:
    """Return the first day of a year, month or day; raise ValueError for anything else."""
    start = _single(text).start
    if start is None:
        raise ValueError("No date.")
    return start


def _single(text: str) -> Period:
    found = _PERIOD.fullmatch(text)
    if found is None:
        raise ValueError("Neither a year nor a month nor a day.")
    year, month, day = (int(piece) if piece else None for piece in found.groups())
    if year is None or not 1000 <= year < 9999:
        raise ValueError("No photo is of that year.")
    if month is None:
        return Period(date(year, 1, 1), date(year + 1, 1, 1))
    if day is None:
        start = date(year, month, 1)
        return Period(start, (start + timedelta(days=31)).replace(day=1))
    start = date(year, month, day)
    return Period(start, start + timedelta(days=1))
