"""The trash: what is in it, back from it, and out of it for good."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from gallery.models import Image, ImageQuerySet, User
from gallery.numbers import read_id
from gallery.paging import EPOCH
from gallery.selecting import way_back
from gallery.services.trash import (
    empty_trash,
    empty_trash_of,
    moment_of_trashing,
    restore_from_trash,
)

ON_PAGE = 60
_MICROSECOND = timedelta(microseconds=1)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def trash(request: HttpRequest) -> HttpResponse:
    """What the person deleted in the last thirty days: bring it back, or delete it for good."""
    person = cast(User, request.user)
    mine = Image.with_trash.filter(owner=person).in_trash()
    if request.method == "POST":
        return _answer_deed(request, person, mine)
    page = Paginator(mine.order_by("-deleted_at", "-pk"), ON_PAGE)
    return render(request, "gallery/trash.html", {"page": page.get_page(request.GET.get("page"))})


def _answer_deed(request: HttpRequest, person: User, mine: ImageQuerySet) -> HttpResponse:
    deed, is_sure = request.POST.get("deed", ""), bool(request.POST.get("sure"))
    ids = [word for word in request.POST.getlist("photo") if read_id(word) is not None]
    chosen = mine.filter(pk__in=ids[:ON_PAGE])
    is_all = deed.endswith("-all")
    photos = mine if is_all else chosen
    if deed.startswith("restore"):
        tell_restored(request, restore_from_trash(images=photos, by=person))
    elif not photos.exists():
        messages.warning(request, _("None of these photos is in your trash any more."))
    elif deed.startswith("delete") and not is_sure:
        context = {"count": photos.count(), "deed": deed, "ids": [] if is_all else ids}
        return render(request, "gallery/trash_empty.html", context)
    elif deed.startswith("delete"):
        count = empty_trash_of(person=person) if is_all else empty_trash(images=photos)
        gone = ngettext("%(n)s photo is gone for good.", "%(n)s photos are gone for good.", count)
        messages.success(request, gone % {"n": count})
    return redirect("gallery:trash")


@login_required
@require_POST
def undo(request: HttpRequest) -> HttpResponse:
    """Take one deletion back, however many photos it was."""
    person, mark = cast(User, request.user), request.POST.get("moment", "")
    photos = Image.with_trash.none()
    if mark.isascii() and mark.isdigit():
        moment = EPOCH + int(mark[:17]) * _MICROSECOND
        photos = Image.with_trash.filter(deleted_at=moment)
    tell_restored(request, restore_from_trash(images=photos, by=person))
    return redirect(way_back(request, person.get_absolute_url()))


def tell_restored(request: HttpRequest, count: int) -> None:
    """Say on the next page how many photos came back."""
    if not count:
        messages.warning(request, _("There was nothing to bring back: it is there, or gone."))
        return
    told = ngettext("%(n)s photo is back.", "%(n)s photos are back.", count)
    messages.success(request, told % {"n": count})


def offer_undo(request: HttpRequest, images: ImageQuerySet, count: int) -> None:
    """Say on the next page that these photos were deleted, with a button that takes it back."""
    moment = moment_of_trashing(images=images)
    if moment is None:
        return
    context = {
        "count": count,
        "moment": (moment - EPOCH) // _MICROSECOND,
        "next": way_back(request, ""),
    }
    messages.success(request, render_to_string("gallery/_undo.html", context, request))


def trashed_page_or_404(request: HttpRequest, pk: int) -> HttpResponse:
    """Return the note about a photo in its owner's trash; for anybody else there is none (404)."""
    found = own_trashed_image_or_404(request, pk)
    return render(request, "gallery/trashed.html", {"image": found}, status=404)


def own_trashed_image_or_404(request: HttpRequest, pk: int) -> Image:
    """Return a photo from the trash of whoever asks; others learn nothing of it."""
    if not request.user.is_authenticated:
        raise Http404
    return get_object_or_404(Image.with_trash.filter(owner=request.user).in_trash(), pk=pk)
