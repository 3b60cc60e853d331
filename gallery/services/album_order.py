"""The order of an album: every change under the lock of the album, relative to what is there."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Coalesce

from gallery.models import Album, AlbumPhoto, User
from gallery.services.albums import GAP, WRITE_SIZE, lock_album, not_in_album


@transaction.atomic
def move_in_album(*, album: Album, image_id: int, beside_id: int, is_after: bool) -> None:
    """Put a photo directly before or after another one; one row changes, as a rule.

    It names its neighbour instead of a number, so that two tabs that move at once both get what
    they asked for. Raises AlbumRefusal where one of the two is not in the album any more.
    """
    locked = lock_album(album)
    moved, beside = _place(locked, image_id), _place(locked, beside_id)
    if moved.pk == beside.pk:
        return
    others = locked.places.exclude(pk=moved.pk)
    if (position := _position_beside(others, beside, is_after)) is None:
        _renumber(list(locked.places.order_by("position", "pk")))
        beside.refresh_from_db()
        position = _position_beside(others, beside, is_after)
    AlbumPhoto.objects.filter(pk=moved.pk).update(position=position)


@transaction.atomic
def step_in_album(*, album: Album, image_id: int, is_later: bool, by: User) -> bool:
    """Let a photo change places with its neighbour; return whether it had one on that side.

    Neighbours are those that the person sees: stepping past a photo in the trash would look as if
    nothing happened. Raises AlbumRefusal where the photo is not in the album any more.
    """
    locked = lock_album(album)
    place = _place(locked, image_id)
    places = locked.places.seen_by(by).exclude(pk=place.pk)
    neighbour = _next(places, place) if is_later else _previous(places, place)
    if neighbour is None:
        return False
    move_in_album(album=album, image_id=image_id, beside_id=neighbour.image_id, is_after=is_later)
    return True


@transaction.atomic
def sort_album(*, album: Album, newest_first: bool = False) -> None:
    """Sort by when the photos were taken; where that is unknown, by when they were uploaded."""
    moment = Coalesce("image__taken_at", "image__created_at")
    places = list(lock_album(album).places.order_by(moment, "image_id"))
    _renumber(places[::-1] if newest_first else places)


def _place(album: Album, image_id: int) -> AlbumPhoto:
    place = album.places.filter(image_id=image_id).first()
    if place is None:
        raise not_in_album()
    return place


def _position_beside(
    others: QuerySet[AlbumPhoto], beside: AlbumPhoto, is_after: bool
) -> float | None:
    """Return a number between this place and the next one; None where there is no room left."""
    neighbour = _next(others, beside) if is_after else _previous(others, beside)
    if neighbour is None:
        return beside.position + (GAP if is_after else -GAP)
    middle = (beside.position + neighbour.position) / 2
    low, high = sorted((beside.position, neighbour.position))
    return middle if low < middle < high else None


def _next(places: QuerySet[AlbumPhoto], place: AlbumPhoto) -> AlbumPhoto | None:
    """Return the place that follows; the id decides between two of the same position."""
    same = places.filter(position=place.position, pk__gt=place.pk)
    later = places.filter(position__gt=place.position)
    return same.order_by("pk").first() or later.order_by("position", "pk").first()


def _previous(places: QuerySet[AlbumPhoto], place: AlbumPhoto) -> AlbumPhoto | None:
    same = places.filter(position=place.position, pk__lt=place.pk)
    earlier = places.filter(position__lt=place.position)
    return same.order_by("-pk").first() or earlier.order_by("-position", "-pk").first()


def _renumber(places: list[AlbumPhoto]) -> None:
    """Write positions with gaps anew, in this order."""
    for number, place in enumerate(places, 1):
        place.position = GAP * number
    AlbumPhoto.objects.bulk_update(places, ["position"], batch_size=WRITE_SIZE)
