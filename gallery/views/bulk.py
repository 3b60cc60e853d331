"""One thing done to many photos."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from gallery.bulk import BulkRefused, find_bulk_action
from gallery.models import Image, User
from gallery.selecting import chosen_photos, way_back
from gallery.services.bulk import BulkOutcome, do_in_bulk
from gallery.views.trash import offer_undo


@login_required
@require_POST
def bulk(request: HttpRequest) -> HttpResponse:
    """Do what was chosen to the photos that were chosen, and lead back to where they are."""
    person = cast(User, request.user)
    back = redirect(way_back(request, person.get_absolute_url()))
    found = find_bulk_action(request.POST.get("deed", ""))
    photos, asked = chosen_photos(request)
    word = request.POST.get("word", "").replace("\x00", "").strip()
    if found is None or (not asked and not request.POST.get("all")):
        nothing = _("Choose photos and what to do with them; nothing was changed.")
        messages.warning(request, nothing)
        return back
    action, value = found
    try:
        outcome = do_in_bulk(
            action=action, value=value, word=word, images=photos, by=person, asked=asked
        )
    except BulkRefused as refusal:
        messages.error(request, str(refusal))
        return back
    if action.name == "trash" and outcome.changed:
        offer_undo(request, Image.with_trash.filter(owner=person), outcome.changed)
    elif outcome.chosen:
        messages.success(request, in_words(outcome))
    if outcome.passed_over:
        messages.warning(request, passed_over_in_words(outcome.passed_over))
    return back


def in_words(outcome: BulkOutcome) -> str:
    """Return what came of it, for a person."""
    if not outcome.changed:
        return _("Nothing had to be changed: these photos are like that already.")
    changed = ngettext("%(n)s photo changed.", "%(n)s photos changed.", outcome.changed)
    return changed % {"n": outcome.changed}


def passed_over_in_words(number: int) -> str:
    """Return that some of the chosen photos were left alone, and why."""
    told = ngettext(
        "%(n)s photo was passed over: it is gone, or not yours.",
        "%(n)s photos were passed over: they are gone, or not yours.",
        number,
    )
    return told % {"n": number}
