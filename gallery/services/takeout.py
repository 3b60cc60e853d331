"""Taking everything out: asked for on a page, written by a job, fetched within a week."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from django.conf import settings
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.chunks import chunks
from gallery.full_disk import is_full_disk
from gallery.models import Image, NoticeKind, Takeout, TransferState, User
from gallery.models.transfers import UNDER_WAY
from gallery.notice_ways import language_of
from gallery.notices import tell
from gallery.services.transfers import (
    Progress,
    Superseded,
    claim,
    disk_is_full,
    fail,
    finish,
    forget_earlier,
    hand_out,
)
from gallery.signals import answers_to, person_taken_out, photos_taken_out
from gallery.storage import avatar_directory, transfers_directory
from gallery.takeout import ALBUMS, NOTICES, PROFILE, records
from gallery.takeout.archive import Archive, readable_names
from gallery.takeout.readme import README

# Photos whose records are read together.
STEP: Final = 100


def ask_for_takeout(*, person: User) -> Takeout:
    """Return the takeout that is being made for this person, a new one unless one is under way.

    An earlier one that is ready goes: the new one holds everything that it held. Pressing twice,
    and in two tabs, is asking once: the database allows one under way for each person.
    """
    try:
        with transaction.atomic():
            present = Takeout.objects.filter(person=person, state__in=UNDER_WAY).first()
            if present is not None:
                return present
            takeout = Takeout(person=person)
            hand_out(takeout)
            forget_earlier(takeout)
            return takeout
    except IntegrityError:
        return Takeout.objects.get(person=person, state__in=UNDER_WAY)


@transaction.atomic
def cancel_takeout(*, takeout: Takeout) -> None:
    """Forget a takeout and its file; a job that writes it stops at its next look."""
    takeout.delete()


def write_takeout(*, key: str, ticket: str) -> str:
    """Write the file of a takeout and return in words what came of it; a void ticket does nothing.

    It grows under a temporary name and appears whole. A full disk, and whatever else ends it, is
    told on the page, where it can be asked for again.
    """
    takeout = claim(Takeout, key, ticket)
    if takeout is None:
        return f"Takeout {key} is gone, done, or another job's."
    # What is told, of success and of failure, is for the person alone.
    with language_of(takeout.person):
        return _carry_out(takeout, key)


def _carry_out(takeout: Takeout, key: str) -> str:
    transfers_directory().mkdir(parents=True, exist_ok=True)
    # Under a name of this run alone: a queue may hand the same job out twice.
    growing = takeout.path.with_suffix(f".{uuid4().hex}.part")
    try:
        _write(takeout, growing)
        os.replace(growing, takeout.path)  # noqa: PTH105 - the name says that it is atomic
        if not finish(takeout, byte_size=takeout.path.stat().st_size):
            raise Superseded
    except Superseded:
        if not Takeout.objects.filter(pk=takeout.pk).exists():
            takeout.path.unlink(missing_ok=True)
        return f"Takeout {key} is not wanted any more."
    except Exception as error:
        if not is_full_disk(error):
            fail(takeout, _("Something went wrong on this site. Please try again."))
            raise
        fail(takeout, disk_is_full())
        return f"The disk is full: takeout {key} failed."
    finally:
        growing.unlink(missing_ok=True)
    address = f"{reverse('gallery:takeout')}#{takeout.pk.hex}"
    text = _("Your takeout is ready to be fetched.")
    tell(texts={takeout.person_id: text}, url=address, kind=NoticeKind.TRANSFER)
    return f"Takeout {key} is written."


def _write(takeout: Takeout, path: Path) -> None:
    archive, progress = Archive(path), Progress(takeout)
    person = takeout.person
    try:
        archive.add_bytes("README.txt", README.encode())
        _write_person(archive, person)
        mine = Image.with_trash.filter(owner=person).order_by("created_at", "pk")
        ids = list(mine.values_list("pk", flat=True))
        progress.begin(len(ids))
        names = readable_names(_stems(ids))
        done = 0
        for some in chunks(ids, STEP):
            for image, record in _told(some, person):
                _write_photo(archive, next(names), image, record)
                done += 1
                progress.note(done)
        archive.close(site=str(settings.SITE_NAME), person=person.username, made_at=timezone.now())
    finally:
        archive.abandon()


def _write_person(archive: Archive, person: User) -> None:
    """Write everything that belongs to the person and to no photo of theirs."""
    archive.add_json(PROFILE, records.profile_record(person))
    archive.add_json(ALBUMS, records.album_records(person))
    archive.add_json("comments.json", records.comments_elsewhere(person))
    archive.add_json("likes.json", records.likes_given(person))
    archive.add_json("follows.json", records.follows_record(person))
    archive.add_json(NOTICES, records.notice_choices(person))
    for files in answers_to(person_taken_out, person=person):
        for name, value in files.items():
            archive.add_json(name, value)
    if person.avatar_folder is not None:
        folder = avatar_directory(person.avatar_folder)
        for file in sorted(folder.glob("*")) if folder.is_dir() else ():
            archive.add_file(f"avatar/{file.name}", file)


def _write_photo(archive: Archive, name: str, image: Image, record: dict[str, Any]) -> None:
    """Write a photo and its record; one whose file is gone is told without it."""
    file = f"{name}.{image.file_format}"
    with contextlib.suppress(FileNotFoundError):
        archive.add_file(file, image.original_path)
        record["file"] = file
    archive.add_json(f"{name}.json", record)


def _told(ids: Sequence[int], person: User) -> Iterator[tuple[Image, dict[str, Any]]]:
    """Yield those of these photos that are still there, with all that any room knows of them."""
    found = Image.with_trash.filter(pk__in=ids).with_owner().in_bulk()
    images = [found[pk] for pk in ids if pk in found]
    told = records.photo_records(images)
    ids = [image.pk for image in images]
    for more in answers_to(photos_taken_out, person=person, image_ids=ids):
        for pk, record in more.items():
            told[pk].update(record)
    for image in images:
        yield image, told[image.pk]


def _stems(ids: Sequence[int]) -> Iterator[tuple[str, str]]:
    for some in chunks(ids, STEP):
        rows = Image.with_trash.filter(pk__in=some).values_list("pk", "title", "original_name")
        words = {pk: (title, Path(name).stem) for pk, title, name in rows}
        yield from (words.get(pk, ("", "")) for pk in some)


def newest_takeout(person: User) -> Takeout | None:
    """Return the takeout that the person's page tells of."""
    return Takeout.objects.filter(person=person).first()


def is_fetchable(takeout: Takeout) -> bool:
    """Return whether its file is there and has not expired."""
    is_fresh = takeout.expires_at is None or takeout.expires_at > timezone.now()
    return takeout.state == TransferState.DONE and is_fresh and takeout.path.is_file()
