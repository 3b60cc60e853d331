"""What people show of themselves: words and a picture."""

from __future__ import annotations

from uuid import UUID, uuid4

from django.conf import settings
from django.db import transaction

from gallery.imaging.avatars import render_avatars
from gallery.models import User
from gallery.storage import avatar_directory, place_directory, remove_directory, written_files


class PersonLeft(Exception):
    """Raised where something would come in for somebody who has closed their account."""


def hold_person(person: User) -> None:
    """Lock the row of a person, so that they cannot leave before the transaction ends.

    Raises PersonLeft where they have: what came in now would stay behind.
    """
    rows = User.objects.select_for_update(no_key=True).filter(pk=person.pk, left_at=None)
    if not rows.values_list("pk", flat=True).first():
        raise PersonLeft


@transaction.atomic
def change_profile(*, person: User, bio: str, avatar: bytes | None = None) -> None:
    """Change what a person says of themselves, and their picture where one is given.

    Raises UnreadablePhoto and changes nothing where the bytes are no picture.
    """
    if avatar is not None:
        set_avatar(person=person, data=avatar)
    person.bio = bio
    person.save(update_fields=["bio"])


def set_avatar(*, person: User, data: bytes) -> None:
    """Give a person another picture. The files of the one before go with the commit."""
    pictures = render_avatars(
        data, max_pixels=settings.EYES_MAX_PIXELS, max_bytes=settings.EYES_MAX_UPLOAD_BYTES
    )
    folder = uuid4()
    with written_files({f"{side}.webp": webp for side, webp in pictures.items()}) as written:
        try:
            with transaction.atomic():
                place_directory(written, avatar_directory(folder))
                _replace_folder(person, folder)
        except BaseException:
            remove_directory(avatar_directory(folder))
            raise


@transaction.atomic
def remove_avatar(*, person: User) -> None:
    """Take a person's picture away; the first letter of the name stands there again."""
    _replace_folder(person, None)


def _replace_folder(person: User, folder: UUID | None) -> None:
    held = User.objects.select_for_update(no_key=True).get(pk=person.pk)
    forget_avatar_on_commit(held.avatar_folder)
    User.objects.filter(pk=person.pk).update(avatar_folder=folder)
    person.avatar_folder = folder


def forget_avatar_on_commit(folder: UUID | None) -> None:
    """Remove the files of an avatar once no row names them."""
    if folder is not None:
        transaction.on_commit(lambda: remove_directory(avatar_directory(folder)))
