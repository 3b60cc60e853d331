"""What people are told."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gallery.models import Notice, User
from gallery.notices import mark_read

NOTICES_ON_PAGE = 30


@login_required
@require_safe
def notices(request: HttpRequest) -> HttpResponse:
    """What the person was told, the newest first; opening the page counts as reading."""
    person = cast(User, request.user)
    told = Paginator(Notice.objects.filter(person=person), NOTICES_ON_PAGE)
    page = told.get_page(request.GET.get("page"))
    page.object_list = list(page.object_list)  # Read before they are marked: new ones stand out.
    if request.method == "GET" and person.unread_notices:
        mark_read(person=person)
    return render(request, "gallery/notices.html", {"page": page})
