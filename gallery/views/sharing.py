"""Share links: made, listed and revoked by owners, opened by whoever has one."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from gallery.access import OpenAlbum, Way, has_opened, keep_private, remember_link, viewer_of
from gallery.models import Album, Image, ShareLink, User
from gallery.rate import limit_rate
from gallery.services.albums import AlbumRefusal, share_album_with, unshare_album
from gallery.services.sharing import count_opening, make_share_link, revoke_share_link
from gallery.sharing_forms import LinkForm, MemberForm, PasswordForm
from gallery.throttles import PasswordTries
from gallery.views.album_answers import telling_refusals
from gallery.views.albums import show_album
from gallery.views.answering import number_or_404
from gallery.views.photos import show_image

LINKS_ON_PAGE = 30


# --- For owners -------------------------------------------------------------------------------


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@limit_rate("share", "60/min")
def share_image(request: HttpRequest, pk: int) -> HttpResponse:
    """The links to a photo of one's own, and a form for another."""
    image = get_object_or_404(Image.objects.with_owner(), pk=pk, owner=cast(User, request.user))
    context = {
        "image": image,
        "thing": image,
        "share_url": reverse("gallery:image_share", args=[pk]),
        "links": image.share_links.all(),
    }
    return share(request, context)


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
@telling_refusals
@limit_rate("share", "60/min")
def share_album(request: HttpRequest, pk: int) -> HttpResponse:
    """Who sees an album of one's own, the links to it, and forms for more of both."""
    return share(request, album_context(request, pk))


def album_context(request: HttpRequest, pk: int) -> dict[str, Any]:
    """Return what the sharing page of an album prints; 404 unless it is one's own."""
    album = get_object_or_404(Album, pk=pk, owner=cast(User, request.user))
    return {
        "album": album,
        "thing": album,
        "share_url": reverse("gallery:album_share", args=[pk]),
        "links": album.share_links.all(),
        "members": album.members.select_related("person").order_by("person__username"),
        "member_form": MemberForm(),
    }


def share(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    """Return the sharing page; a form that was sent in makes a link first."""
    is_link = request.method == "POST"
    form = LinkForm(request.POST if is_link else None)
    if is_link and form.is_valid():
        given = form.cleaned_data
        make_share_link(
            by=cast(User, request.user),
            image=context.get("image"),
            album=context.get("album"),
            **{key: given[key] for key in ("expires_at", "password", "offers_original", "note")},
        )
        messages.success(request, _("The link is made. Copy it and give it away."))
        return redirect(f"{context['share_url']}#links")
    status = HTTPStatus.UNPROCESSABLE_ENTITY if form.is_bound else HTTPStatus.OK
    return render(request, "gallery/share.html", context | {"form": form}, status=status)


@login_required
@require_POST
@telling_refusals
@limit_rate("share-with", "60/hour")
def share_with(request: HttpRequest, pk: int) -> HttpResponse:
    """Share an album with somebody, by user name."""
    context = album_context(request, pk)
    album, form, person = context["album"], MemberForm(request.POST), cast(User, request.user)
    if form.is_valid():
        try:
            member = share_album_with(album=album, by=person, **form.cleaned_data)
            words = _("%(person)s sees this album now.") % {"person": member.person.username}
            messages.success(request, words)
            return redirect("gallery:album_share", pk)
        except AlbumRefusal as refusal:
            form.add_error("username", str(refusal))
    context |= {"member_form": form, "form": LinkForm()}
    return render(request, "gallery/share.html", context, status=422)


@login_required
@require_POST
@telling_refusals
def unshare(request: HttpRequest, pk: int) -> HttpResponse:
    """End somebody's membership of an album."""
    album = get_object_or_404(Album, pk=pk, owner=cast(User, request.user))
    number = number_or_404(request.POST.get("person", ""))
    member = album.members.filter(person_id=number).select_related("person").first()
    if member is not None:  # Otherwise they have left meanwhile, which is what was asked for.
        left = unshare_album(album=album, person=member.person)
        words = ngettext(
            "%(number)d photo of theirs went out of it.",
            "%(number)d photos of theirs went out of it.",
            left,
        )
        messages.success(
            request,
            _("The album is no longer shared with %(person)s.") % {"person": member.person.username}
            + (f" {words % {'number': left}}" if left else ""),
        )
    return redirect("gallery:album_share", pk)


@login_required
@require_safe
def links(request: HttpRequest) -> HttpResponse:
    """All links one has made, the newest first."""
    made = ShareLink.objects.filter(created_by=cast(User, request.user))
    page = Paginator(made.select_related("image__owner", "album"), LINKS_ON_PAGE)
    found = page.get_page(request.GET.get("page"))
    return render(request, "gallery/links.html", {"page": found, "links": found.object_list})


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Close one of one's own links for good."""
    link = get_object_or_404(ShareLink, pk=pk, created_by=cast(User, request.user))
    revoke_share_link(link=link)
    messages.success(request, _("The link is revoked. It opens nothing any more."))
    if request.POST.get("back") == "links":
        return redirect("gallery:links")
    if link.album_id:
        return redirect("gallery:album_share", link.album_id)
    return redirect("gallery:image_share", link.image_id)


# --- For visitors -----------------------------------------------------------------------------


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def shared(request: HttpRequest, token: str) -> HttpResponse:
    """What a link leads to: the photo or album itself, after a password where one is set."""
    link = ShareLink.objects.select_related("image__owner", "album__owner").filter(token=token)
    found = link.first()
    if found is None or not found.leads_somewhere():
        return say_closed(request, found)
    if found.password and not has_opened(request, found):
        return ask_password(request, found)
    if request.method == "POST":
        return redirect(found)
    if request.method == "GET" and not has_opened(request, found):
        enter(request, found)
    if found.album is not None:
        return show_album(request, OpenAlbum(found.album, Way.LINK, viewer_of(request)))
    image = cast(Image, found.image)
    image.withholds_key = True
    return show_image(request, image)


def enter(request: HttpRequest, link: ShareLink) -> None:
    """Let this session in, and count it unless it is whoever made the link."""
    remember_link(request, link)
    if viewer_of(request).pk != link.created_by_id:
        count_opening(link=link)


def say_closed(request: HttpRequest, link: ShareLink | None) -> HttpResponse:
    """Return a page that says that the link opens nothing, and what to do."""
    status = HTTPStatus.NOT_FOUND if link is None else HTTPStatus.GONE
    response = render(request, "gallery/link_closed.html", {"link": link}, status=status)
    return keep_private(response, is_public=False)


def ask_password(request: HttpRequest, link: ShareLink) -> HttpResponse:
    """Return the form for the password, or the way in where the right one came; 429 after many."""
    form, status, tries = PasswordForm(request.POST or None), HTTPStatus.OK, PasswordTries()
    headers = {}
    if request.method == "POST":
        status = HTTPStatus.UNPROCESSABLE_ENTITY
        if not tries.allows(request, link.token):
            status = HTTPStatus.TOO_MANY_REQUESTS
            form.add_error("password", _("Too many tries. Please wait a minute."))
            headers = {"Retry-After": str(tries.seconds_to_wait)}
        elif form.is_valid() and link.accepts(form.cleaned_data["password"]):
            enter(request, link)
            return redirect(link)
        elif form.is_valid():
            form.add_error("password", _("This is not the password of the link."))
    response = render(request, "gallery/link_password.html", {"form": form}, status=status)
    for name, value in headers.items():
        response[name] = value
    return keep_private(response, is_public=False)
