"""Telling people what they should know: written in bulk, counted on the row of each person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from gallery.models import Notice, User

# Older notices speak of versions and weeks that nobody looks back at.
KEPT_FOR = timedelta(days=180)
WRITE_SIZE = 500
_LONGEST_TEXT = 500


@transaction.atomic
def tell(*, texts: Mapping[int, str], url: str = "") -> int:
    """Write one notice to each of these people, text by the id of the person; return how many.

    Who has been told of this address already is not told again, so that a job may run twice, and
    at the same moment as its twin: the rows of the people are locked first. People who are gone
    or may not log in any more are passed over. An over-long text is cut.
    """
    told = 0
    people = sorted(texts)
    for start in range(0, len(people), WRITE_SIZE):
        told += _tell_some(people[start : start + WRITE_SIZE], texts, url)
    return told


def _tell_some(people: Collection[int], texts: Mapping[int, str], url: str) -> int:
    rows = User.objects.filter(pk__in=people, is_active=True).order_by("pk")
    reached = set(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    if url:
        before = Notice.objects.filter(person__in=reached, url=url)
        reached -= set(before.values_list("person_id", flat=True))
    Notice.objects.bulk_create(
        Notice(person_id=pk, text=_shortened(texts[pk]), url=url) for pk in sorted(reached)
    )
    User.objects.filter(pk__in=reached).update(unread_notices=F("unread_notices") + 1)
    return len(reached)


def tell_moderators(*, text: str, url: str = "") -> int:
    """Write the same notice to every moderator; return how many were told."""
    return tell(texts=dict.fromkeys(moderators().values_list("pk", flat=True), text), url=url)


def moderators() -> QuerySet[User]:
    """Return everybody who moderates."""
    return User.objects.filter(is_staff=True, is_active=True)


@transaction.atomic
def mark_read(*, person: User) -> int:
    """Mark all notices of this person as read; return how many were not.

    `tell` locks the person as well, so that a notice which is written in this moment is either
    read here and not counted, or counted and not read.
    """
    list(User.objects.filter(pk=person.pk).select_for_update(no_key=True))
    read = Notice.objects.filter(person=person, read_at=None).update(read_at=timezone.now())
    User.objects.filter(pk=person.pk).update(unread_notices=0)
    person.unread_notices = 0
    return read


@transaction.atomic
def prune_notices() -> int:
    """Delete notices older than half a year, and count anew for those who never read them."""
    old = Notice.objects.filter(created_at__lt=timezone.now() - KEPT_FOR)
    unread = old.filter(read_at=None).order_by("person_id")
    concerned = sorted(set(unread.values_list("person_id", flat=True)))
    list(User.objects.filter(pk__in=concerned).order_by("pk").select_for_update(no_key=True))
    deleted, _ = old.delete()
    for pk in concerned:
        left = Notice.objects.filter(person=pk, read_at=None).count()
        User.objects.filter(pk=pk).update(unread_notices=left)
    return deleted


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"
