"""What pages of other rooms ask this one."""

from __future__ import annotations

from django import template

from gallery.models import User
from tagging.models import Tag
from training.contributors import news_for
from training.models import TrainingRun

register = template.Library()


@register.simple_tag
def taught_by_answers(person: User) -> str:
    """Return what became of this person's answers in the live version while that is news."""
    return news_for(person)


@register.simple_tag
def still_missing(tag: Tag) -> str:
    """Return what the last judged run said this tag still needs, or "" where it had all.

    Where the tag was called otherwise then, what was said of that name.
    """
    reports = TrainingRun.objects.judged().values_list("report__missing", flat=True)
    missing = reports.first() or {}
    names = [tag.name, *sorted(other.name for other in tag.aliases.all())] if missing else []
    return str(next((missing[name] for name in names if name in missing), ""))
