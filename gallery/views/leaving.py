"""Leaving for good."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from gallery.forms import LeaveForm
from gallery.models import Album, Comment, Image, User
from gallery.services.leaving import MayNotLeave, close_account


@sensitive_post_parameters("password")
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def leave(request: HttpRequest) -> HttpResponse:
    """Say what goes and what stays, ask for name and password, and close the account."""
    person = cast(User, request.user)
    form = LeaveForm(request.POST if request.method == "POST" else None, person=person)
    if form.is_valid():
        try:
            close_account(person=person)
        except MayNotLeave as problem:
            form.add_error(None, str(problem))
        else:
            logout(request)
            goodbye = _("Your account is closed, and everything you shared is being deleted.")
            messages.success(request, goodbye)
            return redirect("gallery:stream")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    context = {
        "form": form,
        "photos": Image.with_trash.filter(owner=person).count(),
        "albums": Album.objects.filter(owner=person).count(),
        "comments": Comment.objects.filter(author=person).count(),
    }
    return render(request, "gallery/leave.html", context, status=status)
