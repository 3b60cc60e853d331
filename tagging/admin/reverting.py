"""The page that takes back what a person did in a period: first the counts, then the button."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.http import urlencode
from django.utils.timezone import localtime

from gallery.models import User
from tagging.forms import MOMENT, PeriodForm
from tagging.models import TagEvent
from tagging.services.reverting import Reverted, require_may_revert, revert_person

# What is looked at first: most floods are noticed within a day.
USUAL_PERIOD = timedelta(days=1)


def revert_page(request: HttpRequest, person_id: int) -> HttpResponse:
    """Show how much of a person's doings would be undone, and undo it."""
    person = get_object_or_404(User, pk=person_id)
    moderator = cast(User, request.user)
    require_may_revert(moderator, person)
    form = PeriodForm(request.POST if request.method == "POST" else _period_asked_for(request))
    if request.method == "POST" and form.is_valid():
        outcome = revert_person(moderator=moderator, person=person, **form.cleaned_data)
        messages.success(request, _told(outcome))
        asked = {name: form.data[name] for name in ("start", "end")}
        if outcome.go_on_before:
            asked["before"] = str(outcome.go_on_before)
        return redirect(f"{request.path}?{urlencode(asked)}")
    context = {
        **admin.site.each_context(request),
        "title": f"Undo what {person.username} did",
        "person": person,
        "form": form,
        "counts": _count(person, form) if form.is_valid() else {},
    }
    return TemplateResponse(request, "admin/tagging/tagevent/revert.html", context)


def _period_asked_for(request: HttpRequest) -> dict[str, str]:
    """Return what the address names, and the last day for what it does not."""
    now = localtime()
    usual = {
        "start": (now - USUAL_PERIOD).strftime(MOMENT),
        # A change of this very second belongs to it.
        "end": (now + timedelta(seconds=1)).strftime(MOMENT),
    }
    return {**usual, **request.GET.dict()}


def _count(person: User, form: PeriodForm) -> dict[str, int]:
    """Return by kind what would be looked at."""
    period: dict[str, Any] = form.cleaned_data
    events = TagEvent.objects.by(person).between(period["start"], period["end"]).not_undone()
    if period["before"]:
        events = events.filter(pk__lt=period["before"])
    return events.count_by_kind()


def _told(outcome: Reverted) -> str:
    """Return what happened, in words."""
    changes = "change" if outcome.undone == 1 else "changes"
    told = f"{outcome.undone} {changes} undone."
    if outcome.passed_over:
        told += f" {outcome.passed_over} passed over: something later has replaced them."
    if outcome.go_on_before:
        told += " There are older ones left; press again to go on with them."
    return told
