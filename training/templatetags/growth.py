"""What a tag page asks this room."""

from __future__ import annotations

from django import template

from training.models import TrainingRun

register = template.Library()


@register.simple_tag
def still_missing(name: str) -> str:
    """Return what the last judged run said this tag still needs, or "" where it had all."""
    reports = TrainingRun.objects.judged().values_list("report__missing", flat=True)
    missing = reports.first() or {}
    return str(missing.get(name, ""))
