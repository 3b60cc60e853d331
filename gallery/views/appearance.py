"""How the site looks in this browser."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.appearance import CHOICES, keep_appearance
from gallery.rate import limit_rate
from gallery.selecting import way_back


@login_required
@require_safe
def look(request: HttpRequest) -> HttpResponse:
    """The page of settings on which appearance and language are chosen."""
    return render(request, "gallery/look.html")


@require_POST
@limit_rate("appearance", "60/min")
def appearance(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's choice, and go back to where the form stood."""
    chosen = request.POST.get("appearance", "")
    if chosen not in CHOICES:
        return HttpResponseBadRequest(_("Choose one of: %s.") % ", ".join(CHOICES))
    response = redirect(way_back(request, "/"))
    keep_appearance(response, chosen)
    return response
