"""Who may open what. Asked at the beginning of every page, and before any file is served.

A photo opens for somebody by who they are (`Image.is_visible_to`), by the key of an unlisted one
in the address, or by a share link that they opened in this session. The last is asked of the
database every time, so that a link that is revoked or has expired opens nothing from then on.
Public photos are recognised first: they cost neither a session nor a query.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from gallery.models import (
    Album,
    AlbumPhoto,
    Image,
    ImageQuerySet,
    ShareLink,
    ShareLinkQuerySet,
    Viewer,
    Visibility,
)

Response = TypeVar("Response", bound=HttpResponse)

# The tokens of the share links that a session has opened, the latest last.
OPENED_LINKS = "opened_links"
MOST_LINKS = 50


def viewer_of(request: HttpRequest) -> Viewer:
    """Return who is looking: a person, or nobody in particular."""
    return request.user


# --- Photos ---------------------------------------------------------------------------------


def visible_image_or_404(request: HttpRequest, pk: int) -> Image:
    """Return the photo; one that this person may not open does not exist for them."""
    found = get_object_or_404(Image.objects.with_owner(), pk=pk)
    if not may_open_image(request, found):
        raise Http404
    return found


def own_image_or_404(request: HttpRequest, pk: int) -> Image:
    """Return the photo if this person may change it; anybody else learns nothing."""
    found = visible_image_or_404(request, pk)
    if not found.is_editable_by(viewer_of(request)):
        raise Http404
    return found


def may_open_image(request: HttpRequest, image: Image) -> bool:
    """Return whether this request may have the photo and its renditions, in whatever way.

    What a share link opened withholds its key: the link may end, the key would not.
    """
    if image.is_visible_to(AnonymousUser()) or _has_key_of_image(request, image):
        return True
    if image.is_visible_to(viewer_of(request)):
        return True
    image.withholds_key = opening_links(request, image).exists()
    return image.withholds_key


def may_download_original(request: HttpRequest, image: Image) -> bool:
    """Return whether this request may have the untouched file, with all that is hidden in it.

    Its owner may; whoever may open the photo may where its owner offers the original. A share link
    offers the originals of whoever made it: not those that others put into an album.
    """
    viewer = viewer_of(request)
    if viewer.is_authenticated and viewer.pk == image.owner_id:
        return True
    if image.offers_original and may_open_image(request, image):
        return True
    offers = {"offers_original": True, "created_by_id": image.owner_id}
    return opening_links(request, image).filter(**offers).exists()


def _has_key_of_image(request: HttpRequest, image: Image) -> bool:
    if not image.is_unlisted or image.hidden_at is not None or image.deleted_at is not None:
        return False
    return _is_key(request, image.link_key)


def _is_key(request: HttpRequest, key: str) -> bool:
    """Return whether the address carries this key; the time it takes says nothing of the key."""
    return constant_time_compare(request.GET.get("key", ""), key)


# --- Share links ----------------------------------------------------------------------------


def opening_links(request: HttpRequest, image: Image) -> ShareLinkQuerySet:
    """Return the links of this session that open the photo now: its own, or its albums'."""
    if image.hidden_at is not None or image.deleted_at is not None:
        return ShareLink.objects.none()
    albums = AlbumPhoto.objects.filter(image_id=image.pk).values("album_id")
    return opened_links(request).filter(Q(image_id=image.pk) | Q(album_id__in=albums))


def opened_links(request: HttpRequest) -> ShareLinkQuerySet:
    """Return the links that this session has opened and that are open still."""
    tokens = _tokens(request)
    if not tokens:
        return ShareLink.objects.none()
    return ShareLink.objects.open_at(timezone.now()).filter(token__in=tokens)


def has_opened(request: HttpRequest, link: ShareLink) -> bool:
    """Return whether this session has opened the link before."""
    return link.token in _tokens(request)


def remember_link(request: HttpRequest, link: ShareLink) -> None:
    """Let this session open what the link opens; the oldest of very many are forgotten."""
    tokens = [token for token in _tokens(request) if token != link.token]
    request.session[OPENED_LINKS] = [*tokens, link.token][-MOST_LINKS:]


def _tokens(request: HttpRequest) -> list[str]:
    session = getattr(request, "session", None)
    return list(session.get(OPENED_LINKS, [])) if session is not None else []


# --- Albums ---------------------------------------------------------------------------------


class Way(StrEnum):
    """How an album was opened, which decides what it shows beside what the viewer may see."""

    PERSON = "person"
    KEY = "key"
    LINK = "link"


@dataclass(frozen=True)
class OpenAlbum:
    """An album and how this request opened it."""

    album: Album
    way: Way
    viewer: Viewer

    @property
    def photos(self) -> ImageQuerySet:
        """Return the photos that may be opened on this way; the album has an order of its own."""
        seen = Image.objects.visible_to(self.viewer)
        if self.way == Way.LINK:
            seen |= Image.objects.filter(hidden_at=None)
        elif self.album.is_unlisted:
            seen |= Image.objects.filter(hidden_at=None, visibility=Visibility.UNLISTED)
        return seen


def open_album_or_404(request: HttpRequest, pk: int) -> OpenAlbum:
    """Return the album and how it was opened: by a share link, by who it is, or by its key.

    The link comes first, since it shows more than a stranger finds in an album that is public.
    """
    album = get_object_or_404(Album.objects.select_related("owner"), pk=pk)
    viewer = viewer_of(request)
    if opened_links(request).filter(album=album).exists():
        return OpenAlbum(album, Way.LINK, viewer)
    if album.visibility == Visibility.PUBLIC or Album.objects.visible_to(viewer).contains(album):
        return OpenAlbum(album, Way.PERSON, viewer)
    if album.is_unlisted and _is_key(request, album.link_key):
        return OpenAlbum(album, Way.KEY, viewer)
    raise Http404


def own_album_or_404(request: HttpRequest, pk: int) -> Album:
    """Return the album if this person may change it; anybody else learns nothing."""
    album = get_object_or_404(Album.objects.select_related("owner"), pk=pk)
    if not album.is_editable_by(viewer_of(request)):
        raise Http404
    return album


# --- What is not for everybody --------------------------------------------------------------


def keep_private(response: Response, *, is_public: bool) -> Response:
    """Return the response, kept out of caches and search engines unless it is for everybody.

    Its address may be the key to it, and goes to no other site. It still goes to this one:
    without a referrer browsers name no origin, and every form on the page would be refused.
    """
    if not is_public:
        response["Cache-Control"] = "private, no-cache"
        response["X-Robots-Tag"] = "noindex, nofollow"
        response["Referrer-Policy"] = "same-origin"
    return response


def keep_as_private_as(image: Image, response: Response) -> Response:
    """Return a page about this photo, kept out of caches and search engines as the photo is."""
    return keep_private(response, is_public=image.is_visible_to(AnonymousUser()))
