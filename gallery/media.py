"""Serve the files of photos, after asking who is looking."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import FileResponse, Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from gallery.models import Image

# Strangers' browsers and proxies may reuse a public photo for five minutes without asking: long
# enough for scrolling back and forth, short enough that a photo that was hidden, made private or
# deleted is soon gone from them too. Whoever sees a photo that is not public asks every time.
PUBLIC_CACHING = "public, max-age=300"
PRIVATE_CACHING = "private, no-cache"


@require_safe
def rendition(request: HttpRequest, pk: int, width: int) -> HttpResponseBase:
    """Return one size of a photo as WebP, 304 where the browser has it, or 404."""
    image = get_object_or_404(Image.with_trash, pk=pk)
    # Asked first without looking at the session: a page of public photos costs no log-in queries.
    is_public = image.is_visible_to(AnonymousUser())
    if width not in image.rendition_widths or not (is_public or image.is_visible_to(request.user)):
        raise Http404
    # Renditions never change and their folder's name is never used again.
    etag = f'"{image.folder.hex}-{width}"'
    response = get_conditional_response(request, etag=etag) or open_rendition(image, width)
    response["ETag"] = etag
    response["Cache-Control"] = PUBLIC_CACHING if is_public else PRIVATE_CACHING
    response["X-Content-Type-Options"] = "nosniff"
    return response


def open_rendition(image: Image, width: int) -> FileResponse:
    """Return the file as a response; 404 where it has just been deleted."""
    try:
        return FileResponse(image.rendition_path(width).open("rb"), content_type="image/webp")
    except FileNotFoundError as error:
        raise Http404 from error
