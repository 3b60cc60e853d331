"""What the other services share: one photo's tags change under one lock, in one place.

Every change of votes or states first locks the photo's row, in order of id. The row always
exists, so two people confirming the same tag wait for each other instead of colliding. SQLite
has no row locks; its transactions here take the write lock at their start, to the same end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import TypeAlias

from django.db import transaction
from django.utils import timezone

from gallery.models import Image, User
from tagging.circles import find_circles
from tagging.models import ImageTag, Sighting, Tag, TagState, Vote
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.services.reputation import read_weights
from tagging.services.requests import request_tagging
from tagging.services.word_lock import keep_words
from tagging.states import Ballot, judge_votes

Pair: TypeAlias = tuple[int, int]
"""Ids of a photo and a tag."""


def lock_image(*, image_id: int, viewer: User) -> Image:
    """Return the photo, locked until the transaction ends.

    Raises Image.DoesNotExist where it is gone or this person may not see it: both look the same
    from outside.
    """
    keep_words()
    return (
        Image.objects.visible_to(viewer)
        .select_for_update(of=("self",), no_key=True)
        .get(pk=image_id)
    )


def lock_images(image_ids: Iterable[int], *, with_trash: bool = False) -> dict[int, Image]:
    """Return these photos by id, locked in order of id so that two bulk changes never cross.

    Nobody decides about photos in the trash; what happens to a word itself happens there too.
    """
    keep_words()
    photos = Image.with_trash.all() if with_trash else Image.objects.all()
    locked = (
        photos.filter(pk__in=set(image_ids))
        .order_by("pk")
        .select_for_update(of=("self",), no_key=True)
    )
    return {image.pk: image for image in locked}


def current_ballots(
    images: Mapping[int, Image], tag_ids: Collection[int] | None = None
) -> defaultdict[Pair, list[Ballot]]:
    """Return everybody's current votes on these photos, by photo and tag, ready to be judged.

    One query; where the policy weighs votes three: what the voters' answers to gold tasks are
    worth, and who of them share a network or device. Only votes on `tag_ids`, where given.
    """
    policy = current_policy()
    votes = Vote.objects.current().filter(image_id__in=images.keys())
    if tag_ids is not None:
        votes = votes.filter(tag_id__in=tag_ids)
    cast: defaultdict[Pair, list[Vote]] = defaultdict(list)
    for vote in votes.order_by("pk"):
        cast[vote.image_id, vote.tag_id].append(vote)
    voters = {vote.person_id for pair in cast.values() for vote in pair}
    owners = {image.owner_id for image in images.values()}
    weights = read_weights(voters, policy)
    seen = Sighting.objects.of_people(voters | owners) if policy.shared_hours else {}
    ballots: defaultdict[Pair, list[Ballot]] = defaultdict(list)
    for (image_id, tag_id), pair in cast.items():
        owner_id = images[image_id].owner_id
        circles = find_circles(
            {person: seen.get(person, ()) for person in {owner_id, *(v.person_id for v in pair)}},
            within=timedelta(hours=policy.shared_hours),
        )
        ballots[image_id, tag_id] = [
            Ballot(
                value=vote.value,
                is_owner=circles[vote.person_id] == circles[owner_id],
                weight=weights[vote.person_id],
                is_of_age=_is_of_age(vote, policy),
                circle=circles[vote.person_id],
            )
            for vote in pair
        ]
    return ballots


def _is_of_age(vote: Vote, policy: Policy) -> bool:
    """Return whether the vote counts: the job's word, never the clock's, which may jump back."""
    return policy.vote_age_hours == 0 or vote.counted_at is not None


def replace_vote(*, person: User, image: Image, tag: Tag, value: str) -> str:
    """Make this the person's current vote ("" takes it back); return the one before, or ""."""
    current = Vote.objects.current().filter(person=person, image=image, tag=tag).first()
    before = current.value if current else ""
    if before == value:
        return before
    if current is not None:
        current.replaced_at = timezone.now()
        current.save(update_fields=["replaced_at"])
    if value:
        Vote.objects.create(person=person, image=image, tag=tag, value=value)
    return before


def find_row(*, image: Image, tag: Tag) -> ImageTag | None:
    """Return the present state of the tag on the photo, if anybody has said anything."""
    return ImageTag.objects.filter(image=image, tag=tag).first()


def settle(*, image: Image, tag: Tag, row: ImageTag | None, fallback: str = "") -> ImageTag | None:
    """Bring the row in line with the current votes and return it, or None where none remains.

    A moderator's decision stays. Where nobody says anything any more, the row takes the
    `fallback` state, or goes when there is none, and the network may suggest the tag again.
    """
    if row is not None and row.is_decided:
        return row
    ballots = current_ballots({image.pk: image}, {tag.pk})[image.pk, tag.pk]
    verdict = judge_votes(ballots, current_policy())
    state = verdict.state or fallback
    if not state:
        if row is not None and row.pk is not None:
            row.delete()
        return None
    row = row or ImageTag(image=image, tag=tag)
    row.state, row.is_escalated = state, verdict.is_escalated
    row.save()
    return row


def credit(row: ImageTag | None, *, person: User) -> None:
    """Remember who first said that the tag is there."""
    if row is not None and row.added_by_id is None and row.state != TagState.REJECTED:
        row.added_by = person
        row.save(update_fields=["added_by"])


def ask_network_again(*, image_id: int, before: str, after: str) -> None:
    """Queue new suggestions, after commit, where a rejection was lifted.

    While a tag is rejected the network does not suggest it, so its row may be gone.
    """
    if before == TagState.REJECTED and after != TagState.REJECTED:
        transaction.on_commit(partial(request_tagging, image_id=image_id))
