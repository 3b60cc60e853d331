"""What takeouts and their imports share: one job each, whose ticket makes earlier ones void.

A job that was killed with its queue says nothing; the hourly job sees its silence and hands the
work out again. A job that finds another ticket in its row stops without a word.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from datetime import timedelta
from typing import Any, Final, TypeVar

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from gallery.clusters import LONG_JOBS
from gallery.models import Takeout, TakeoutImport, TransferState
from gallery.models.transfers import UNDER_WAY
from gallery.storage import transfers_directory

AnyTransfer = TypeVar("AnyTransfer", Takeout, TakeoutImport)

JOBS: Final = {Takeout: "gallery.tasks.write_takeout", TakeoutImport: "gallery.tasks.read_takeout"}
KEPT_FOR: Final = timedelta(days=7)
# A job that gave no sign for so long was killed, or waits behind a long training.
SILENCE: Final = timedelta(minutes=15)
ABANDONED_AFTER: Final = 24 * 3600
# Seconds between two notes of how far it is.
NOTED_EVERY: Final = 1.0


class Superseded(Exception):
    """Raised in a job whose work another one has taken over, or nobody wants any more."""


def hand_out(transfer: Takeout | TakeoutImport) -> None:
    """Give the work to a new job after the commit; all earlier ones are void from now on."""
    transfer.ticket, transfer.state = uuid.uuid4().hex, TransferState.WAITING
    transfer.problem, transfer.seen_at, transfer.finished_at = "", timezone.now(), None
    transfer.expires_at = timezone.now() + KEPT_FOR
    transfer.save()
    job, key, ticket = JOBS[type(transfer)], str(transfer.pk), transfer.ticket
    transaction.on_commit(lambda: async_task(job, key, ticket, cluster=LONG_JOBS) and None)


def claim(kind: type[AnyTransfer], key: str, ticket: str) -> AnyTransfer | None:
    """Return the row for the job with the newest ticket, as running; None for any other job."""
    mine = kind._default_manager.filter(pk=key, ticket=ticket, state__in=UNDER_WAY)
    if not mine.update(state=TransferState.RUNNING, seen_at=timezone.now()):
        return None
    return mine.select_related("person").first()


class Progress:
    """Tells the row how far its job is, about once a second, and the job when to stop."""

    def __init__(self, transfer: Takeout | TakeoutImport) -> None:
        self._rows = _row_of(transfer)
        self._noted = 0.0

    def begin(self, total: int) -> None:
        """Write down how many photos there are."""
        self._update(done=0, total=total)

    def note(self, done: int) -> None:
        """Write down how many are done; raises Superseded where another job has taken over."""
        if time.monotonic() - self._noted >= NOTED_EVERY:
            self._update(done=done)

    def _update(self, **values: int) -> None:
        self._noted = time.monotonic()
        if not self._rows.update(seen_at=timezone.now(), **values):
            raise Superseded


def finish(transfer: Takeout | TakeoutImport, **values: object) -> bool:
    """Write down that the work is done; return whether it is still wanted of this job."""
    now, mine = timezone.now(), _row_of(transfer).filter(state=TransferState.RUNNING)
    done = {"state": TransferState.DONE, "finished_at": now, "expires_at": now + KEPT_FOR}
    return bool(mine.update(**done, **values))


def fail(transfer: Takeout | TakeoutImport, problem: str) -> None:
    """Write down why the work ended, in words for the person."""
    now = timezone.now()
    _row_of(transfer).update(state=TransferState.FAILED, problem=problem[:500], finished_at=now)


def _row_of(transfer: Takeout | TakeoutImport) -> QuerySet[Any]:
    """Return the row as long as it is this job's: none where another one has a newer ticket."""
    rows = type(transfer)._default_manager
    return rows.filter(pk=transfer.pk, ticket=transfer.ticket)


def forget_earlier(transfer: Takeout | TakeoutImport) -> None:
    """Delete what this person had of the same kind before, each with its file."""
    mine = type(transfer)._default_manager.filter(person=transfer.person_id)
    for old in mine.exclude(pk=transfer.pk):
        old.delete()


def disk_is_full() -> str:
    """Return what to say where no byte more can be written."""
    return _("The disk of this site is full. Nothing is lost; try again later.")


def resume_transfers() -> int:
    """Hand out again what a killed job left; return how much. For every hour."""
    handed = 0
    for kind in (Takeout, TakeoutImport):
        silent = timezone.now() - SILENCE
        with transaction.atomic():
            stale = kind._default_manager.filter(state__in=UNDER_WAY, seen_at__lt=silent)
            for transfer in stale.select_for_update():
                hand_out(transfer)
                handed += 1
    return handed


def sweep_transfers() -> int:
    """Remove what expired a week after it was made, with its file; return how much. Daily.

    What killed jobs were writing goes as well, once it is a day old.
    """
    swept = 0
    for part in transfers_directory().glob("*.part"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - part.stat().st_mtime > ABANDONED_AFTER:
                part.unlink()
    for kind in (Takeout, TakeoutImport):
        expired = kind._default_manager.filter(expires_at__lte=timezone.now())
        for transfer in expired.exclude(state__in=UNDER_WAY):
            transfer.delete()
            swept += 1
    return swept
