"""Serve the files of photos, after asking who is looking."""

from __future__ import annotations

from django.contrib.auth.models import AnonymousUser
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.cache import get_conditional_response
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from gallery.access import may_download_original, may_open_image
from gallery.models import Image
from gallery.originals import ORIGINAL_TYPES, download_name, published_original

# Strangers' browsers and proxies may reuse a public photo for five minutes without asking: long
# enough for scrolling back and forth, short enough that a photo that was hidden, made private or
# deleted is soon gone from them too. Whoever sees a photo that is not public asks every time.
PUBLIC_CACHING = "public, max-age=300"
PRIVATE_CACHING = "private, no-cache"
RENDITION_TYPES = {"webp": "image/webp", "avif": "image/avif", "jpg": "image/jpeg"}


def shown_image_or_404(request: HttpRequest, pk: int) -> tuple[Image, bool]:
    """Return the photo whose files may be served, and whether everybody may have them."""
    # Owners look at what lies in their trash, too.
    image = get_object_or_404(Image.with_trash, pk=pk)
    # Asked first without looking at the session: a page of public photos costs no log-in queries.
    is_public = image.is_visible_to(AnonymousUser())
    if not (is_public or may_open_image(request, image)):
        raise Http404
    return image, is_public


@require_safe
def rendition(request: HttpRequest, pk: int, width: int, suffix: str = "webp") -> HttpResponseBase:
    """Return one size of a photo in one format, 304 where the browser has it, or 404."""
    image, is_public = shown_image_or_404(request, pk)
    if suffix not in RENDITION_TYPES or not image.has_rendition(width, suffix):
        raise Http404
    # Renditions never change and their folder's name is never used again.
    etag = f'"{image.folder.hex}-{width}-{suffix}"'
    response: HttpResponseBase = get_conditional_response(request, etag=etag) or open_rendition(
        image, width, suffix
    )
    response["ETag"] = etag
    response["Cache-Control"] = PUBLIC_CACHING if is_public else PRIVATE_CACHING
    response["X-Content-Type-Options"] = "nosniff"
    return response


def open_rendition(image: Image, width: int, suffix: str) -> FileResponse:
    """Return the file as a response; 404 where it has just been deleted."""
    try:
        file = image.rendition_path(width, suffix).open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    return FileResponse(file, content_type=RENDITION_TYPES[suffix])


@require_safe
def original(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Return the upload as a download: untouched to its owner, to others what the owner shows."""
    image, _ = shown_image_or_404(request, pk)
    try:
        if request.user.pk == image.owner_id:
            response: HttpResponseBase = FileResponse(image.original_path.open("rb"))
        elif (
            may_download_original(request, image)
            and (data := published_original(image)) is not None
        ):
            response = HttpResponse(data)
        else:
            raise Http404
    except FileNotFoundError as error:
        raise Http404 from error
    response["Content-Type"] = ORIGINAL_TYPES.get(image.file_format, "application/octet-stream")
    response["Content-Disposition"] = content_disposition_header(
        True, download_name(image, for_owner=request.user.pk == image.owner_id)
    )
    response["Cache-Control"] = PRIVATE_CACHING
    response["X-Content-Type-Options"] = "nosniff"
    return response
