"""Albums of a person, and what other sites show of a page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.http import HttpRequest
from django.template.context import Context

from gallery.album_lists import with_loaded_faces
from gallery.cards import card_of
from gallery.models import Album, Image, User

register = template.Library()

ALBUMS_SHOWN = 6


@register.inclusion_tag("gallery/_albums_of.html", takes_context=True)
def albums_of(context: Context, person: User) -> dict[str, Any]:
    """Return the newest albums of a person that whoever looks may find; empty prints nothing."""
    viewer = context["request"].user
    found = Album.objects.filter(owner=person).visible_to(viewer).newest()
    ready = found.with_photo_counts(viewer).with_faces(viewer).select_related("owner")
    albums = with_loaded_faces(ready[: ALBUMS_SHOWN + 1])
    return {
        "person": person,
        "albums": albums[:ALBUMS_SHOWN],
        "has_more": len(albums) > ALBUMS_SHOWN,
        "user": viewer,
    }


@register.inclusion_tag("gallery/_card_tags.html", takes_context=True)
def card_tags(
    context: Context, thing: Image | Album | User, photos: Iterable[Image] = ()
) -> dict[str, Any]:
    """Return the card of a public page; a page that is not public asks to be left out instead."""
    request = context["request"]
    site_name = context.get("site_name", "eyes")
    return {"card": card_of(request, thing, photos), "site_name": site_name}


@register.simple_tag(takes_context=True)
def full_address(context: Context, address: str) -> str:
    """Return the address with the name of this site, to be given away."""
    request: HttpRequest = context["request"]
    return request.build_absolute_uri(address)
