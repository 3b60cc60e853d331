"""What moderators and curated imports decide. A decision outweighs all votes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils import timezone

from gallery.models import Image, User
from gallery.moderation import require_moderator
from tagging.models import (
    ClosedWorld,
    EventKind,
    ImageTag,
    Tag,
    TagEvent,
    TagState,
    Vote,
    VoteValue,
)
from tagging.names import normalise_tag_name
from tagging.services.ballots import Pair, ask_network_again, current_ballots, lock_images
from tagging.services.tags import TagBlockedError, find_or_create_tags, meanings_of
from tagging.services.word_lock import keep_words
from tagging.states import Ballot, state_from_votes

# Pairs written per statement: below the variable limits of both databases.
BATCH = 500
DECIDING = "decide about tags"

_DECIDED_STATE = {
    EventKind.APPROVED: TagState.CURATED,
    EventKind.REJECTED: TagState.REJECTED,
}


def approve_tags(*, moderator: User, image_tags: Iterable[ImageTag], source: str = "admin") -> int:
    """Make these tags curated, so that the network may learn from them; return how many changed.

    Blocked tags and those a moderator approved before are passed over. Raises PermissionDenied
    where the person is no moderator.
    """
    return _decide(moderator, image_tags, EventKind.APPROVED, source)


def reject_tags(*, moderator: User, image_tags: Iterable[ImageTag], source: str = "admin") -> int:
    """Decide that these tags are wrong and return how many changed.

    The rows stay: they are what the network learns from as absent. Raises PermissionDenied
    where the person is no moderator.
    """
    return _decide(moderator, image_tags, EventKind.REJECTED, source)


def reopen_tags(*, moderator: User, image_tags: Iterable[ImageTag], source: str = "admin") -> int:
    """Take moderators' decisions back, so that votes count again; return how many changed.

    A tag nobody voted on waits as pending. Raises PermissionDenied where the person is no
    moderator.
    """
    return _decide(moderator, image_tags, EventKind.REOPENED, source)


def decide_on_pair(
    *, moderator: User, image: Image, tag: Tag, kind: EventKind, source: str = "page"
) -> int:
    """Approve, reject or reopen one tag on one photo, a mere suggestion included; return 0 or 1.

    Raises TagBlockedError on approving a blocked tag, and PermissionDenied where the person is
    no moderator.
    """
    if tag.is_blocked and kind == EventKind.APPROVED:
        raise TagBlockedError(tag)
    row = ImageTag.objects.filter(image=image, tag=tag).first()
    return _decide(moderator, [row or ImageTag(image=image, tag=tag, state="")], kind, source)


def curate_import(
    *, world_name: str, pairs: Sequence[tuple[int, str]], actor: User, curated: bool
) -> int:
    """Tag many photos at once, from (photo id, tag name) pairs; return how many pairs changed.

    Each pair becomes a yes vote of the actor. With `curated` it is decided as well and counts
    as double-checked, and the photos and tags join the closed world of that name: every photo of
    it is a known negative for the world's other tags. Calling it twice changes nothing the second
    time, a moderator's earlier decision is kept, and photos deleted in the meantime are passed
    over. Raises TagNameError for an impossible name and TagBlockedError for a blocked tag,
    before anything is written.
    """
    with transaction.atomic():
        keep_words()
        tags = find_or_create_tags(names=(name for _, name in pairs), created_by=actor)
        for tag in tags.values():
            if tag.is_blocked:
                raise TagBlockedError(tag)
        wanted = sorted({(image_id, tags[normalise_tag_name(name)].pk) for image_id, name in pairs})
        if curated:
            _join_world(world_name, tags.values(), wanted)
        return sum(
            _import_batch(wanted[start : start + BATCH], actor=actor, curated=curated)
            for start in range(0, len(wanted), BATCH)
        )


def _decide(moderator: User, image_tags: Iterable[ImageTag], kind: EventKind, source: str) -> int:
    """Apply one kind of decision to many tags under lock; return how many changed."""
    require_moderator(moderator, DECIDING)
    chosen = sorted((row.image_id, row.tag_id) for row in image_tags)
    with transaction.atomic():
        return sum(
            _decide_batch(chosen[start : start + BATCH], moderator, kind, source)
            for start in range(0, len(chosen), BATCH)
        )


def _decide_batch(chosen: list[Pair], moderator: User, kind: EventKind, source: str) -> int:
    """Write decisions and their events for one batch of pairs."""
    images = lock_images(image_id for image_id, _ in chosen)
    meanings = meanings_of(tag_id for _, tag_id in chosen)
    chosen = sorted({(image_id, meanings.get(tag_id, tag_id)) for image_id, tag_id in chosen})
    rows = _rows_by_pair(chosen)
    ballots = current_ballots(images) if kind == EventKind.REOPENED else {}
    blocked = set(
        Tag.objects.filter(pk__in={tag_id for _, tag_id in chosen}, is_blocked=True).values_list(
            "pk", flat=True
        )
    )
    changed, events = [], []
    for pair in chosen:
        if pair[0] not in images or (kind == EventKind.APPROVED and pair[1] in blocked):
            continue
        row = rows.get(pair) or ImageTag(image_id=pair[0], tag_id=pair[1], state="")
        event = _event_before(row, kind=kind, actor=moderator, source=source)
        if _apply(row, kind=kind, moderator=moderator, ballots=ballots.get(pair, [])):
            event.state_after = row.state
            changed.append(row)
            events.append(event)
    _write(changed, events)
    return len(changed)


def _apply(row: ImageTag, *, kind: EventKind, moderator: User, ballots: list[Ballot]) -> bool:
    """Change the row in memory as the decision says; return False where it says so already."""
    if kind == EventKind.REOPENED:
        if not row.is_decided:
            return False
        row.decided_by, row.is_double_checked = None, False
        row.state = state_from_votes(ballots) or TagState.PENDING
        return True
    state = _DECIDED_STATE[kind]
    if row.is_decided and row.state == state:
        return False
    row.state, row.decided_by, row.is_double_checked = state, moderator, True
    return True


def _import_batch(chosen: list[Pair], *, actor: User, curated: bool) -> int:
    """Write votes, rows and events of one batch of an import."""
    images = lock_images(image_id for image_id, _ in chosen)
    rows = _rows_by_pair(chosen)
    ballots = current_ballots(images)
    mine = {
        (image_id, tag_id): value
        for image_id, tag_id, value in Vote.objects.current()
        .filter(person=actor, image_id__in=images.keys())
        .values_list("image_id", "tag_id", "value")
    }
    votes, changed, events = [], [], []
    for pair in chosen:
        if pair[0] not in images:
            continue
        row = rows.get(pair) or ImageTag(image_id=pair[0], tag_id=pair[1], state="", added_by=actor)
        event = _event_before(row, kind=EventKind.IMPORTED, actor=actor, source="import")
        event.vote = event.vote_before = mine.get(pair, "")
        voices = list(ballots.get(pair, []))
        if pair not in mine:
            event.vote = VoteValue.YES
            votes.append(Vote(image_id=pair[0], tag_id=pair[1], person=actor, value=VoteValue.YES))
            is_owner = images[pair[0]].owner_id == actor.pk
            voices.append(Ballot(value=VoteValue.YES, is_owner=is_owner))
        if not row.is_decided:
            if curated:
                row.state, row.decided_by, row.is_double_checked = TagState.CURATED, actor, True
            else:
                row.state = state_from_votes(voices) or TagState.PENDING
        event.state_after = row.state
        if event.vote != event.vote_before or event.state_after != event.state_before:
            changed.append(row)
            events.append(event)
    Vote.objects.bulk_create(votes, batch_size=BATCH)
    _write(changed, events)
    return len(changed)


def _join_world(name: str, tags: Iterable[Tag], pairs: list[Pair]) -> None:
    """Add the tags and photos to the closed world of this name, made now if it is new."""
    world = ClosedWorld.objects.filter(name=name).first() or ClosedWorld.objects.create(name=name)
    world.tags.add(*tags)
    wanted = sorted({image_id for image_id, _ in pairs})
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        world.images.add(*Image.objects.filter(pk__in=batch).values_list("pk", flat=True))


def _rows_by_pair(chosen: list[Pair]) -> dict[Pair, ImageTag]:
    """Return the present rows of these pairs."""
    rows = ImageTag.objects.filter(
        image_id__in={image_id for image_id, _ in chosen},
        tag_id__in={tag_id for _, tag_id in chosen},
    )
    return {(row.image_id, row.tag_id): row for row in rows}


def _event_before(row: ImageTag, *, kind: EventKind, actor: User, source: str) -> TagEvent:
    """Return an unsaved event that remembers how the row stands before the change."""
    return TagEvent(
        kind=kind,
        actor=actor,
        image_id=row.image_id,
        tag_id=row.tag_id,
        source=source,
        state_before=row.state if row.pk else "",
        was_decided=row.is_decided,
        decided_by_before_id=row.decided_by_id,
    )


def _write(rows: list[ImageTag], events: list[TagEvent]) -> None:
    """Save changed rows, new ones included, and their events, in a few statements."""
    now = timezone.now()
    known = [row for row in rows if row.pk is not None]
    for row in known:
        row.changed_at = now
    ImageTag.objects.bulk_create([row for row in rows if row.pk is None], batch_size=BATCH)
    ImageTag.objects.bulk_update(
        known, ["state", "decided_by", "is_double_checked", "changed_at"], batch_size=BATCH
    )
    TagEvent.objects.bulk_create(events, batch_size=BATCH)
    for event in events:
        ask_network_again(
            image_id=event.image_id, before=event.state_before, after=event.state_after
        )
