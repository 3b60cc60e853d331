"""Putting photos that arrive into the album that was wished for."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction

from gallery.models import Album, Image, User
from gallery.services.albums import AlbumRefusal, add_to_album
from gallery.uploading.wishes import Wishes


def place_in_album(*, images: Sequence[Image], by: User, wishes: Wishes) -> Album | None:
    """Put the photos into the album wished for and return it; None where there is none.

    An album that was deleted since, or is no longer open to this person, stops no photo.
    """
    album = _album_wished_for(by, wishes) if images else None
    if album is None:
        return None
    try:
        add_to_album(album=album, images=images, by=by)
    except AlbumRefusal:
        return None
    return album


def _album_wished_for(person: User, wishes: Wishes) -> Album | None:
    if wishes.new_album:
        return _album_called(wishes.new_album, person, wishes.visibility)
    if wishes.album is not None:
        return Album.objects.fillable_by(person).filter(pk=wishes.album).first()
    return None


@transaction.atomic
def _album_called(title: str, owner: User, visibility: str) -> Album:
    """Return the person's album of this title, made now if there is none.

    Several photos of a batch arrive at once; the person's row is held so that they share one.
    """
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    known = Album.objects.filter(owner=owner, title=title).first()
    return known or Album.objects.create(owner=owner, title=title, visibility=visibility)
