"""Bringing states in line with votes where no vote arrives: with age, new skill, a new policy.

What happens when a running site changes its preset (EYES_POLICY):

- from `community` to `public`, votes older than `vote_age_hours` come of age with the next run of
  `count_votes_of_age`, younger ones in their turn, and what the owner's word alone had confirmed
  waits for others again;
- from `public` to `community`, every vote counts at once, of age or not;
- either way `settle_undecided`, which runs every day and can be started from the policy page in
  the admin, judges every tag on which no moderator has decided anew. It also gives weight to old
  votes of people whose skill became known since. Moderators' decisions stay as they are.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from gallery.models import Image
from tagging.models import EventKind, TagEvent, Vote
from tagging.presets import current_policy
from tagging.services.ballots import Pair, current_ballots, lock_images
from tagging.services.rows import event_before, new_row, rows_by_pair, write_rows
from tagging.states import judge_votes

# Votes or photos per transaction: others wait for the locks no longer than a moment.
BATCH = 300
# Batches per job, well below its time limit; what is left goes into another job.
BATCHES = 20


def count_votes_of_age() -> tuple[int, bool]:
    """Count the votes that have waited long enough and settle what they speak of.

    Returns how many came of age, and whether more are waiting that could. Whoever runs it twice
    counts nothing twice. Once counted a vote stays so, whatever the clock does; a vote that a
    wrong clock dated into the future waits from now on, as if it had just been cast. Where votes
    need no age nothing is done.
    """
    hours = current_policy().vote_age_hours
    if not hours:
        return 0, False
    now = timezone.now()
    # What is said of photos in the trash waits for their return.
    waiting = Vote.objects.current().filter(counted_at=None, image__deleted_at=None)
    waiting.filter(created_at__gt=now).update(created_at=now)
    ripe = waiting.filter(created_at__lte=now - timedelta(hours=hours)).order_by("created_at", "pk")
    counted = 0
    for _ in range(BATCHES):
        batch = list(ripe.values_list("pk", "image_id", "tag_id")[:BATCH])
        if not batch:
            return counted, False
        counted += _count_batch(batch)
    return counted, ripe.exists()


def settle_undecided(*, after: int = 0) -> tuple[int, int | None]:
    """Judge the undecided tags of the photos with larger ids than `after` anew.

    Where a merge found moderators' decisions to contradict, votes cannot settle what they could
    not: such a tag goes on waiting for them. Returns how many states changed and the id to go on
    after, or None at the end.
    """
    changed = 0
    for _ in range(BATCHES):
        image_ids = list(
            Image.objects.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:BATCH]
        )
        if not image_ids:
            return changed, None
        with transaction.atomic():
            pairs = set(
                Vote.objects.current()
                .filter(image_id__in=image_ids)
                .values_list("image_id", "tag_id")
            )
            contested = TagEvent.objects.reopened_by_merges().filter(image_id__in=image_ids)
            pairs.difference_update(contested.values_list("image_id", "tag_id"))
            changed += settle_pairs(pairs)
        after = image_ids[-1]
    return changed, after


def settle_pairs(pairs: Collection[Pair]) -> int:
    """Bring these pairs in line with their current votes; return how many rows changed.

    Moderators' decisions stay, and so do tags that nobody votes on any more. Each change of a
    state is an event of no person. Call it inside a transaction.
    """
    images = lock_images(image_id for image_id, _ in pairs)
    chosen = sorted({pair for pair in pairs if pair[0] in images})
    rows = rows_by_pair(chosen)
    ballots = current_ballots(images, {tag_id for _, tag_id in chosen})
    policy = current_policy()
    changed, events = [], []
    for pair in chosen:
        row = rows.get(pair) or new_row(pair)
        if row.is_decided or pair not in ballots:
            continue
        verdict = judge_votes(ballots[pair], policy)
        if (row.state, row.is_escalated) == (verdict.state or "", verdict.is_escalated):
            continue
        event = event_before(row, pair=pair, kind=EventKind.SETTLED, actor=None, source="job")
        row.state, row.is_escalated = verdict.state or "", verdict.is_escalated
        changed.append(row)
        if row.state != event.state_before:
            event.state_after = row.state
            events.append(event)
    write_rows(changed, events)
    return len(changed)


@transaction.atomic
def _count_batch(batch: list[tuple[int, int, int]]) -> int:
    """Count these votes (id, photo, tag) unless they were replaced meanwhile; settle theirs."""
    lock_images(image_id for _, image_id, _ in batch)
    votes = Vote.objects.current().filter(pk__in=[pk for pk, _, _ in batch], counted_at=None)
    counted = votes.update(counted_at=timezone.now())
    settle_pairs({(image_id, tag_id) for _, image_id, tag_id in batch})
    return counted
