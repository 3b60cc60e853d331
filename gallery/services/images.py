"""Everything that writes photos: one row and its files, together or not at all."""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Lock

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy

from gallery.imaging.reading import check_byte_count
from gallery.models import Image, Licence, User
from gallery.moderation import require_moderator
from gallery.services.developing import Developed as Developed
from gallery.services.developing import develop_image as develop_image
from gallery.services.developing import facts_of
from gallery.services.people import hold_person
from gallery.services.trash import bring_back
from gallery.signals import image_keywords_found, image_published
from gallery.storage import place_directory, remove_directory, written_files

LONGEST_NAME = 255
HIDING = gettext_lazy("Only moderators hide and restore photos.")
# A process develops one upload at a time, however many threads it serves with: a photo may unfold
# to a quarter of a gigabyte, and two of them at once would not be ready any sooner.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class StoredImage:
    """The photo, and whether these bytes were new from this person."""

    image: Image
    is_new: bool


def store_image(
    *,
    owner: User,
    data: bytes,
    name: str,
    visibility: str,
    teaches: bool,
    title: str = "",
    description: str = "",
    alt: str = "",
    licence: str = Licence.ALL_RIGHTS,
    is_sample: bool = False,
    announce: bool = True,
    developed: Developed | None = None,
) -> StoredImage:
    """Return the stored photo, or the one this person already has with these very bytes.

    One that lies in the trash comes back from it. Where no title, description or alternative text
    is given, those that the author wrote into the file are taken. Who stores many photos at once
    hands in what `develop_image` made of the same bytes.
    Raises UnreadablePhoto where the bytes are no photo and PersonLeft where their owner closed the
    account meanwhile, and leaves nothing. The files stand in their place before the row is
    committed and go again if that fails; a process that is killed
    in between leaves a folder that no row names. Unless `announce` is off, `image_published`
    follows the commit, and `image_keywords_found` where the file names some.
    """
    check_byte_count(len(data), settings.EYES_MAX_UPLOAD_BYTES)
    sha256 = hashlib.sha256(data).hexdigest()
    known = known_image(owner=owner, sha256=sha256)
    if known is not None:
        return StoredImage(known, is_new=False)
    if developed is None:
        with _ONE_AT_A_TIME:
            developed = develop_image(data)
    image = Image(
        owner=owner,
        title=title or developed.metadata.title,
        description=description or developed.metadata.description,
        alt=alt or developed.metadata.alt,
        original_name=clean_name(name),
        file_format=developed.file_format,
        sha256=sha256,
        dhash=developed.dhash,
        width=developed.width,
        height=developed.height,
        byte_size=len(data),
        rendition_widths=sorted(developed.renditions),
        visibility=visibility,
        licence=licence,
        teaches=teaches,
        is_sample=is_sample,
        colour=developed.colour,
        colour_name=developed.colour_name,
        **facts_of(developed.metadata),
    )
    return save_with_files(image, developed, data, announce)


def known_image(*, owner: User, sha256: str) -> Image | None:
    """Return the photo that this person has of these bytes, out of the trash if it lay there."""
    known = Image.with_trash.filter(owner=owner, sha256=sha256).first()
    return known and bring_back(image=known)


def save_with_files(image: Image, developed: Developed, data: bytes, announce: bool) -> StoredImage:
    """Save a new row with its files; where another upload of the same bytes won, return that."""
    files = {image.original_path.name: data}
    for width, webp in developed.renditions.items():
        files[image.rendition_path(width).name] = webp
    with written_files(files) as written:
        try:
            with transaction.atomic():
                hold_person(image.owner)
                image.save(force_insert=True)
                place_directory(written, image.directory)
                if announce:
                    announce_on_commit(image.pk)
                    announce_keywords_on_commit(image, developed.keywords)
        except IntegrityError:
            remove_directory(image.directory)
            known = known_image(owner=image.owner, sha256=image.sha256)
            if known is None:
                raise
            return StoredImage(known, is_new=False)
        except BaseException:
            remove_directory(image.directory)
            raise
    return StoredImage(image, is_new=True)


def announce_on_commit(image_id: int) -> None:
    """Tell the listeners of a new photo once it is truly there; one that fails stops no other."""

    def announce() -> None:
        image_published.send_robust(sender=Image, image_id=image_id)

    transaction.on_commit(announce)


def announce_keywords_on_commit(image: Image, keywords: tuple[str, ...]) -> None:
    """Tell the listeners what the file of a new photo names; nothing where it names nothing."""
    if not keywords:
        return
    told = {"image_id": image.pk, "person_id": image.owner_id, "keywords": keywords}

    def announce() -> None:
        image_keywords_found.send_robust(sender=Image, **told)

    transaction.on_commit(announce)


def clean_name(name: str) -> str:
    """Return a file name to print: no folders, no control characters, at most 255 characters.

    It is shown to the owner and never becomes part of a path.
    """
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name
    printable = "".join(
        character for character in last if unicodedata.category(character) not in {"Cc", "Cs"}
    ).strip()
    suffix = PurePosixPath(printable).suffix[:16]
    if len(printable) > LONGEST_NAME:
        return printable[: LONGEST_NAME - len(suffix)] + suffix
    return printable


# What an owner may change about a photo.
CHANGEABLE = frozenset(
    {
        "title",
        "description",
        "alt",
        "visibility",
        "licence",
        "teaches",
        "offers_original",
        "comments_open",
        "shows_camera",
        "shows_taken",
        "shows_place",
    }
)


def update_image(*, image: Image, **changes: str | bool | None) -> Image:
    """Return the photo with the given fields of CHANGEABLE changed; None leaves one as it is."""
    if unknown := changes.keys() - CHANGEABLE:
        raise TypeError(f"These fields of a photo cannot be changed: {sorted(unknown)}")
    wanted = {field: value for field, value in changes.items() if value is not None}
    for field, value in wanted.items():
        setattr(image, field, value)
    if wanted:
        image.save(update_fields=wanted)
    return image


@transaction.atomic
def delete_image(*, image: Image) -> None:
    """Delete the photo for good, past the trash.

    Its files go, and `image_deleted` is sent, when the row is truly gone.

    Both hang on the row itself (see receivers), so that deleting a person does the same.
    """
    image.delete()


@transaction.atomic
def hide_images(*, images: QuerySet[Image], moderator: User, reason: str) -> int:
    """Hide photos from everybody but their owners and moderators; return how many were shown."""
    require_moderator(moderator, HIDING)
    affected = list(images.filter(hidden_at=None).select_for_update(of=("self",)))
    ids = [image.pk for image in affected]
    Image.objects.filter(pk__in=ids).update(hidden_at=timezone.now(), hidden_reason=reason)
    write_log(moderator, affected, f"Hidden: {reason}" if reason else "Hidden.")
    return len(ids)


@transaction.atomic
def restore_images(*, images: QuerySet[Image], moderator: User) -> int:
    """Show hidden photos again; return how many were hidden."""
    require_moderator(moderator, HIDING)
    affected = list(images.exclude(hidden_at=None).select_for_update(of=("self",)))
    ids = [image.pk for image in affected]
    Image.objects.filter(pk__in=ids).update(hidden_at=None, hidden_reason="")
    write_log(moderator, affected, "Restored.")
    return len(ids)


def write_log(moderator: User, images: list[Image], message: str) -> None:
    """Note in the admin's history who did what to these photos."""
    if images:
        LogEntry.objects.log_actions(
            moderator.pk, images, CHANGE, change_message=message, single_object=False
        )
