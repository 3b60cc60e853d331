"""One answer about one tag on many photos: what a person says of a whole selection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from django.db import transaction
from django.utils import timezone

from gallery.models import User
from tagging.chunks import QUERY_SIZE, chunks
from tagging.models import EventKind, ImageTag, Suggestion, Tag, TagEvent, TagState, Vote, VoteValue
from tagging.presets import current_policy
from tagging.services.ballots import (
    Pair,
    ask_network_again,
    current_ballots,
    lock_images,
)
from tagging.services.rows import event_before, new_row, rows_by_pair
from tagging.services.tags import TagBlockedError, find_or_create_tags
from tagging.services.word_lock import keep_words
from tagging.states import judge_votes

# Photos whose votes are read together, as for an import.
BATCH = 300


@transaction.atomic
def add_tag_to_many(
    *, person: User, image_ids: Collection[int], name: str, source: str = "page"
) -> int:
    """Say yes to a tag on all of these photos, a new one if nobody used it before.

    Returns on how many of them that was not this person's vote already. Raises TagNameError for
    an impossible name and TagBlockedError for a blocked tag, before anything is written.
    """
    keep_words()
    (tag,) = find_or_create_tags(names=[name], created_by=person).values()
    if tag.is_blocked:
        raise TagBlockedError(tag)
    pairs = [(pk, tag.pk) for pk in image_ids]
    return cast_many(person=person, votes=dict.fromkeys(pairs, VoteValue.YES.value), source=source)


@transaction.atomic
def remove_tag_from_many(
    *, person: User, image_ids: Collection[int], tag: Tag, source: str = "page"
) -> int:
    """Say no to a tag on those of these photos that carry it, by people or the network.

    Returns on how many that changed this person's vote. A photo on which nobody sees the tag is
    left alone: it must not become an example of what the tag is not.
    """
    keep_words()
    votes: dict[Pair, str] = {}
    for ids in chunks(sorted(set(image_ids)), BATCH):
        here = {"tag": tag, "image__in": ids}
        said = set(ImageTag.objects.shown().filter(**here).values_list("image_id", flat=True))
        said |= set(Suggestion.objects.filter(**here).values_list("image_id", flat=True))
        votes.update(dict.fromkeys(((pk, tag.pk) for pk in said), VoteValue.NO.value))
    return cast_many(person=person, votes=votes, source=source)


@transaction.atomic
def cast_many(*, person: User, votes: Mapping[Pair, str], source: str) -> int:
    """Make these the person's current votes; return how many were others before.

    The tags are neither blocked nor other names for one, and the person may see the photos; call
    it after `keep_words`. Photos that are gone are passed over. States follow as from single
    votes: a moderator's decision stays. A dozen queries for three hundred pairs.
    """
    changed = 0
    for batch in chunks(sorted(votes), BATCH):
        changed += _cast_batch(batch, votes, person, source)
    return changed


def _cast_batch(pairs: Sequence[Pair], votes: Mapping[Pair, str], person: User, source: str) -> int:
    images = lock_images(image_id for image_id, _ in pairs)
    before = _current_votes(person, pairs)
    fresh = [p for p in pairs if p[0] in images and before.get(p, (0, ""))[1] != votes[p]]
    replaced = [before[pair][0] for pair in fresh if pair in before]
    Vote.objects.filter(pk__in=replaced).update(replaced_at=timezone.now())
    Vote.objects.bulk_create(
        [Vote(image_id=p[0], tag_id=p[1], person=person, value=votes[p]) for p in fresh],
        batch_size=QUERY_SIZE,
    )
    rows = rows_by_pair(fresh)
    touched = {image_id: images[image_id] for image_id, _ in fresh}
    ballots = current_ballots(touched, {tag_id for _, tag_id in fresh})
    policy, changed, events = current_policy(), [], []
    for pair in fresh:
        row = rows.get(pair) or new_row(pair)
        event = event_before(row, pair=pair, kind=EventKind.VOTED, actor=person, source=source)
        event.vote_before, event.vote = before.get(pair, (0, ""))[1], votes[pair]
        if not row.is_decided:
            verdict = judge_votes(ballots[pair], policy)
            row.state, row.is_escalated = verdict.state or "", verdict.is_escalated
        if votes[pair] == VoteValue.YES and row.state and row.state != TagState.REJECTED:
            row.added_by_id = row.added_by_id or person.pk
        event.state_after = row.state
        changed.append(row)
        events.append(event)
    _write(changed, events)
    return len(fresh)


def _write(rows: Sequence[ImageTag], events: Sequence[TagEvent]) -> None:
    """Save the rows and their events: those that became alike share one statement."""
    alike: defaultdict[tuple[str, bool, int | None], list[int]] = defaultdict(list)
    fresh: list[ImageTag] = []
    now = timezone.now()
    for row in rows:
        if row.pk is not None:
            alike[row.state, row.is_escalated, row.added_by_id].append(row.pk)
        elif row.state:
            fresh.append(row)
    for (state, is_escalated, added_by), ids in alike.items():
        some = ImageTag.objects.filter(pk__in=ids)
        if state:
            some.update(state=state, is_escalated=is_escalated, added_by=added_by, changed_at=now)
        else:
            some.delete()
    ImageTag.objects.bulk_create(fresh, batch_size=QUERY_SIZE)
    TagEvent.objects.bulk_create(events, batch_size=QUERY_SIZE)
    for event in events:
        ask_network_again(
            image_id=event.image_id, before=event.state_before, after=event.state_after
        )


def _current_votes(person: User, pairs: Iterable[Pair]) -> dict[Pair, tuple[int, str]]:
    """Return (id, value) of the person's current vote on each of these pairs that has one."""
    wanted = set(pairs)
    mine = Vote.objects.current().filter(
        person=person,
        image_id__in={image_id for image_id, _ in wanted},
        tag_id__in={tag_id for _, tag_id in wanted},
    )
    rows = mine.values_list("image_id", "tag_id", "pk", "value")
    return {(image, tag): (pk, value) for image, tag, pk, value in rows if (image, tag) in wanted}
