"""Everything that writes photos: one row and its files, together or not at all."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from threading import Lock

from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from gallery.imaging import (
    RENDITION_WIDTHS,
    dhash16,
    read_photo,
    render_all,
    rendition_widths,
)
from gallery.imaging.reading import UnreadablePhoto, check_byte_count
from gallery.models import Image, User
from gallery.moderation import require_moderator
from gallery.services.trash import bring_back
from gallery.signals import image_published
from gallery.storage import place_directory, remove_directory, written_files

LONGEST_NAME = 255
HIDING = "hide and restore photos"
# A process develops one upload at a time, however many threads it serves with: a photo may unfold
# to a quarter of a gigabyte, and two of them at once would not be ready any sooner.
_ONE_AT_A_TIME = Lock()


@dataclass(frozen=True)
class StoredImage:
    """The photo, and whether these bytes were new from this person."""

    image: Image
    is_new: bool


@dataclass(frozen=True)
class Developed:
    """A photo on its way in: decoded, measured and rendered, with nothing written yet."""

    dhash: str
    file_format: str
    width: int
    height: int
    renditions: dict[int, bytes]


@dataclass(frozen=True)
class UploadOutcome:
    """What became of one file of an upload: a photo, or the reason why not and its code."""

    name: str
    stored: StoredImage | None = None
    problem: str = ""
    code: str = ""


def develop_image(data: bytes) -> Developed:
    """Return everything about a photo that only its bytes decide, or raise UnreadablePhoto.

    This is the slow part of storing one. It touches neither database nor disk, so an import may
    run it for several photos at once in threads: the decoders let go of Python's lock.
    """
    check_byte_count(len(data), settings.EYES_MAX_UPLOAD_BYTES)
    photo = read_photo(data, max_pixels=settings.EYES_MAX_PIXELS, enough=(RENDITION_WIDTHS[-1], 1))
    return Developed(
        dhash=dhash16(photo.rgb),
        file_format=photo.file_format,
        width=photo.width,
        height=photo.height,
        renditions=render_all(photo.rgb, rendition_widths(photo.width, photo.height)),
    )


def store_image(
    *,
    owner: User,
    data: bytes,
    name: str,
    visibility: str,
    teaches: bool,
    title: str = "",
    description: str = "",
    is_sample: bool = False,
    announce: bool = True,
    developed: Developed | None = None,
) -> StoredImage:
    """Return the stored photo, or the one this person already has with these very bytes.

    Who stores many photos at once hands in what `develop_image` made of the same bytes.
    Raises UnreadablePhoto and leaves nothing where the bytes are no photo. The files stand in
    their place before the row is committed and go again if that fails; a process that is killed
    in between leaves a folder that no row names. Unless `announce` is off, `image_published`
    follows the commit.
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
        title=title,
        description=description,
        original_name=clean_name(name),
        file_format=developed.file_format,
        sha256=sha256,
        dhash=developed.dhash,
        width=developed.width,
        height=developed.height,
        byte_size=len(data),
        rendition_widths=sorted(developed.renditions),
        visibility=visibility,
        teaches=teaches,
        is_sample=is_sample,
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
                image.save(force_insert=True)
                place_directory(written, image.directory)
                if announce:
                    announce_on_commit(image.pk)
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


def store_uploads(
    *, owner: User, files: Iterable[UploadedFile[bytes]], visibility: str, teaches: bool
) -> list[UploadOutcome]:
    """Return what became of each file; one bad file does not stop the rest.

    The answer about teaching is remembered, to be offered again at the next upload.
    """
    outcomes = []
    for file in files:
        name = file.name or ""
        try:
            # An over-long file lies on disk by now; it is never read into memory.
            check_byte_count(file.size or 0, settings.EYES_MAX_UPLOAD_BYTES)
            stored = store_image(
                owner=owner, data=file.read(), name=name, visibility=visibility, teaches=teaches
            )
            outcomes.append(UploadOutcome(clean_name(name), stored))
        except UnreadablePhoto as error:
            outcomes.append(UploadOutcome(clean_name(name), problem=str(error), code=error.code))
    if owner.offers_photos != teaches:
        owner.offers_photos = teaches
        owner.save(update_fields=["offers_photos"])
    return outcomes


def update_image(
    *,
    image: Image,
    title: str | None = None,
    description: str | None = None,
    visibility: str | None = None,
    teaches: bool | None = None,
) -> Image:
    """Return the photo with the given fields changed; what is left out stays as it is."""
    changes = {
        "title": title,
        "description": description,
        "visibility": visibility,
        "teaches": teaches,
    }
    fields = [field for field, value in changes.items() if value is not None]
    for field in fields:
        setattr(image, field, changes[field])
    if fields:
        image.save(update_fields=fields)
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
