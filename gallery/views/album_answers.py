"""What is answered where something cannot be done to an album: in words, to people and scripts."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from http import HTTPStatus

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from gallery.services.albums import AlbumRefusal

AlbumView = Callable[[HttpRequest, int], HttpResponse]


def telling_refusals(view: AlbumView) -> AlbumView:
    """Return the view, which says what is wrong where the album or a photo is gone meanwhile.

    An album that another tab deleted and one that was never for this person get the same answer.
    """

    @wraps(view)
    def answering(request: HttpRequest, pk: int) -> HttpResponse:
        try:
            return view(request, pk)
        except AlbumRefusal as refusal:
            return answer_refusal(request, pk, str(refusal), is_gone=refusal.code == "gone")
        except Http404:
            message = _("This album is gone, or not yours to change. The photos are still there.")
            return answer_refusal(request, pk, message, is_gone=True)

    return answering


def answer_refusal(request: HttpRequest, pk: int, message: str, *, is_gone: bool) -> HttpResponse:
    """Return the message: as it is for a script, on a page with a way on for people."""
    status = HTTPStatus.NOT_FOUND if is_gone else HTTPStatus.CONFLICT
    if wants_text(request):
        return HttpResponse(message, status=status, content_type="text/plain; charset=utf-8")
    context = {"message": message, "is_gone": is_gone, "album_id": pk}
    return render(request, "gallery/album_refusal.html", context, status=status)


def wants_text(request: HttpRequest) -> bool:
    """Return whether the script of the arranging page asks."""
    return request.headers.get("Accept", "").startswith("text/plain")
