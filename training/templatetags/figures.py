"""How figures look on pages."""

from __future__ import annotations

from django import template

from training.learning import wording

register = template.Library()


@register.filter
def percent(share: float | str | None) -> str:
    """Return for example `83.1 %`, or a dash where there is no figure."""
    return wording.percent(None if share is None or share == "" else float(share))


@register.filter
def points(difference: float | None) -> str:
    """Return for example `+4.2` for a rise by 4.2 points, or a dash where there is none."""
    if difference is None:
        return "–"
    return f"{difference * 100:+.1f}".replace("-", "−")
