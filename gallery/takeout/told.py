"""Values out of somebody's JSON, made fit for the database or left out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from gallery.imaging.exif_fields import CLOCKS_ARE_WRONG_BY, FIRST_YEAR

Told = Mapping[str, Any]
# No camera notes a larger number, and not every database keeps one.
LARGEST: Final = 10**15


def text(told: Told, name: str, most: int) -> str:
    """Return a text of at most so many characters, "" for anything else."""
    value = told.get(name)
    return clean(value)[:most] if isinstance(value, str) else ""


def clean(value: str) -> str:
    """Return the text without what no database keeps or no page can show: NUL, half letters."""
    return value.replace("\x00", "").encode("utf-8", "ignore").decode()


def choice(told: Told, name: str, known: Collection[str], otherwise: str) -> str:
    """Return one of the known values."""
    value = told.get(name)
    return value if isinstance(value, str) and value in known else otherwise


def flag(told: Told, name: str, otherwise: bool) -> bool:
    """Return True or False."""
    value = told.get(name)
    return value if isinstance(value, bool) else otherwise


def number(told: Told, name: str, low: float, high: float) -> float | None:
    """Return a number between these two, None for anything else."""
    value = told.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared first: an integer may be larger than any float. What is no number compares False.
    return float(value) if low <= value <= high else None


def moment(told: Told, name: str) -> datetime | None:
    """Return when something was photographed: between the first photo and tomorrow, else None."""
    found = _moment(told, name)
    return found if found and found <= timezone.now() + CLOCKS_ARE_WRONG_BY else None


def _moment(told: Told, name: str) -> datetime | None:
    """Return a time in UTC, not before there were photos; None for anything else."""
    value = told.get(name)
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    try:
        aware = found if timezone.is_aware(found) else timezone.make_aware(found)
        utc = aware.astimezone(UTC)
    except (OverflowError, ValueError):
        return None
    return utc if utc.year >= FIRST_YEAR else None


def past(told: Told, name: str) -> datetime | None:
    """Return a time that is not after now: a later one would stand above everything for ever."""
    found = _moment(told, name)
    return min(found, timezone.now()) if found else None


def items(told: Told, name: str) -> list[Told]:
    """Return a list of objects; whatever else is in it is left out."""
    value = told.get(name)
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def flat(told: Told, name: str) -> dict[str, str | int | float]:
    """Return an object of texts and numbers, bounded in every direction."""
    value = told.get(name)
    if not isinstance(value, dict):
        return {}
    kept: dict[str, str | int | float] = {}
    for key, one in list(value.items())[:60]:
        if isinstance(one, str):
            kept[clean(key)[:60]] = clean(one)[:300]
        elif isinstance(one, int | float) and not isinstance(one, bool) and abs(one) < LARGEST:
            kept[clean(key)[:60]] = one
    return kept
