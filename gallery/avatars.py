"""Serve pictures of people."""

from __future__ import annotations

from uuid import UUID

from django.http import FileResponse, Http404, HttpRequest
from django.views.decorators.http import require_safe

from gallery.imaging.avatars import AVATAR_SIDES
from gallery.storage import avatar_directory

# A new picture has a new address, so that an old one may be kept; a removed one is gone in a day.
CACHING = "public, max-age=86400, immutable"


@require_safe
def avatar(request: HttpRequest, folder: UUID, side: int) -> FileResponse:
    """Return one size of a person's picture, without asking the database: the name is random."""
    if side not in AVATAR_SIDES:
        raise Http404
    try:
        file = (avatar_directory(folder) / f"{side}.webp").open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    response = FileResponse(file, content_type="image/webp")
    response["Cache-Control"] = CACHING
    response["X-Content-Type-Options"] = "nosniff"
    return response
