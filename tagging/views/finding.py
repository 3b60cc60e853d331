"""Pages for finding photos: search, its completions, saved searches, explore."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from gallery.models import User
from tagging.completing import complete_question
from tagging.explore import read_explore
from tagging.models import SavedSearch
from tagging.search_page import read_search
from tagging.services.saved_searches import (
    LONGEST_NAME,
    MOST,
    SavedSearchError,
    rename_search,
    save_search,
)


@require_GET
def search(request: HttpRequest) -> HttpResponse:
    """Photos that a question and its companions find, in the order asked for."""
    found = read_search(request)
    context = {"search": found, "page": found.page, "question": found.question}
    return render(request, "tagging/search.html", context, status=found.status)


@require_GET
def search_completions(request: HttpRequest) -> HttpResponse:
    """Options for the list under the search box: what the question may become."""
    completions = complete_question(request.GET.get("q", ""), request.user)
    return render(request, "tagging/_completions.html", {"completions": completions})


@require_GET
def explore(request: HttpRequest) -> HttpResponse:
    """Tags as pictures, colours, and what people liked this week."""
    return render(request, "tagging/explore.html", {"explore": read_explore()})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def saved_searches(request: HttpRequest) -> HttpResponse:
    """The searches that a person keeps; a POST keeps one more and goes back to it."""
    person = cast(User, request.user)
    if request.method == "POST":
        address = request.POST.get("address", "")
        try:
            kept = save_search(person=person, name=request.POST.get("name", ""), address=address)
        except SavedSearchError as problem:
            return _list_of_searches(request, status=422, problem=str(problem), address=address)
        messages.success(request, _("The search is saved as “%(name)s”.") % {"name": kept.name})
        return redirect(f"{reverse('tagging:search')}?{kept.address}")
    return _list_of_searches(request)


@login_required
@require_POST
def rename_saved_search(request: HttpRequest, pk: int) -> HttpResponse:
    """Call a saved search something else."""
    found = get_object_or_404(SavedSearch, pk=pk, person=request.user)
    try:
        rename_search(search=found, name=request.POST.get("name", ""))
    except SavedSearchError as problem:
        return _list_of_searches(request, status=422, problem=str(problem), concerned=pk)
    messages.success(request, _("The search is called “%(name)s” now.") % {"name": found.name})
    return redirect("tagging:saved_searches")


@login_required
@require_POST
def delete_saved_search(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget a saved search; one that another tab deleted is gone already, which is fine."""
    SavedSearch.objects.filter(pk=pk, person_id=request.user.pk).delete()
    messages.success(request, _("The search is deleted."))
    return redirect("tagging:saved_searches")


def _list_of_searches(
    request: HttpRequest,
    *,
    status: int = 200,
    problem: str = "",
    address: str = "",
    concerned: int = 0,
) -> HttpResponse:
    """Return the page of saved searches, with what could not be done and what was typed."""
    context = {
        "searches": SavedSearch.objects.filter(person_id=request.user.pk),
        "problem": problem,
        "typed": request.POST.get("name", ""),
        "address": address,
        "concerned": concerned,
        "longest_name": LONGEST_NAME,
        "most": MOST,
    }
    return render(request, "tagging/saved_searches.html", context, status=status)
