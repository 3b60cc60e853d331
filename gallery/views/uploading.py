"""Photos on their way in."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from gallery.answers import answer_in_json, answer_in_page, wants_json
from gallery.forms import UploadForm
from gallery.models import User
from gallery.services.images import store_uploads


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    """Take one photo or many; a script sends them one by one and reads JSON."""
    uploader = cast(User, request.user)
    if request.method != "POST":
        form = UploadForm(uploader=uploader)
        return render(request, "gallery/upload.html", {"form": form})
    form = UploadForm(request.POST, request.FILES, uploader=uploader)
    outcomes = []
    if form.is_valid():
        outcomes = store_uploads(
            owner=uploader,
            files=form.files_to_store,
            visibility=form.cleaned_data["visibility"],
            teaches=form.cleaned_data["teaches"],
        )
    answer = answer_in_json if wants_json(request) else answer_in_page
    return answer(request, form, outcomes)
