"""Which photos of a page were chosen, and what may be done with them."""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.http import url_has_allowed_host_and_scheme

from gallery.bulk import BulkAction, Text, bulk_actions
from gallery.models import Album, Image, ImageQuerySet, User
from gallery.numbers import read_id
from gallery.services.bulk import MOST_PHOTOS

PROFILE = "profile"
# A form that names more photos than this one by one was made by hand.
MOST_NAMED = MOST_PHOTOS


@dataclass(frozen=True)
class Selection:
    """The bar below a grid in which photos are chosen: what belongs to it on the page."""

    scope: str
    total: int
    menu: list[tuple[BulkAction, list[tuple[str, Text]]]]
    here: str
    way_out: str

    @property
    def may_take_all(self) -> bool:
        """Return whether "all of them" may be offered."""
        return 0 < self.total <= MOST_PHOTOS


def selection_on(request: HttpRequest, photos: ImageQuerySet, scope: str) -> Selection | None:
    """Return the selection of a page whose grid shows these photos; None unless it was asked for.

    `?select=1` asks, and only for photos of one's own. `scope` says what "all" means: `profile`,
    or `album:12`.
    """
    person = request.user
    if not (request.GET.get("select") and isinstance(person, User)):
        return None
    out, here = request.GET.copy(), request.GET.copy()
    for query in (out, here):
        for mark in ("mark", "after"):
            query.pop(mark, None)
    out.pop("select", None)
    return Selection(
        scope=scope,
        total=photos.filter(owner=person).count(),
        menu=[(action, action.options(person)) for action in bulk_actions()],
        here=f"{request.path}?{here.urlencode()}",
        way_out=f"{request.path}?{out.urlencode()}" if out else request.path,
    )


def chosen_photos(request: HttpRequest) -> tuple[ImageQuerySet, int]:
    """Return the photos that a posted form means, of whomever they are, and how many it named.

    Numbers that are none name nothing and count as named.
    """
    if request.POST.get("all"):
        photos = photos_of_scope(request.POST.get("scope", ""), request.user)
        return photos, 0
    named = [*request.POST.getlist("photo"), *request.POST.get("photos", "").split(",")]
    words = {word for word in named if word}
    ids = [number for word in words if (number := read_id(word)) is not None]
    return Image.objects.filter(pk__in=ids[:MOST_NAMED]), len(words)


def photos_of_scope(scope: str, person: object) -> ImageQuerySet:
    """Return every photo that "all" means on the page of this scope; none for an unknown one."""
    if not isinstance(person, User):
        return Image.objects.none()
    name, _, number = scope.partition(":")
    if name == PROFILE:
        return Image.objects.filter(owner=person)
    if name == "album" and (pk := read_id(number)) is not None:
        albums = Album.objects.visible_to(person).filter(pk=pk)
        return Image.objects.filter(places__album__in=albums, owner=person)
    return Image.objects.none()


def way_back(request: HttpRequest, otherwise: str) -> str:
    """Return where a form asked to lead, if that is a page of this site.

    It begins with a slash: anything else a redirect would take for the name of a view.
    """
    wanted = request.POST.get("next", "")
    is_path = wanted.startswith("/") and "\x00" not in wanted
    if is_path and url_has_allowed_host_and_scheme(wanted, {request.get_host()}):
        return wanted
    return otherwise
