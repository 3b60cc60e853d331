"""Photos about which people spoke with both of two tags that become one."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from gallery.models import User
from tagging.chunks import QUERY_SIZE, chunks
from tagging.models import EventKind, ImageTag, Tag, TagEvent, TagState, Vote
from tagging.services.ballots import lock_images, settle
from tagging.services.moving import Record, as_records, delete_rows


def photos_with_both(source: Tag, target: Tag) -> set[int]:
    """Return the photos about which something is said with both tags."""
    said = [
        {
            *ImageTag.objects.filter(tag=tag).values_list("image_id", flat=True),
            *Vote.objects.current().filter(tag=tag).values_list("image_id", flat=True),
        }
        for tag in (source, target)
    ]
    return said[0] & said[1]


def double_votes(source: Tag, target: Tag) -> QuerySet[Vote]:
    """Return current votes on the source by people who voted on the target there as well."""
    theirs = Vote.objects.current().filter(
        tag=target, image_id=OuterRef("image_id"), person_id=OuterRef("person_id")
    )
    return Vote.objects.current().filter(Exists(theirs), tag=source)


def contradictions_between(source: Tag, target: Tag) -> set[int]:
    """Return the photos on which moderators decided contrary ways with the two tags."""
    decided = ImageTag.objects.decided()
    contrary = decided.filter(tag=target, image_id=OuterRef("image_id")).exclude(
        state=OuterRef("state")
    )
    rows = decided.filter(Exists(contrary), tag=source)
    return set(rows.values_list("image_id", flat=True))


def states_on(image_ids: Collection[int], *tags: Tag) -> list[Record]:
    """Return the rows of these tags on these photos, whole."""
    records: list[Record] = []
    for ids in chunks(sorted(image_ids)):
        records += as_records(ImageTag.objects.filter(image__in=ids, tag__in=tags))
    return records


def retire_votes(source: Tag, target: Tag) -> list[int]:
    """Make history of the older of two votes by one person on one photo; return their ids."""
    mine = double_votes(source, target).values_list("image_id", "person_id", "created_at", "pk")
    theirs = double_votes(target, source).values_list("image_id", "person_id", "created_at", "pk")
    other = {
        (image_id, person_id): (created_at, pk) for image_id, person_id, created_at, pk in theirs
    }
    older = [
        min((created_at, pk), other[image_id, person_id])[1]
        for image_id, person_id, created_at, pk in mine
    ]
    now = timezone.now()
    for ids in chunks(older):
        Vote.objects.filter(pk__in=ids).update(replaced_at=now)
    return older


def reopen(image_ids: Collection[int], target: Tag, moderator: User) -> list[int]:
    """Write down that moderators' decisions on these photos contradict; return the events' ids."""
    events = []
    for ids in chunks(sorted(image_ids)):
        for row in ImageTag.objects.filter(tag=target, image__in=ids):
            event = TagEvent(
                image_id=row.image_id,
                tag=target,
                actor=moderator,
                kind=EventKind.REOPENED,
                source="merge",
                state_before=row.state,
                state_after=TagState.PENDING,
                was_decided=True,
                decided_by_before_id=row.decided_by_id,
            )
            event.save()
            events.append(event.pk)
    return events


def absorb_rows(source: Tag, target: Tag, contradictions: Collection[int]) -> None:
    """Let the target's rows take over the decisions of the source's there, which go."""
    absorbed = ImageTag.objects.filter(Exists(rows_beside(target)), tag=source)
    by_photo = {row.image_id: row for row in absorbed}
    changed = []
    for row in ImageTag.objects.filter(Exists(rows_beside(source)), tag=target):
        other, before = by_photo[row.image_id], dict(vars(row))
        row.added_by_id = row.added_by_id or other.added_by_id
        if row.image_id in contradictions:
            row.decided_by, row.is_double_checked = None, False
        elif other.is_decided and not row.is_decided:
            row.state, row.is_double_checked = other.state, other.is_double_checked
            row.decided_by_id, row.is_escalated = other.decided_by_id, other.is_escalated
        if vars(row) != before:
            changed.append(row)
    columns = ["state", "decided_by", "is_double_checked", "is_escalated", "added_by"]
    ImageTag.objects.bulk_update(changed, columns, batch_size=QUERY_SIZE)
    delete_rows(ImageTag, [row.pk for row in by_photo.values()])


def settle_photos(image_ids: Iterable[int], tag: Tag, *, reopened: Collection[int] = ()) -> None:
    """Bring the tag's state on these photos in line with its current votes.

    A photo where nobody votes keeps a waiting tag if it has one. The tag waits in any case on
    `reopened` photos, where moderators do not agree.
    """
    for ids in chunks(sorted(image_ids)):
        images = lock_images(ids, with_trash=True)
        rows = {row.image_id: row for row in ImageTag.objects.filter(tag=tag, image__in=ids)}
        votes = Vote.objects.current().filter(tag=tag, image__in=ids)
        voted = set(votes.values_list("image_id", flat=True))
        for image_id, image in images.items():
            row, waits = rows.get(image_id), image_id in reopened
            fallback = TagState.PENDING if waits or (row and image_id not in voted) else ""
            row = settle(image=image, tag=tag, row=row, fallback=fallback)
            if row is not None and waits:
                row.state, row.is_escalated = TagState.PENDING, True
                row.save(update_fields=["state", "is_escalated", "changed_at"])


def rows_beside(tag: Tag) -> QuerySet[ImageTag]:
    """Return the rows of this tag on the photo of an outer row."""
    return ImageTag.objects.filter(tag=tag, image_id=OuterRef("image_id"))
