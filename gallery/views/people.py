"""Pages about people."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from gallery.access import viewer_of
from gallery.models import Image, User
from gallery.paging import page_of_photos
from gallery.selecting import PROFILE, selection_on


@require_safe
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """One person's photos: for themselves and moderators all, for others the public ones."""
    if "\x00" in username:  # PostgreSQL cannot even be asked for it.
        raise Http404
    person = get_object_or_404(User, username=username, is_active=True)
    photos = Image.objects.filter(owner=person).visible_to(viewer_of(request))
    context = {
        "person": person,
        "page": page_of_photos(request, photos),
        "photo_count": photos.count(),
        "is_self": person == request.user,
        "selection": selection_on(request, photos, PROFILE) if person == request.user else None,
    }
    return render(request, "gallery/profile.html", context)
