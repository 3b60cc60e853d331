"""Taking back everything a person did in a period, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext_lazy

from gallery.models import Image, User
from gallery.moderation import require_moderator
from tagging.chunks import chunks
from tagging.models import TagEvent
from tagging.services.ballots import lock_images
from tagging.services.votes import NothingToUndoError, undo_event

REVERTING = gettext_lazy("Only moderators revert what somebody did.")
# Events undone per transaction: others wait for the locks no longer than a moment.
BATCH = 250
# Events looked at per call, a few seconds of work: a request may not take minutes.
AT_MOST = 500


@dataclass(frozen=True)
class Reverted:
    """What became of the events of a period."""

    undone: int
    passed_over: int
    """Replaced by something later since, or not for this moderator to undo."""
    go_on_before: int | None
    """The id of the last event that was looked at, where older ones are left."""


def revert_person(
    *, moderator: User, person: User, start: datetime, end: datetime, before: int | None = None
) -> Reverted:
    """Undo the votes, additions and decisions of a person from `start` up to, not at, `end`.

    Each goes through the same undo as by hand, the newest first, so that a chain of changes is
    unwound link by link; what no longer holds is passed over. Undos are not undone. A call looks
    at up to `AT_MOST` events, those older than the event `before` where it is given, and says
    where to go on; doing it twice does no harm. What was done stands in the admin's log of the
    person. Raises PermissionDenied as `require_may_revert` does.
    """
    require_may_revert(moderator, person)
    events = TagEvent.objects.by(person).between(start, end).not_undone().latest_first()
    if before is not None:
        events = events.filter(pk__lt=before)
    chosen = list(events[: AT_MOST + 1])
    is_more, chosen = len(chosen) > AT_MOST, chosen[:AT_MOST]
    undone = sum(_revert_batch(moderator, person, batch) for batch in chunks(chosen, BATCH))
    return Reverted(undone, len(chosen) - undone, chosen[-1].pk if is_more else None)


def require_may_revert(moderator: User, person: User) -> None:
    """Raise PermissionDenied with the reason unless this moderator may revert this person.

    Nobody reverts themselves: single changes are undone on the photo's page, and a slip of the
    hand here would take back a day's decisions. Only a superuser reverts another moderator, lest
    two of them wipe each other out.
    """
    require_moderator(moderator, REVERTING)
    if person.pk == moderator.pk:
        raise PermissionDenied("This is you: undo your own changes on the photos' pages.")
    if person.is_staff and not moderator.is_superuser:
        raise PermissionDenied("Only a superuser reverts what another moderator did.")


@transaction.atomic
def _revert_batch(moderator: User, person: User, events: Sequence[TagEvent]) -> int:
    """Undo these events under one lock, note it in the log, and return how many still held."""
    lock_images(event.image_id for event in events)
    undone = 0
    for event in events:
        try:
            undo_event(person=moderator, event=event, source="admin")
        except (NothingToUndoError, Image.DoesNotExist):
            continue
        undone += 1
    if undone:
        oldest, newest = (f"{events[at].created_at:%Y-%m-%d %H:%M}" for at in (-1, 0))
        told = f"Undone: {undone} changes from {oldest} to {newest} (UTC)."
        LogEntry.objects.log_actions(moderator.pk, [person], CHANGE, told, single_object=True)
    return undone
