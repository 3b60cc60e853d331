"""Pages about people."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from gallery.access import viewer_of
from gallery.models import Image
from gallery.paging import page_of_photos
from gallery.people import figures_of, follows
from gallery.selecting import PROFILE, selection_on
from gallery.views.answering import person_or_404


@require_safe
def profile(request: HttpRequest, username: str) -> HttpResponse:
    """One person: what they say of themselves, and their photos as far as one may see them."""
    person = person_or_404(username)
    viewer = viewer_of(request)
    does_follow = follows(viewer, person)
    if viewer.is_staff or viewer == person:
        photos = Image.objects.filter(owner=person)
    else:
        # What albums show to their members stands in the albums.
        photos = Image.objects.shared_by(person, with_followers=does_follow)
    context = {
        "person": person,
        "page": page_of_photos(request, photos),
        "figures": figures_of(person, viewer),
        "follows": does_follow,
        "is_self": person == viewer,
        "selection": selection_on(request, photos, PROFILE) if person == viewer else None,
    }
    return render(request, "gallery/profile.html", context)
