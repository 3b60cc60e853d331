"""What an upload is answered with: a page for a plain form, JSON for the script."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.forms import UploadForm
from gallery.models import Upload
from gallery.services.batches import UploadOutcome
from gallery.uploading.words import words_for_script


def wants_json(request: HttpRequest) -> bool:
    """Return whether a script asks."""
    return request.headers.get("Accept", "").startswith("application/json")


def answer_in_json(
    request: HttpRequest, form: UploadForm, outcomes: list[UploadOutcome]
) -> JsonResponse:
    """Return `{"files": [...], "errors": {...}}`, an entry per file, a status for the whole."""
    body = {"files": [describe(outcome) for outcome in outcomes], "errors": form.errors}
    return JsonResponse(body, status=status_of(outcomes))


def describe(outcome: UploadOutcome) -> dict[str, Any]:
    """Return what the script shows of one file."""
    if outcome.stored is None:
        return {"name": outcome.name, "error": outcome.problem, "code": outcome.code}
    image = outcome.stored.image
    return {
        "name": outcome.name,
        "id": image.pk,
        "url": image.get_absolute_url(),
        "thumbnail": image.thumbnail_url,
        "is_new": outcome.stored.is_new,
    }


def status_of(outcomes: list[UploadOutcome]) -> int:
    """Return the HTTP status that fits all files together."""
    codes = {outcome.code for outcome in outcomes if outcome.stored is None}
    if codes == {"too_large"}:
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    if codes or not outcomes:
        return HTTPStatus.UNPROCESSABLE_ENTITY
    if any(outcome.stored and outcome.stored.is_new for outcome in outcomes):
        return HTTPStatus.CREATED
    return HTTPStatus.OK


def page_context(form: UploadForm) -> dict[str, Any]:
    """Return what the upload page shows beside the outcomes of a form that was just sent."""
    mine = Upload.objects.filter(owner=form.uploader)
    return {
        "form": form,
        "unfinished": mine.under_way(timezone.now()).count(),
        "words": words_for_script(),
    }


def answer_in_page(
    request: HttpRequest, form: UploadForm, outcomes: list[UploadOutcome]
) -> HttpResponse:
    """Return the way to the photos, or the form again with what is wrong beside each file."""
    status = status_of(outcomes)
    if status >= HTTPStatus.BAD_REQUEST:
        context = page_context(form) | {"outcomes": outcomes}
        return render(request, "gallery/upload.html", context, status=status)
    stored = [outcome.stored for outcome in outcomes if outcome.stored]
    if len(stored) == 1:
        if not stored[0].is_new:
            messages.info(request, _("You already have this photo: here it is."))
        return redirect(stored[0].image)
    fresh = sum(item.is_new for item in stored)
    messages.success(
        request,
        _("%(fresh)s of %(count)s photos are new and stored.")
        % {"fresh": fresh, "count": len(stored)},
    )
    return redirect(stored[0].image.owner)
