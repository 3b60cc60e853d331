"""Who follows whom, and what the followed share."""

from __future__ import annotations

from http import HTTPStatus
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from gallery.models import Follow, Image, User
from gallery.paging import page_of_photos
from gallery.people import people_to_follow
from gallery.rate import limit_rate
from gallery.services.following import FollowRefused, follow_person, unfollow_person
from gallery.views.answering import ask_to_log_in, is_htmx, page_of_people, person_or_404


@require_POST
@limit_rate("follow", "60/min")
def follow(request: HttpRequest, username: str) -> HttpResponse:
    """Follow a person or stop it. The form says which, so that a double click is one."""
    person = person_or_404(username)
    if not request.user.is_authenticated:
        return ask_to_log_in(request, person.get_absolute_url())
    follows = request.POST.get("follow") != "no"
    try:
        (follow_person if follows else unfollow_person)(follower=request.user, followed=person)
    except FollowRefused as refusal:
        if is_htmx(request):
            return HttpResponse(str(refusal), status=HTTPStatus.CONFLICT)
        messages.error(request, str(refusal))
        return redirect(person)
    if not is_htmx(request):
        return redirect(person)
    context = {"person": person, "follows": follows, "has_acted": True}
    return render(request, "gallery/_follow.html", context)


@require_safe
def followers(request: HttpRequest, username: str) -> HttpResponse:
    """Who follows a person, the latest first."""
    person = person_or_404(username)
    rows = person.followers.filter(follower__is_active=True).select_related("follower")
    context = {"person": person, "people": page_of_people(request, rows, "follower")}
    return render(request, "gallery/followers.html", context)


@require_safe
def following(request: HttpRequest, username: str) -> HttpResponse:
    """Whom a person follows, the latest first."""
    person = person_or_404(username)
    rows = Follow.objects.filter(follower=person, followed__is_active=True)
    people = page_of_people(request, rows.select_related("followed"), "followed")
    return render(request, "gallery/following.html", {"person": person, "people": people})


@login_required
@require_safe
def feed(request: HttpRequest) -> HttpResponse:
    """The newest photos of the people one follows; whom one could follow where there are none."""
    person = cast(User, request.user)
    page = page_of_photos(request, Image.objects.of_people_followed_by(person))
    context = {"page": page, "suggested": [] if page.images else people_to_follow(person)}
    return render(request, "gallery/feed.html", context)
