"""The page of embedding spaces: how full each is, and the buttons that fill or forget one."""

from __future__ import annotations

from typing import cast

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django_q.tasks import async_task

from gallery.models import User
from gallery.moderation import is_moderator
from tagging.clusters import TRAINING_CLUSTER
from tagging.services.spaces import (
    SpaceRefused,
    refuse_to_forget_what_is_read,
    wish_space,
)
from tagging.spaces import all_spaces, space_of


def spaces_page(request: HttpRequest) -> HttpResponse:
    """Show every embedding space; a POST has one filled or forgotten by a job."""
    if not is_moderator(request.user):
        raise PermissionDenied
    if request.method == "POST":
        try:
            said = _do(request.POST, cast(User, request.user))
        except SpaceRefused as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, said)
        return redirect("tagging:spaces")
    context = {
        **admin.site.each_context(request),
        "title": "Embedding spaces",
        "spaces": all_spaces(),
    }
    return TemplateResponse(request, "admin/spaces.html", context)


def _do(asked: QueryDict, person: User) -> str:
    """Do what the button says and return that in words; raises SpaceRefused."""
    backbone = asked.get("backbone", "")
    if asked.get("act") == "forget":
        refuse_to_forget_what_is_read(backbone)
        size = space_of(backbone).megabytes
        async_task("tagging.tasks.forget_space", backbone, cluster=TRAINING_CLUSTER)
        return f"The vectors of {backbone} are being forgotten; that frees about {size or 0:,} MB."
    wish_space(backbone=backbone, asked_by=person)
    return (
        f"The vectors of {backbone} are computed in the background. This page says how far it is."
    )
