"""Rows of tags and their events, read and written for many pairs in a few statements."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from django.utils import timezone

from gallery.models import User
from tagging.chunks import QUERY_SIZE
from tagging.models import ImageTag, TagEvent
from tagging.services.ballots import Pair, ask_network_again


def rows_by_pair(pairs: Collection[Pair]) -> dict[Pair, ImageTag]:
    """Return the present rows of these pairs, and of others on the same photos and tags."""
    rows = ImageTag.objects.filter(
        image_id__in={image_id for image_id, _ in pairs},
        tag_id__in={tag_id for _, tag_id in pairs},
    )
    return {(row.image_id, row.tag_id): row for row in rows}


def new_row(pair: Pair, *, added_by: User | None = None) -> ImageTag:
    """Return an unsaved row for a pair of which nobody has said anything yet."""
    return ImageTag(image_id=pair[0], tag_id=pair[1], state="", added_by=added_by)


def event_before(
    row: ImageTag | None, *, pair: Pair, kind: str, actor: User | None, source: str
) -> TagEvent:
    """Return an unsaved event that remembers how things stand before the change."""
    return TagEvent(
        kind=kind,
        actor=actor,
        image_id=pair[0],
        tag_id=pair[1],
        source=source,
        state_before=row.state if row is not None and row.pk else "",
        was_decided=row is not None and row.is_decided,
        decided_by_before_id=row.decided_by_id if row is not None else None,
    )


def write_rows(rows: Sequence[ImageTag], events: Sequence[TagEvent]) -> None:
    """Save changed rows, new ones included, and their events; rows without a state go."""
    now = timezone.now()
    known = [row for row in rows if row.pk is not None and row.state]
    for row in known:
        row.changed_at = now
    fresh = [row for row in rows if row.pk is None and row.state]
    emptied = [row.pk for row in rows if row.pk is not None and not row.state]
    fields = ["state", "is_escalated", "decided_by", "is_double_checked", "changed_at"]
    ImageTag.objects.bulk_create(fresh, batch_size=QUERY_SIZE)
    ImageTag.objects.bulk_update(known, fields, batch_size=QUERY_SIZE)
    if emptied:
        ImageTag.objects.filter(pk__in=emptied).delete()
    TagEvent.objects.bulk_create(events, batch_size=QUERY_SIZE)
    for event in events:
        ask_network_again(
            image_id=event.image_id, before=event.state_before, after=event.state_after
        )
