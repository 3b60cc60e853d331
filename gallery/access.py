"""Who is looking, and what they may open: asked at the beginning of every page."""

from __future__ import annotations

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404

from gallery.models import Image, Viewer


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who is looking: a person, or nobody in particular."""
    return request.user


def visible_image_or_404(request: HttpRequest, pk: int) -> Image:
    """Return the photo; one that this person may not see does not exist for them."""
    return get_object_or_404(Image.objects.visible_to(viewer_of(request)).with_owner(), pk=pk)


def own_image_or_404(request: HttpRequest, pk: int) -> Image:
    """Return the photo if this person may change it; anybody else learns nothing."""
    found = visible_image_or_404(request, pk)
    if not found.is_editable_by(viewer_of(request)):
        raise Http404
    return found
