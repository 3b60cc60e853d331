"""What people choose for themselves: how others see them, and what they are told."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from gallery.imaging import UnreadablePhoto
from gallery.mailing import mail_address_of, mails_are_on, read_stop_token
from gallery.models import User
from gallery.notice_ways import choose_ways, stop_mails
from gallery.people_forms import NoticesForm, ProfileForm
from gallery.problems import in_words
from gallery.rate import limit_rate
from gallery.services.people import change_profile, remove_avatar


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limit_rate("profile", "30/min")
def profile_settings(request: HttpRequest) -> HttpResponse:
    """Change what everybody sees of oneself."""
    person = cast(User, request.user)
    if request.method != "POST":
        form = ProfileForm(initial={"bio": person.bio})
        return render(request, "gallery/settings.html", {"form": form})
    form = ProfileForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            avatar = form.avatar_bytes()
            change_profile(person=person, bio=form.cleaned_data["bio"], avatar=avatar)
        except UnreadablePhoto as problem:
            form.add_error("avatar", in_words(problem))
        else:
            messages.success(request, _("Your profile is saved."))
            return redirect("gallery:settings")
    status = HTTPStatus.UNPROCESSABLE_ENTITY
    return render(request, "gallery/settings.html", {"form": form}, status=status)


@login_required
@require_POST
def drop_avatar(request: HttpRequest) -> HttpResponse:
    """Take one's own picture away."""
    remove_avatar(person=cast(User, request.user))
    messages.success(request, _("Your picture is removed."))
    return redirect("gallery:settings")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def notice_choices(request: HttpRequest) -> HttpResponse:
    """Choose what one is told, and how."""
    person = cast(User, request.user)
    form = NoticesForm(request.POST if request.method == "POST" else None, person=person)
    if form.is_valid():
        choose_ways(person=person, ways=form.ways())
        messages.success(request, _("Your choice is saved."))
        return redirect("gallery:notice_choices")
    context = {"form": form, "mails_are_on": mails_are_on(), "address": mail_address_of(person)}
    return render(request, "gallery/notice_choices.html", context)


@csrf_exempt  # Mail programs send the form themselves; the signed address is what they prove.
@require_http_methods(["GET", "HEAD", "POST"])
def stop_mails_of_kind(request: HttpRequest, token: str) -> HttpResponse:
    """Stop mails of one kind without logging in. Reading the page stops nothing: robots do it."""
    read = read_stop_token(token)
    if read is None:
        return render(request, "gallery/stop_mails.html", status=HTTPStatus.NOT_FOUND)
    person, kind = read
    if request.method == "POST":
        stop_mails(person=person, kind=kind)
    context = {"person": person, "kind": kind.label, "is_done": request.method == "POST"}
    return render(request, "gallery/stop_mails.html", context)
