"""Putting photos that arrive into the album that was wished for."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module

from django.db import transaction
from django.db.models import Q

from gallery.models import Album, Image, User
from gallery.models.albums import AlbumQuerySet
from gallery.uploading.wishes import Wishes


def albums_open_to(person: User) -> AlbumQuerySet:
    """Return the albums that this person may add photos to: their own, and some of others."""
    shared = Q(pk__in=person.shared_albums.filter(may_add=True).values("album_id"))
    return Album.objects.filter(Q(owner=person) | shared)


def place_in_album(*, images: Sequence[Image], by: User, wishes: Wishes) -> Album | None:
    """Put the photos into the album wished for and return it; None where there is none.

    An album that was deleted since, or is no longer open to this person, stops no photo.
    """
    album = _album_wished_for(by, wishes) if images else None
    if album is None:
        return None
    albums = import_module("gallery.services.albums")
    try:
        albums.add_to_album(album=album, images=images, by=by)
    except albums.AlbumRefusal:
        return None
    return album


def _album_wished_for(person: User, wishes: Wishes) -> Album | None:
    if wishes.new_album:
        return _album_called(wishes.new_album, person, wishes.visibility)
    if wishes.album is not None:
        return albums_open_to(person).filter(pk=wishes.album).first()
    return None


@transaction.atomic
def _album_called(title: str, owner: User, visibility: str) -> Album:
    """Return the person's album of this title, made now if there is none.

    Several photos of a batch arrive at once; the person's row is held so that they share one.
    """
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    known = Album.objects.filter(owner=owner, title=title).first()
    return known or Album.objects.create(owner=owner, title=title, visibility=visibility)
