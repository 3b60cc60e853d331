"""Everything that writes albums, but their order and the links to them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from gallery.models import Album, AlbumMember, AlbumPhoto, Image, NoticeKind, User, Visibility
from gallery.notices import take_back_album, tell_in_words

# Photos stand so far apart that a thousand can be moved in between before anything is renumbered.
GAP = 1024.0
WRITE_SIZE = 500


class AlbumRefusal(ValueError):
    """What cannot be done to an album; the message tells people why, the code tells programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


def lock_album(album: Album) -> Album:
    """Return the album, locked until the transaction ends, so that two tabs take turns.

    Raises AlbumRefusal where another tab deleted it.
    """
    try:
        return Album.objects.select_for_update(no_key=True).get(pk=album.pk)
    except Album.DoesNotExist:
        message = _("This album has been deleted meanwhile. The photos are still there.")
        raise AlbumRefusal(message, "gone") from None


def make_album(
    *, owner: User, title: str, description: str = "", visibility: str = Visibility.PRIVATE
) -> Album:
    """Return a new empty album."""
    return Album.objects.create(
        owner=owner, title=title, description=description, visibility=visibility
    )


@transaction.atomic
def change_album(
    *,
    album: Album,
    title: str | None = None,
    description: str | None = None,
    visibility: str | None = None,
) -> Album:
    """Return the album with the given fields changed; what is left out stays as it is."""
    lock_album(album)
    changes = {"title": title, "description": description, "visibility": visibility}
    given = {field: value for field, value in changes.items() if value is not None}
    for field, value in given.items():
        setattr(album, field, value)
    if given:
        album.save(update_fields=list(given))
    return album


@transaction.atomic
def delete_album(*, album: Album) -> None:
    """Delete the album with its order, members and links. The photos stay."""
    pk, people = album.pk, list(album.members.values_list("person_id", flat=True))
    album.delete()
    # After the album, in the order of sharing: two tabs wait for each other instead of for ever.
    take_back_album(album_id=pk, person_ids=people)


@transaction.atomic
def add_to_album(*, album: Album, images: Iterable[Image], by: User) -> int:
    """Put photos at the end of the album and return how many were not in it before.

    Only the owner, and members who may add, put photos in, and only photos of their own: nobody
    else's photo is shown to people its owner did not choose. Otherwise raises AlbumRefusal, and
    nothing is added.
    """
    locked = lock_album(album)
    chosen = {image.pk: image for image in images}
    if not locked.is_fillable_by(by):
        raise AlbumRefusal(_("You may look at this album, but not add to it."), "may_not_add")
    if any(image.owner_id != by.pk for image in chosen.values()):
        raise AlbumRefusal(_("You can only add photos of your own."), "not_yours")
    places = AlbumPhoto.objects.filter(album=locked, image_id__in=chosen)
    there = set(places.values_list("image_id", flat=True))
    new = [pk for pk in chosen if pk not in there]
    # A photo that went for good in this moment is passed over.
    present = set(Image.objects.filter(pk__in=new).values_list("pk", flat=True))
    return put_at_end(locked, [pk for pk in new if pk in present])


def put_at_end(album: Album, image_ids: Sequence[int]) -> int:
    """Put these photos, none of which is in it yet, at the end of the album; return how many."""
    last = album.places.aggregate(last=Max("position"))["last"] or 0.0
    places = [
        AlbumPhoto(album=album, image_id=pk, position=last + GAP * number)
        for number, pk in enumerate(image_ids, 1)
    ]
    AlbumPhoto.objects.bulk_create(places, batch_size=WRITE_SIZE)
    return len(places)


@transaction.atomic
def remove_from_album(*, album: Album, images: Iterable[Image], by: User) -> int:
    """Take photos out of the album and return how many were in it; the photos stay.

    Whoever may change the album removes any, others their own. Otherwise raises AlbumRefusal.
    """
    locked = lock_album(album)
    chosen = list(images)
    if not locked.is_editable_by(by) and any(image.owner_id != by.pk for image in chosen):
        raise AlbumRefusal(_("You can only remove photos of your own."), "not_yours")
    return _take_out(locked, [image.pk for image in chosen])


def _take_out(album: Album, image_ids: Iterable[int]) -> int:
    """Delete the places of these photos, and forget a cover that is among them."""
    ids = list(image_ids)
    removed, _rows = AlbumPhoto.objects.filter(album=album, image_id__in=ids).delete()
    Album.objects.filter(pk=album.pk, cover_id__in=ids).update(cover=None)
    return removed


@transaction.atomic
def set_cover(*, album: Album, image: Image) -> None:
    """Make a photo of the album its cover; raise AlbumRefusal where it is not in there."""
    locked = lock_album(album)
    if not locked.places.filter(image=image).exists():
        raise not_in_album()
    Album.objects.filter(pk=album.pk).update(cover=image)


def not_in_album() -> AlbumRefusal:
    """Return the refusal for a photo that another tab took out of the album."""
    message = _("This photo is not in the album any more. Please reload the page.")
    return AlbumRefusal(message, "not_in_album")


# --- People -----------------------------------------------------------------------------------


@transaction.atomic
def share_album_with(*, album: Album, username: str, may_add: bool, by: User) -> AlbumMember:
    """Let somebody see the album and every photo in it, and tell them; return the membership.

    Somebody it is shared with already only gets the new answer about adding. Raises AlbumRefusal
    where there is nobody of this name, or it is the owner.
    """
    locked = lock_album(album)
    name = username.strip().removeprefix("@")
    people = User.objects.filter(is_active=True, left_at=None)
    person = people.filter(username=name).first() or people.filter(username__iexact=name).first()
    if person is None:
        message = _("There is nobody here called “%(name)s”.") % {"name": name}
        raise AlbumRefusal(message, "unknown_person")
    if person.pk == locked.owner_id:
        raise AlbumRefusal(_("The album belongs to this person already."), "is_owner")
    member, is_new = AlbumMember.objects.update_or_create(
        album=locked, person=person, defaults={"may_add": may_add}
    )
    if is_new:
        _tell_member(locked, person, by)
    return member


def _tell_member(album: Album, person: User, by: User) -> None:
    names = {"person": by.username, "album": album.title}
    tell_in_words(
        people=[person],
        words=lambda: _("%(person)s shares the album “%(album)s” with you.") % names,
        url=album.get_absolute_url(),
        kind=NoticeKind.ALBUM,
        actor=by,
    )


@transaction.atomic
def unshare_album(*, album: Album, person: User) -> int:
    """End somebody's membership, whoever asks for it; return how many photos left with them.

    Their photos go out of the album: they could not take them out themselves any more.
    """
    locked = lock_album(album)
    AlbumMember.objects.filter(album=locked, person=person).delete()
    take_back_album(album_id=locked.pk, person_ids=[person.pk])
    theirs = locked.places.filter(image__owner=person)
    return _take_out(locked, list(theirs.values_list("image_id", flat=True)))


def added_in_words(number: int, album: Album) -> str:
    """Return what to tell a person who added photos."""
    if number == 0:
        return _("Nothing new: the album has these already.")
    return ngettext(
        "%(number)d photo added to “%(album)s”.", "%(number)d photos added to “%(album)s”.", number
    ) % {"number": number, "album": album.title}
