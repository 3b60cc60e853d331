"""What people are told."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery.models import Notice, User
from gallery.notice_ways import ways_by_kind
from gallery.notices import mark_read

NOTICES_ON_PAGE = 30


@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """What the person was told, the newest first; opening the page counts as reading."""
    person = cast(User, request.user)
    silent = [kind for kind, way in ways_by_kind(person).items() if not way.on_page]
    found = Notice.objects.filter(person=person).exclude(kind__in=silent).select_related("actor")
    page = Paginator(found, NOTICES_ON_PAGE).get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)  # Read before they are marked: new ones stand out.
    if request.method == "GET" and person.unread_notices:
        mark_read(person=person)
    return render(request, "gallery/notices.html", {"page": page})


@login_required
@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    """Mark everything as read."""
    mark_read(person=cast(User, request.user))
    return redirect("gallery:notices")
