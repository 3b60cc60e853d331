"""How figures look on pages."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()


def one_decimal(number: float) -> str:
    """Return the number rounded to one digit behind the comma, as the language writes it."""
    return number_format(Decimal(f"{number:.1f}"), 1)


@register.filter
def percent(share: float | str | None) -> str:
    """Return for example `83.1 %`, or a dash where there is no figure."""
    if share is None or share == "":
        return "–"
    return f"{one_decimal(float(share) * 100)} %"


@register.filter
def points(difference: float | None) -> str:
    """Return for example `+4.2` for a rise by 4.2 points, or a dash where there is none."""
    if difference is None:
        return "–"
    size = one_decimal(abs(difference) * 100)
    return f"{'−' if difference < 0 else '+'}{size}"
