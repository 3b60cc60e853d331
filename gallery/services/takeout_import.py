"""Bringing a takeout in: whatever is in it is checked, and nothing is doubled.

Running it again, after a kill or by choice, goes on where it was: photos are known by their bytes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from gallery.full_disk import is_full_disk
from gallery.imaging import UnreadablePhoto
from gallery.models import Image, NoticeKind, TakeoutImport, TransferState, User
from gallery.models.transfers import UNDER_WAY
from gallery.notice_ways import language_of
from gallery.notices import tell
from gallery.problems import in_words
from gallery.services.images import store_image
from gallery.services.people import PersonLeft, set_avatar
from gallery.services.takeout_photos import (
    bring_in_album,
    bring_in_comments,
    bring_in_profile,
    fields_of_photo,
    fill_photo,
    set_up_photo,
)
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
from gallery.services.trash import bring_back
from gallery.signals import answers_to, person_brought_in, photos_brought_in
from gallery.storage import transfers_directory
from gallery.takeout import ALBUMS, NOTICES, PROFILE, told
from gallery.takeout.reading import DamagedFile, NoTakeout, TakeoutFile, each_record
from gallery.takeout.told import Told

# Photos whose tags are brought in together, and problems that the report names.
STEP: Final = 50
MOST_NAMED: Final = 50


class ImportUnderWay(Exception):
    """Raised where this person's takeout is being brought in already."""


class Report:
    """What became of a takeout: numbers, and the files that could not be brought in."""

    def __init__(self) -> None:
        self.numbers: Counter[str] = Counter()
        self.problems: list[str] = []

    def complain(self, sentence: str) -> None:
        """Note a file that stays out, and why."""
        self.numbers["refused"] += 1
        if len(self.problems) < MOST_NAMED:
            self.problems.append(sentence)

    def as_json(self) -> dict[str, Any]:
        """Return the report for the row."""
        return {**self.numbers, "problems": self.problems}


def take_in(*, person: User, file: UploadedFile[bytes]) -> TakeoutImport:
    """Keep an uploaded takeout and have a job bring it in; return its row.

    Raises NoTakeout at once for what is none, with nothing kept, and ImportUnderWay where another
    one of this person is on its way.
    """
    if TakeoutImport.objects.filter(person=person, state__in=UNDER_WAY).exists():
        raise ImportUnderWay
    begun = TakeoutImport(person=person, byte_size=file.size or 0)
    transfers_directory().mkdir(parents=True, exist_ok=True)
    arriving = begun.path.with_suffix(".part")
    try:
        with arriving.open("wb") as target:
            for piece in file.chunks():
                target.write(piece)
        with TakeoutFile(arriving):
            pass
        os.replace(arriving, begun.path)  # noqa: PTH105 - the name says that it is atomic
        with transaction.atomic():
            hand_out(begun)
    except IntegrityError:
        begun.path.unlink(missing_ok=True)
        raise ImportUnderWay from None
    except BaseException:
        begun.path.unlink(missing_ok=True)
        raise
    finally:
        arriving.unlink(missing_ok=True)
    forget_earlier(begun)
    return begun


@transaction.atomic
def try_again(*, begun: TakeoutImport) -> None:
    """Have a job bring a takeout in that failed; it goes on where it was."""
    present = TakeoutImport.objects.select_for_update().filter(pk=begun.pk).first()
    if present is not None and present.state == TransferState.FAILED and present.path.is_file():
        hand_out(present)


def read_takeout(*, key: str, ticket: str) -> str:
    """Bring in what was uploaded; return in words what came of it, nothing for a void ticket."""
    begun = claim(TakeoutImport, key, ticket)
    if begun is None:
        return f"Import {key} is gone, done, or another job's."
    # What is told, of success and of failure, is for the person alone.
    with language_of(begun.person):
        return _carry_out(begun, key)


def _carry_out(begun: TakeoutImport, key: str) -> str:
    progress = Progress(begun)
    try:
        report = bring_in(
            path=begun.path, person=begun.person, begin=progress.begin, note=progress.note
        )
    except (Superseded, PersonLeft):
        return f"Import {key} is not wanted any more."
    except NoTakeout as refusal:
        fail(begun, str(refusal))
        return f"Import {key} was refused: {refusal}"
    except Exception as error:
        is_full = is_full_disk(error)
        fail(begun, disk_is_full() if is_full else _("Something went wrong. Please try again."))
        raise
    if finish(begun, report=report.as_json()):
        begun.path.unlink(missing_ok=True)
        address = f"{reverse('gallery:takeout')}#{begun.pk.hex}"
        text = _("Your takeout has been brought in.")
        tell(texts={begun.person_id: text}, url=address, kind=NoticeKind.TRANSFER)
    return f"Import {key} is done."


def bring_in(
    *,
    path: Path,
    person: User,
    begin: Callable[[int], object] = lambda total: None,
    note: Callable[[int], object] = lambda done: None,
) -> Report:
    """Bring a takeout in for this person and return what became of it.

    Raises NoTakeout, with nothing written, where the file is none or was tampered with. A photo
    whose bytes are not those that were taken out stays out and is named; the rest comes in.
    """
    report = Report()
    with TakeoutFile(path) as takeout:
        try:
            profile = takeout.read_json_or(PROFILE, {})
            albums = takeout.read_json_or(ALBUMS, [])
            choices = takeout.read_json_or(NOTICES, [])
            others = {
                name: takeout.read_json(name)
                for name in takeout.files
                if "/" not in name and name.endswith(".json")
            }
        except DamagedFile as damage:
            raise NoTakeout(str(damage)) from damage
        begin(len(takeout.photo_records))
        bring_in_profile(person=person, record=profile, choices=choices)
        _bring_in_photos(takeout, person, report, note)
        for album in told.items({"albums": albums}, "albums"):
            is_new = bring_in_album(owner=person, record=album)
            report.numbers["albums" if is_new else "albums_known"] += 1
        for numbers in answers_to(person_brought_in, person=person, files=others):
            report.numbers.update(numbers)
        _bring_in_avatar(takeout, person)
    return report


def _bring_in_photos(
    takeout: TakeoutFile, person: User, report: Report, note: Callable[[int], object]
) -> None:
    waiting: dict[int, dict[str, Any]] = {}
    for done, (name, record) in enumerate(each_record(takeout), start=1):
        image = None
        if record is None:
            report.complain(_("%(name)s cannot be read.") % {"name": name})
        else:
            image = _bring_in_photo(takeout, name, record, person, report)
        if image is not None and record is not None:
            waiting[image.pk] = record
        if len(waiting) >= STEP:
            _hand_on(waiting, person, report)
        note(done)
    _hand_on(waiting, person, report)


def _bring_in_photo(
    takeout: TakeoutFile, name: str, record: dict[str, Any], person: User, report: Report
) -> Image | None:
    """Return the photo of a record, stored now or known; None, and a complaint, for none."""
    try:
        with transaction.atomic():
            image = _known_photo(record, person)
            is_new = image is None
            if image is None:
                image = _store_photo(takeout, record, person)
            else:
                fill_photo(image, record)
            report.numbers["comments"] += bring_in_comments(image, record)
    except DamagedFile as damage:
        report.complain(str(damage))
        return None
    except UnreadablePhoto as problem:
        report.complain(f"{name}: {in_words(problem)}")
        return None
    report.numbers["photos" if is_new else "photos_known"] += 1
    comments = told.items(record, "comments")
    report.numbers["others_comments"] += sum(one.get("is_mine") is not True for one in comments)
    return image


def _known_photo(record: Told, person: User) -> Image | None:
    """Return the photo that this person has of these bytes already, out of the trash unless the
    takeout has it in the trash as well."""
    sha256 = told.text(record, "sha256", 64)
    known = Image.with_trash.filter(owner=person, sha256=sha256).first()
    return bring_back(image=known) if known and not _was_in_trash(record) else known


def _store_photo(takeout: TakeoutFile, record: Told, person: User) -> Image:
    """Return a photo that is new here, with all that was chosen for it."""
    chosen = fields_of_photo(record)
    stored = store_image(
        owner=person,
        data=takeout.read(told.text(record, "file", 500), settings.EYES_MAX_UPLOAD_BYTES),
        name=told.text(record, "original_name", 255),
        visibility=chosen["visibility"],
        teaches=chosen["teaches"],
        announce=not _was_in_trash(record),
    )
    set_up_photo(stored.image, record)
    if _was_in_trash(record):
        Image.objects.filter(pk=stored.image.pk).update(deleted_at=timezone.now())
    return stored.image


def _was_in_trash(record: Told) -> bool:
    return record.get("in_trash_since") is not None


def _hand_on(waiting: dict[int, dict[str, Any]], person: User, report: Report) -> None:
    """Let the other rooms bring in what they know of these photos, and forget them."""
    if not waiting:
        return
    with transaction.atomic():
        for numbers in answers_to(photos_brought_in, person=person, records=dict(waiting)):
            report.numbers.update(numbers)
    waiting.clear()


def _bring_in_avatar(takeout: TakeoutFile, person: User) -> None:
    name = takeout.avatar()
    if not name or User.objects.filter(pk=person.pk, avatar_folder__isnull=False).exists():
        return
    try:
        set_avatar(person=person, data=takeout.read(name, settings.EYES_MAX_UPLOAD_BYTES))
    except (DamagedFile, UnreadablePhoto):
        return
