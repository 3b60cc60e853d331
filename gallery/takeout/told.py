"""Values out of somebody's JSON, made fit for the database or left out."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.dateparse import parse_datetime

Told = Mapping[str, Any]


def text(told: Told, name: str, most: int) -> str:
    """Return a text of at most so many characters, "" for anything else."""
    value = told.get(name)
    return value.replace("\x00", "")[:most] if isinstance(value, str) else ""


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
    return float(value) if math.isfinite(value) and low <= value <= high else None


def moment(told: Told, name: str) -> datetime | None:
    """Return a time with its zone, None for anything else."""
    value = told.get(name)
    try:
        found = parse_datetime(value) if isinstance(value, str) else None
    except ValueError:
        return None
    if found is None:
        return None
    try:
        return found if timezone.is_aware(found) else timezone.make_aware(found)
    except (OverflowError, ValueError):
        return None


def past(told: Told, name: str) -> datetime | None:
    """Return a time that is not after now: a later one would stand above everything for ever."""
    found = moment(told, name)
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
            kept[str(key).replace("\x00", "")[:60]] = one.replace("\x00", "")[:300]
        elif isinstance(one, int | float) and not isinstance(one, bool) and math.isfinite(one):
            kept[str(key).replace("\x00", "")[:60]] = one
    return kept
