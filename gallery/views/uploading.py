"""The upload page, and the plain form on it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from gallery.answers import answer_in_json, answer_in_page, page_context, wants_json
from gallery.forms import UploadForm
from gallery.models import Upload, User
from gallery.services.batches import store_uploads
from gallery.services.uploads import forget_uploads


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take one photo or many from a plain form; the page's script sends them in pieces instead."""
    uploader = cast(User, request.user)
    if request.method != "POST":
        form = UploadForm(uploader=uploader)
        return render(request, "gallery/upload.html", page_context(form))
    form = UploadForm(request.POST, request.FILES, uploader=uploader)
    outcomes = []
    if form.is_valid():
        outcomes = store_uploads(owner=uploader, files=form.files_to_store, wishes=form.wishes)
    answer = answer_in_json if wants_json(request) else answer_in_page
    return answer(request, form, outcomes)


@login_required
@require_POST
def forget(request: HttpRequest) -> HttpResponse:
    """Give up what this person began to upload and did not finish."""
    mine = Upload.objects.filter(owner=cast(User, request.user)).under_way(timezone.now())
    count = forget_uploads(uploads=mine)
    said = ngettext(
        "%(count)s unfinished upload forgotten.", "%(count)s unfinished uploads forgotten.", count
    )
    messages.success(request, said % {"count": count})
    return redirect("gallery:upload")
