"""What moderators and curated imports decide. A decision outweighs all votes.

Where strangers' votes are weighed, a moderator's approval is the second of two keys: it curates
what consensus confirmed or could not settle. Rejecting needs no consensus. Nobody decides about
their own photos there, so that no moderator teaches the network alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.utils.translation import gettext_lazy

from gallery.models import Image, User
from gallery.moderation import require_moderator
from tagging.chunks import QUERY_SIZE, chunks
from tagging.models import (
    ClosedWorld,
    EventKind,
    ImageTag,
    Tag,
    TagState,
    Vote,
    VoteValue,
)
from tagging.names import normalise_tag_name
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.services.ballots import Pair, current_ballots, lock_images
from tagging.services.objections import DECIDED_STATE, Decisions, Request
from tagging.services.rows import event_before, new_row, rows_by_pair, write_rows
from tagging.services.tags import TagBlockedError, find_or_create_tags, meanings_of
from tagging.services.word_lock import keep_words
from tagging.states import Verdict, judge_votes

DECIDING = gettext_lazy("Only moderators decide about tags.")


def approve_tags(
    *, moderator: User, image_tags: Iterable[ImageTag], source: str = "admin"
) -> Decisions:
    """Make these tags curated, so that the network may learn from them; return what became.

    Passed over are blocked tags, those approved before and, as the policy asks, those without
    consensus that were not escalated, and the moderator's own photos. Raises PermissionDenied
    where the person is no moderator.
    """
    return _decide(moderator, _pairs_of(image_tags), EventKind.APPROVED, source)


def reject_tags(
    *, moderator: User, image_tags: Iterable[ImageTag], source: str = "admin"
) -> Decisions:
    """Decide that these tags are wrong, consensus or not, and return what became.

    The rows stay: they are what the network learns from as absent. Raises PermissionDenied
    where the person is no moderator.
    """
    return _decide(moderator, _pairs_of(image_tags), EventKind.REJECTED, source)


def reopen_tags(
    *, moderator: User, image_tags: Iterable[ImageTag], source: str = "admin"
) -> Decisions:
    """Take moderators' decisions back, so that votes count again; return what became.

    A tag nobody voted on waits as pending. Raises PermissionDenied where the person is no
    moderator.
    """
    return _decide(moderator, _pairs_of(image_tags), EventKind.REOPENED, source)


def decide_on_pair(
    *, moderator: User, image: Image, tag: Tag, kind: EventKind, source: str = "page"
) -> Decisions:
    """Approve, reject or reopen one tag on one photo, a mere suggestion included.

    Raises TagBlockedError on approving a blocked tag, and PermissionDenied where the person is
    no moderator.
    """
    if tag.is_blocked and kind == EventKind.APPROVED:
        raise TagBlockedError(tag)
    return _decide(moderator, [(image.pk, tag.pk)], kind, source)


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
        return sum(_import_batch(batch, actor=actor, curated=curated) for batch in chunks(wanted))


def _pairs_of(image_tags: Iterable[ImageTag]) -> list[Pair]:
    return [(row.image_id, row.tag_id) for row in image_tags]


def _decide(moderator: User, pairs: Sequence[Pair], kind: EventKind, source: str) -> Decisions:
    """Apply one kind of decision to many tags under lock."""
    require_moderator(moderator, DECIDING)
    chosen = sorted(set(pairs))
    outcome = Decisions()
    with transaction.atomic():
        for batch in chunks(chosen):
            _decide_batch(batch, moderator, kind, source, outcome)
    return outcome


def _decide_batch(
    chosen: Sequence[Pair], moderator: User, kind: EventKind, source: str, outcome: Decisions
) -> None:
    """Write decisions and their events for one batch of pairs, and note what was passed over."""
    policy = current_policy()
    images = lock_images(image_id for image_id, _ in chosen)
    meanings = meanings_of(tag_id for _, tag_id in chosen)
    chosen = sorted({(image_id, meanings.get(tag_id, tag_id)) for image_id, tag_id in chosen})
    rows = rows_by_pair(chosen)
    verdicts = _read_verdicts(images, chosen, kind, policy)
    blocked = Tag.objects.filter(pk__in={tag_id for _, tag_id in chosen}, is_blocked=True)
    asked = Request(kind, moderator, policy, frozenset(blocked.values_list("pk", flat=True)))
    changed, events = [], []
    for pair in chosen:
        row = rows.get(pair) or new_row(pair)
        verdict = verdicts.get(pair, Verdict(None))
        objection = asked.objection_to(row, images.get(pair[0]), verdict)
        if objection:
            outcome.passed_over[objection] += 1
            continue
        event = event_before(row, pair=pair, kind=kind, actor=moderator, source=source)
        _apply(row, kind=kind, moderator=moderator, verdict=verdict)
        event.state_after = row.state
        changed.append(row)
        events.append(event)
    write_rows(changed, events)
    outcome.changed += len(changed)


def _read_verdicts(
    images: dict[int, Image], chosen: list[Pair], kind: EventKind, policy: Policy
) -> dict[Pair, Verdict]:
    """Return what votes say of these pairs, where the decision depends on it."""
    if kind == EventKind.REJECTED or (kind == EventKind.APPROVED and not policy.weighs_votes):
        return {}
    ballots = current_ballots(images, {tag_id for _, tag_id in chosen})
    return {pair: judge_votes(cast, policy) for pair, cast in ballots.items()}


def _apply(row: ImageTag, *, kind: EventKind, moderator: User, verdict: Verdict) -> None:
    """Change the row in memory as the decision says."""
    if kind == EventKind.REOPENED:
        row.decided_by, row.is_double_checked = None, False
        row.state = verdict.state or TagState.PENDING
        row.is_escalated = verdict.is_escalated
    else:
        row.state, row.decided_by, row.is_double_checked = DECIDED_STATE[kind], moderator, True
        row.is_escalated = False


def _import_batch(chosen: Sequence[Pair], *, actor: User, curated: bool) -> int:
    """Write votes, rows and events of one batch of an import."""
    images = lock_images(image_id for image_id, _ in chosen)
    chosen = [pair for pair in chosen if pair[0] in images]
    rows = rows_by_pair(chosen)
    mine = {
        (image_id, tag_id): value
        for image_id, tag_id, value in Vote.objects.current()
        .filter(person=actor, image_id__in=images.keys())
        .values_list("image_id", "tag_id", "value")
    }
    votes = [
        Vote(image_id=image_id, tag_id=tag_id, person=actor, value=VoteValue.YES)
        for image_id, tag_id in chosen
        if (image_id, tag_id) not in mine
    ]
    Vote.objects.bulk_create(votes, batch_size=QUERY_SIZE)
    ballots = {} if curated else current_ballots(images, {tag_id for _, tag_id in chosen})
    policy = current_policy()
    changed, events = [], []
    for pair in chosen:
        row = rows.get(pair) or new_row(pair, added_by=actor)
        event = event_before(row, pair=pair, kind=EventKind.IMPORTED, actor=actor, source="import")
        event.vote_before = mine.get(pair, "")
        event.vote = mine.get(pair, VoteValue.YES)
        if not row.is_decided and curated:
            _apply(row, kind=EventKind.APPROVED, moderator=actor, verdict=Verdict(None))
        elif not row.is_decided:
            verdict = judge_votes(ballots[pair], policy)
            row.state = verdict.state or TagState.PENDING
            row.is_escalated = verdict.is_escalated
        event.state_after = row.state
        if event.vote != event.vote_before or event.state_after != event.state_before:
            changed.append(row)
            events.append(event)
    write_rows(changed, events)
    return len(changed)


def _join_world(name: str, tags: Iterable[Tag], pairs: list[Pair]) -> None:
    """Add the tags and photos to the closed world of this name, made now if it is new."""
    world = ClosedWorld.objects.filter(name=name).first() or ClosedWorld.objects.create(name=name)
    world.tags.add(*tags)
    wanted = sorted({image_id for image_id, _ in pairs})
    for batch in chunks(wanted):
        world.images.add(*Image.objects.filter(pk__in=batch).values_list("pk", flat=True))
