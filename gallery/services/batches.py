"""Many files at once: what is here already, and what became of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone

from gallery.imaging import UnreadablePhoto
from gallery.imaging.reading import check_byte_count
from gallery.models import Image, Upload, User
from gallery.problems import in_words
from gallery.services.images import StoredImage, clean_name, store_image
from gallery.services.placing import place_in_album
from gallery.services.trash import restore_from_trash
from gallery.uploading.wishes import Wishes


@dataclass(frozen=True)
class UploadOutcome:
    """What became of one file of an upload: a photo, or the reason why not and its code."""

    name: str
    stored: StoredImage | None = None
    problem: str = ""
    code: str = ""


@dataclass(frozen=True)
class Batch:
    """What is here already of the files somebody is about to upload, by their SHA-256."""

    photos: dict[str, Image]
    uploads: dict[str, Upload]


def begin_batch(*, person: User, hashes: Sequence[str], wishes: Wishes) -> Batch:
    """Return which of these files need not be sent, or not from their beginning.

    Only the person's own photos and uploads count. Photos that are here go into the album wished
    for, out of the trash if they lie there, just as if they had been sent. The answers are
    remembered, to be offered again at the next upload.
    """
    remember_answers(person=person, wishes=wishes)
    mine = Image.with_trash.filter(owner=person, sha256__in=hashes)
    restore_from_trash(images=mine, by=person)
    photos = {image.sha256: image for image in mine.filter(deleted_at=None)}
    place_in_album(images=list(photos.values()), by=person, wishes=wishes)
    going = Upload.objects.filter(owner=person, sha256__in=hashes).under_way(timezone.now())
    uploads = {upload.sha256: upload for upload in going.order_by("received")}
    return Batch(photos, {key: uploads[key] for key in uploads if key not in photos})


def remember_answers(*, person: User, wishes: Wishes) -> None:
    """Keep what the person answered, to be offered again at the next upload."""
    answers = {
        "usual_visibility": wishes.visibility,
        "usual_licence": wishes.licence,
        "offers_photos": wishes.teaches,
    }
    changed = [name for name, answer in answers.items() if getattr(person, name) != answer]
    for name in changed:
        setattr(person, name, answers[name])
    if changed:
        person.save(update_fields=changed)


def store_one(*, owner: User, data: bytes, name: str, wishes: Wishes) -> UploadOutcome:
    """Return what became of one whole file: a photo in its album, or the reason why not."""
    try:
        stored = store_image(owner=owner, data=data, name=name, **wishes.of_the_photo)
    except UnreadablePhoto as error:
        return UploadOutcome(clean_name(name), problem=in_words(error), code=error.code)
    place_in_album(images=[stored.image], by=owner, wishes=wishes)
    return UploadOutcome(clean_name(name), stored)


def store_uploads(
    *, owner: User, files: Iterable[UploadedFile[bytes]], wishes: Wishes
) -> list[UploadOutcome]:
    """Return what became of each file of a plain form; one bad file does not stop the rest."""
    outcomes = []
    for file in files:
        name = file.name or ""
        try:
            # An over-long file lies on disk by now; it is never read into memory.
            check_byte_count(file.size or 0, settings.EYES_MAX_UPLOAD_BYTES)
        except UnreadablePhoto as error:
            outcomes.append(
                UploadOutcome(clean_name(name), problem=in_words(error), code=error.code)
            )
        else:
            outcomes.append(store_one(owner=owner, data=file.read(), name=name, wishes=wishes))
    remember_answers(person=owner, wishes=wishes)
    return outcomes
