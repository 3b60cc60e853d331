"""Photos that wait for the network: each with a job of its own, tagged several at a time.

The first job to come takes the other photos that wait along, so that one call of the network, one
transaction and one look at the words serve them all; their own jobs then end at once. What a job
takes it holds for as long as a job may last. A worker that is killed holds nothing any more, one
that fails lets go, and a job ends only when its own photo is tagged.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from gallery.models import Image
from tagging.classifier import current_classifier, holds_network
from tagging.models import TaggingRequest
from tagging.models.waiting import TaggingRequestQuerySet
from tagging.processes import gone, this_process
from tagging.services.suggestions import suggest_tags

logger = logging.getLogger(__name__)

# Where photos are arriving, this is waited once for more of them, in seconds: about what one photo
# takes. A photo that is alone never waits.
GATHERING = 0.02
# Photos arrive as long as the last one is younger than this, in seconds.
ARRIVING = 0.25
# How long a job looks away while another worker has its photo in hand, in seconds.
LOOK_AWAY = 0.05
# After this many attempts nobody but its own job touches a photo: it may be what fails them.
MOST_TRIES = 3
NOT_HELD: dict[str, Any] = {"taken_by": "", "taken_until": None}


@dataclass(frozen=True)
class _Take:
    """What one look at the queue laid hands on; `name` tells it from every other take."""

    name: str
    image_ids: list[int] = field(default_factory=list)
    has_own: bool = False
    own_is_listed: bool = True
    more_are_arriving: bool = False


def tag_requested(*, image_id: int) -> int | None:
    """Return when this photo is tagged, with the number of photos that this job tagged.

    That is 0 where another job took the photo along, and None where it is gone. Raises what the
    network raises; every photo then waits for the next job.
    """
    tagged = 0
    while (is_done := _is_done(image_id)) is False:
        if not holds_network():
            # Before anything is taken, so that nobody waits for what a loading process holds.
            current_classifier()
        taken = _take(image_id)
        if taken.image_ids:
            tagged += _tag(taken, image_id)
        if not taken.own_is_listed:
            suggest_tags(image_ids=[image_id])
            return tagged + 1
        if taken.has_own:
            break
        if not taken.image_ids:
            time.sleep(LOOK_AWAY)
    if is_done:
        TaggingRequest.objects.filter(image=image_id, is_done=True).delete()
    return None if is_done is None else tagged


def tag_waiting() -> int:
    """Tag every photo that waits and that no worker holds; return how many.

    For photos whose own jobs were lost with a killed worker, or failed.
    """
    tagged = 0
    while TaggingRequest.objects.waiting().filter(tries__lt=MOST_TRIES).exists():
        if not holds_network():
            current_classifier()
        taken = _take(None)
        if not taken.image_ids:
            break
        tagged += _tag(taken, None)
    return tagged


def _is_done(image_id: int) -> bool | None:
    """Return whether the photo has been tagged since it asked; None where it is gone."""
    row = Image.objects.filter(pk=image_id).values_list("tagging_request__is_done").first()
    return None if row is None else bool(row[0])


def _take(image_id: int | None) -> _Take:
    """Take this photo, if any, and others that wait, the eldest first, as a batch.

    No other take ever has its name: a worker that starts after a power cut may get the number of
    the one that was cut off, and must not say that its photos are tagged.
    """
    name = f"{this_process()}#{uuid4().hex}"
    taken = _lay_hands_on(name, image_id, settings.EYES_TAGGING_BATCH)
    room = settings.EYES_TAGGING_BATCH - len(taken.image_ids)
    if not (taken.more_are_arriving and room):
        return taken
    time.sleep(GATHERING)
    more = _lay_hands_on(taken.name, None, room)
    taken.image_ids.extend(more.image_ids)
    return taken


@transaction.atomic
def _lay_hands_on(name: str, own: int | None, size: int) -> _Take:
    """Take free photos under this name, `own` among them if it is free."""
    holders = TaggingRequest.objects.waiting().exclude(taken_until=None)
    names = set(holders.values_list("taken_by", flat=True))
    ended = set(gone({each.partition("#")[0] for each in names}))
    dead = [each for each in names if each.partition("#")[0] in ended]
    free = TaggingRequest.objects.waiting().free(dead).select_for_update(skip_locked=True)
    mine = list(free.filter(image=own).values_list("pk", "asked_at"))
    others = free.filter(tries__lt=MOST_TRIES).exclude(image=own).order_by("asked_at", "pk")
    rows = mine + list(others.values_list("pk", "asked_at")[: size - len(mine)])
    ids = [pk for pk, _ in rows]
    if ids:
        TaggingRequest.objects.filter(pk__in=ids).update(
            taken_by=name,
            taken_until=timezone.now() + timedelta(seconds=settings.EYES_JOB_TIMEOUT),
            tries=F("tries") + 1,
        )
    newest = max((asked_at for _, asked_at in rows), default=None)
    recently = timezone.now() - timedelta(seconds=ARRIVING)
    return _Take(
        name=name,
        image_ids=ids,
        has_own=bool(mine),
        own_is_listed=bool(mine) or TaggingRequest.objects.filter(image=own).exists(),
        more_are_arriving=len(ids) > 1 and newest is not None and newest > recently,
    )


def _tag(taken: _Take, own: int | None) -> int:
    """Tag what was taken and say so in its requests; return how many photos that were."""
    try:
        try:
            suggest_tags(image_ids=taken.image_ids)
        except Exception:
            if taken.image_ids == [own]:
                raise
            # One photo among many may be the reason; it is to keep no other from its tags.
            logger.exception("Tagging %s photos together failed.", len(taken.image_ids))
            _tag_alone(taken, own)
    except BaseException:  # also the time limit of the queue, which is no Exception
        _held_by(taken.name).update(**NOT_HELD)
        raise
    finished, _ = _held_by(taken.name).filter(image=own).delete()
    if taken.image_ids != [own]:
        finished += _held_by(taken.name).update(is_done=True, taken_until=None)
    return finished


def _tag_alone(taken: _Take, own: int | None) -> None:
    """Tag the job's own photo by itself; without one, each by itself. Let go of all others.

    The others have jobs of their own, which will tell what is wrong with them.
    """
    if own is not None:
        _held_by(taken.name).exclude(image=own).update(**NOT_HELD)
        if taken.has_own:
            suggest_tags(image_ids=[own])
        return
    for image_id in taken.image_ids:
        try:
            suggest_tags(image_ids=[image_id])
        except Exception:
            logger.exception("Photo %s cannot be tagged.", image_id)
            _held_by(taken.name).filter(image=image_id).update(**NOT_HELD)


def _held_by(take: str) -> TaggingRequestQuerySet:
    """Return what is still held: a photo that asked again meanwhile is not."""
    return TaggingRequest.objects.waiting().filter(taken_by=take)
