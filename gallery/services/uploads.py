"""Uploads on their way: begun, gone on with, finished, given up."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import timedelta
from http import HTTPStatus

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Sum
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.imaging import UnreadablePhoto
from gallery.imaging.reading import check_byte_count
from gallery.models import Upload, User
from gallery.problems import in_words
from gallery.services.batches import UploadOutcome, store_one
from gallery.services.images import StoredImage, clean_name, update_image
from gallery.services.placing import place_in_album
from gallery.storage import uploads_directory
from gallery.uploading.headers import Checksum
from gallery.uploading.pieces import gone, held_file, write_piece
from gallery.uploading.refusals import CHECKSUM_MISMATCH, UploadRefused
from gallery.uploading.wishes import Wishes

KEPT_FOR = timedelta(hours=24)
# One person's uploads that are not finished: so many, and so many times the largest file.
MOST_UNFINISHED = 100
MOST_LARGEST_FILES = 50
SWEPT_AT_ONCE = 5000
# What `code` of a finished upload says where the photo was there before.
KNOWN = "known"


@transaction.atomic
def open_upload(
    *, owner: User, size: int, name: str = "", sha256: str = "", wishes: Wishes
) -> Upload:
    """Return a new upload of `size` bytes, none of them here yet.

    Raises UploadRefused: 413 for a file over the limit, 422 for an empty one, and 429 where the
    person has too much under way.
    """
    try:
        check_byte_count(size, settings.EYES_MAX_UPLOAD_BYTES)
    except UnreadablePhoto as problem:
        raise UploadRefused(status_for(problem.code), problem.code, in_words(problem)) from None
    # Two requests at once would both find room; the person's row lets one through at a time.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    _check_room(owner, size)
    upload = Upload.objects.create(
        owner=owner,
        name=clean_name(name),
        size=size,
        sha256=sha256,
        wishes=wishes.as_json(),
        expires_at=timezone.now() + KEPT_FOR,
    )
    uploads_directory().mkdir(parents=True, exist_ok=True)
    upload.path.touch()
    return upload


def _check_room(owner: User, size: int) -> None:
    """Raise UploadRefused (429) where one more file would be too much under way."""
    under_way = Upload.objects.filter(owner=owner).under_way(timezone.now())
    present = under_way.aggregate(count=Count("pk"), size=Sum("size"))
    most_bytes = MOST_LARGEST_FILES * settings.EYES_MAX_UPLOAD_BYTES
    if present["count"] >= MOST_UNFINISHED or (present["size"] or 0) + size > most_bytes:
        raise UploadRefused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too_many_unfinished",
            _(
                "You have %(count)s unfinished uploads, which is all there is room for. Finish "
                "them, or forget them on the upload page; after a day they go by themselves."
            )
            % {"count": present["count"]},
        )


def append_piece(
    *, upload: Upload, offset: int, piece: bytes | bytearray, checksum: Checksum | None = None
) -> Upload:
    """Return the upload with the piece behind what is there; the last one makes it a photo.

    `offset` is where the sender thinks that the piece belongs. An empty piece at the end of a
    complete file finishes what a killed process did not. Raises UploadRefused: 409 for another
    offset, 413 for more bytes than were declared, 460 for a wrong checksum, 423 where another
    request is at it, 410 where it has expired.
    """
    if upload.is_settled:
        check_offset(upload, offset, len(piece))
        return upload
    with held_file(upload.path) as file:
        upload = _present(upload)
        check_offset(upload, offset, len(piece))
        if checksum is not None and not checksum.matches(piece):
            raise UploadRefused(
                CHECKSUM_MISMATCH, "checksum", _("A piece of the file was damaged on its way.")
            )
        if not upload.is_settled:
            write_piece(file, offset, piece)
            upload.received = offset + len(piece)
            upload.expires_at = timezone.now() + KEPT_FOR
            upload.save(update_fields=["received", "expires_at"])
            if upload.received == upload.size:
                file.seek(0)
                _finish(upload, file.read())
    return upload


def check_offset(upload: Upload, offset: int, length: int) -> None:
    """Raise UploadRefused where so many bytes do not belong at this offset of the upload."""
    if upload.expires_at <= timezone.now():
        raise gone()
    if offset != upload.received:
        raise UploadRefused(
            HTTPStatus.CONFLICT,
            "offset",
            _("The upload goes on at byte %(received)s.") % {"received": upload.received},
        )
    if offset + length > upload.size:
        raise UploadRefused(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too_many_bytes",
            _("The file was announced with %(size)s bytes; more came.") % {"size": upload.size},
        )


def _present(upload: Upload) -> Upload:
    """Return the row as it is now that its file is held; 410 where it went in the meantime."""
    present = Upload.objects.select_related("owner", "image").filter(pk=upload.pk).first()
    if present is None:
        raise gone()
    return present


def _finish(upload: Upload, data: bytes) -> None:
    """Make the complete file a photo, or note why it cannot be one; either way the bytes go."""
    wishes = Wishes(**upload.wishes)
    if upload.sha256 and hashlib.sha256(data).hexdigest() != upload.sha256:
        upload.problem = _("The file changed while it was uploaded. Please choose it again.")
        upload.code = "changed"
    else:
        outcome = store_one(owner=upload.owner, data=data, name=upload.name, wishes=wishes)
        upload.problem, upload.code = outcome.problem[:300], outcome.code
        if outcome.stored is not None:
            upload.image = outcome.stored.image
            upload.code = "" if outcome.stored.is_new else KNOWN
    upload.save(update_fields=["problem", "code", "image"])
    upload.path.unlink(missing_ok=True)


def outcome_of(upload: Upload) -> UploadOutcome | None:
    """Return what became of an upload, None while it is under way."""
    if upload.image is not None:
        return UploadOutcome(upload.name, StoredImage(upload.image, upload.code != KNOWN))
    if upload.problem:
        return UploadOutcome(upload.name, problem=upload.problem, code=upload.code)
    return None


def change_wishes(*, upload: Upload, wishes: Wishes) -> Upload:
    """Let other wishes hold for an upload, or for the photo that it has become meanwhile.

    Raises UploadRefused, 423 while the photo is being made of it: ask again a little later.
    """
    if not upload.is_settled:
        with held_file(upload.path):
            upload = _present(upload)
            if not upload.is_settled:
                upload.wishes = wishes.as_json()
                upload.save(update_fields=["wishes"])
    if upload.image is not None:
        update_image(image=upload.image, **wishes.of_the_photo)
        place_in_album(images=[upload.image], by=upload.owner, wishes=wishes)
    return upload


def forget_upload(*, upload: Upload) -> None:
    """Give an upload up: its bytes and its row go, a photo that it has become stays.

    Raises UploadRefused (423) where a request is writing to it at this moment.
    """
    path = upload.path
    if upload.is_settled:
        upload.delete()
        return
    try:
        with held_file(path):
            upload.delete()
            path.unlink(missing_ok=True)
    except UploadRefused as refusal:
        if refusal.status != HTTPStatus.GONE:
            raise
        upload.delete()


def forget_uploads(*, uploads: Iterable[Upload]) -> int:
    """Give up every one of these that nobody is writing to; return how many that were."""
    forgotten = 0
    for upload in uploads:
        try:
            forget_upload(upload=upload)
        except UploadRefused:
            continue
        forgotten += 1
    return forgotten


def forget_expired_uploads() -> int:
    """Give up uploads that nobody went on with in time, and files without a row; return both."""
    expired = Upload.objects.expired_at(timezone.now()).order_by("expires_at")
    forgotten = forget_uploads(uploads=list(expired[:SWEPT_AT_ONCE]))
    present = {key.hex for key in Upload.objects.values_list("pk", flat=True)}
    old = timezone.now().timestamp() - KEPT_FOR.total_seconds()
    if uploads_directory().is_dir():
        for path in uploads_directory().iterdir():
            if path.name not in present and path.stat().st_mtime < old:
                path.unlink(missing_ok=True)
                forgotten += 1
    return forgotten


def status_for(code: str) -> int:
    """Return the HTTP status that fits the reason why a file is no photo."""
    if code == "too_large":
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    return HTTPStatus.UNPROCESSABLE_ENTITY
