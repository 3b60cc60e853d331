"""What other sites show of a page that somebody links to: only of pages that are for everybody."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gallery.models import Album, AlbumPhoto, Image, User, Visibility


@dataclass(frozen=True)
class Card:
    """Title, words and picture of a page, with full addresses."""

    kind: str
    title: str
    description: str
    url: str
    image: Image | None
    image_url: str
    width: int
    height: int


def card_of(
    request: HttpRequest, thing: Image | Album | User, photos: Iterable[Image] = ()
) -> Card | None:
    """Return the card of a photo, an album or a person; None for what is not for everybody.

    A person's picture is the first of the photos of their page that is for everybody.
    """
    if isinstance(thing, Image):
        if not thing.is_visible_to(AnonymousUser()):
            return None
        by = _("Photo by %(name)s") % {"name": thing.owner.username}
        words = thing.description or by
        return _card(request, "article", thing, (thing.title or by, words), thing)
    if isinstance(thing, Album):
        return _card_of_album(request, thing) if thing.visibility == Visibility.PUBLIC else None
    newest = next((photo for photo in photos if photo.is_visible_to(AnonymousUser())), None)
    words = thing.bio or _("Photos by %(name)s") % {"name": thing.username}
    return _card(request, "profile", thing, (thing.username, words), newest)


def _card_of_album(request: HttpRequest, album: Album) -> Card:
    places = AlbumPhoto.objects.filter(album=album).showing(Image.objects.on_show())
    cover = places.filter(image__covers=album).select_related("image__owner").first()
    first = cover or places.in_order().select_related("image__owner").first()
    number = places.count()
    words = album.description or ngettext(
        "%(number)d photo by %(name)s", "%(number)d photos by %(name)s", number
    ) % {"number": number, "name": album.owner.username}
    return _card(request, "article", album, (album.title, words), first.image if first else None)


def _card(
    request: HttpRequest,
    kind: str,
    thing: Image | Album | User,
    words: tuple[str, str],
    image: Image | None,
) -> Card:
    """Return the card; the picture's measures are those of the file that its address serves."""
    address, width = _picture_of(image) if image else ("", 0)
    return Card(
        kind=kind,
        title=words[0],
        description=" ".join(words[1].split()),
        url=request.build_absolute_uri(thing.get_absolute_url()),
        image=image,
        image_url=request.build_absolute_uri(address) if address else "",
        width=width,
        height=round(width * image.height / image.width) if image else 0,
    )


def _picture_of(image: Image) -> tuple[str, int]:
    """Return address and width in pixels of the file for a card: the JPEG, which everybody reads.

    Until a worker has made it, the largest WebP stands there.
    """
    if image.jpeg_url:
        return image.jpeg_url, max(image.more_renditions["jpeg"])
    return image.largest_url, max(image.rendition_widths)
