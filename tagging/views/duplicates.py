"""Pages of near-duplicates among one's own photos."""

from __future__ import annotations

from typing import Final, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from gallery.models import User
from gallery.views.answering import number_or_404
from tagging.duplicates import read_pairs, undecided_pairs
from tagging.models import TwinChoice, TwinDecision
from tagging.services.duplicates import NoTwinsError, keep_both, merge_twins, undo_choice

PAIRS_PER_PAGE: Final = 10


@login_required
@require_GET
def duplicates(request: HttpRequest) -> HttpResponse:
    """Pairs of one's own photos that look alike, side by side, and the last decision."""
    owner = cast(User, request.user)
    page = Paginator(undecided_pairs(owner), PAIRS_PER_PAGE).get_page(request.GET.get("page"))
    last = TwinChoice.objects.filter(owner=owner, undone_at=None).select_related("kept", "other")
    context = {"page": page, "pairs": read_pairs(owner, page), "last": last.first()}
    return render(request, "tagging/duplicates.html", context)


@login_required
@require_POST
def decide(request: HttpRequest) -> HttpResponse:
    """Keep both photos of a pair, or merge one into the other."""
    owner = cast(User, request.user)
    kept, other = (_photo_number(request, name) for name in ("kept", "other"))
    try:
        if request.POST.get("decision") == TwinDecision.MERGE:
            merge_twins(kept=kept, other=other, by=owner)
            messages.success(request, _("The photos are merged; the other one is in the trash."))
        elif request.POST.get("decision") == TwinDecision.KEEP_BOTH:
            keep_both(one=kept, other=other, by=owner)
            messages.success(request, _("Both photos stay."))
        else:
            raise Http404
    except NoTwinsError as problem:
        messages.warning(request, str(problem))
    return redirect("tagging:duplicates")


@login_required
@require_POST
def undo(request: HttpRequest, pk: int) -> HttpResponse:
    """Take a decision back: both photos are as before."""
    choice = get_object_or_404(TwinChoice, pk=pk, owner=request.user)
    undo_choice(choice=choice, by=cast(User, request.user))
    messages.success(request, _("Undone: both photos are as before."))
    return redirect("tagging:duplicates")


def _photo_number(request: HttpRequest, name: str) -> int:
    """Return the id that a form names; anything else names no photo."""
    return number_or_404(request.POST.get(name, ""))
