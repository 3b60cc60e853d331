"""Everything of a person as one file: out of here, and in again."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from gallery.forms import TakeoutForm
from gallery.models import Image, Takeout, TakeoutImport, User
from gallery.ranges import serve_file
from gallery.rate import limit_rate
from gallery.services.takeout import (
    ask_for_takeout,
    cancel_takeout,
    is_fetchable,
    newest_takeout,
)
from gallery.services.takeout_import import ImportUnderWay, take_in, try_again
from gallery.takeout.archive import safe_stem
from gallery.takeout.reading import NoTakeout


@login_required
@require_safe
def takeout(request: HttpRequest) -> HttpResponse:
    """What a takeout is, how far the present one is, and how to bring one in."""
    return render(request, "gallery/takeout.html", _context(request, TakeoutForm()))


@login_required
@require_safe
def state(request: HttpRequest) -> HttpResponse:
    """The part of the page that changes while a job works; asked for again and again."""
    context = {**_context(request, None), "is_answer": True}
    return render(request, "gallery/_takeout_state.html", context)


@login_required
@require_POST
@limit_rate("takeout", "30/hour")
def ask(request: HttpRequest) -> HttpResponse:
    """Begin a takeout, or go on waiting for the one under way."""
    ask_for_takeout(person=cast(User, request.user))
    return redirect("gallery:takeout")


@login_required
@require_POST
def cancel(request: HttpRequest) -> HttpResponse:
    """Forget the takeout that is being made, or the one that is ready."""
    for one in Takeout.objects.filter(person=cast(User, request.user)):
        cancel_takeout(takeout=one)
    messages.success(request, _("The takeout is gone."))
    return redirect("gallery:takeout")


@login_required
@require_safe
def fetch(request: HttpRequest, key: str) -> HttpResponseBase:
    """The file itself, for nobody but whose it is."""
    found = get_object_or_404(Takeout, pk=key, person=cast(User, request.user))
    if not is_fetchable(found):
        raise Http404
    day = f"{found.finished_at:%Y-%m-%d}" if found.finished_at else ""
    name = f"{safe_stem(str(settings.SITE_NAME))} {found.person.username} {day}.zip"
    etag = f'"{found.pk.hex}"'
    try:
        return serve_file(request, found.path, name=name, content_type="application/zip", etag=etag)
    except FileNotFoundError as error:
        raise Http404 from error


@login_required
@require_POST
@limit_rate("takeout", "30/hour")
def bring_in(request: HttpRequest) -> HttpResponse:
    """Take a takeout and have it brought in."""
    form = TakeoutForm(request.POST, request.FILES)
    status: int = HTTPStatus.UNPROCESSABLE_ENTITY
    if form.is_valid():
        try:
            take_in(person=cast(User, request.user), file=form.cleaned_data["file"])
        except NoTakeout as refusal:
            form.add_error("file", str(refusal))
        except ImportUnderWay:
            form.add_error("file", _("One is being brought in already. Please wait for it."))
            status = HTTPStatus.CONFLICT
        else:
            return redirect("gallery:takeout")
    return render(request, "gallery/takeout.html", _context(request, form), status=status)


@login_required
@require_POST
def again(request: HttpRequest, key: str) -> HttpResponse:
    """Go on with an import that failed."""
    try_again(begun=get_object_or_404(TakeoutImport, pk=key, person=cast(User, request.user)))
    return redirect("gallery:takeout")


def _context(request: HttpRequest, form: TakeoutForm | None) -> dict[str, Any]:
    person = cast(User, request.user)
    made, begun = newest_takeout(person), TakeoutImport.objects.filter(person=person).first()
    return {
        "form": form,
        "takeout": made,
        "is_fetchable": made is not None and is_fetchable(made),
        "begun": begun,
        "is_working": any(one is not None and one.is_under_way for one in (made, begun)),
        "photo_count": Image.objects.filter(owner=person).count() if form else 0,
    }
