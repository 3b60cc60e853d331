"""Embedding spaces beside the one that serves: asked for, filled a slice at a time, forgotten.

A wish is a row of `EmbeddingSpace`; the vectors themselves say what is done. One job at a time goes
on with the oldest wish and hands the rest to the next job, so that a retraining can come between.
"""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

from gallery.full_disk import is_full_disk
from gallery.models import User
from tagging.backbones.cards import UnknownBackbone, get_card
from tagging.backbones.weights import BackboneUnavailable, read_record
from tagging.chunks import QUERY_SIZE
from tagging.clusters import TRAINING_CLUSTER
from tagging.engines.interface import THREADS_VARIABLE
from tagging.models import Embedding, EmbeddingSpace
from tagging.registry import live_backbone, live_version, open_backbone, standing_versions
from tagging.services.embeddings import (
    embed_images,
    photos_left_behind,
    photos_without_vector,
)
from tagging.services.vectors import remove_vector_files

# A retraining waits no longer than this for its turn; opening a network takes about two seconds.
SLICE_SECONDS = 45.0
# Photos between two notes of how far it is: a killed slice loses these at most.
STEP = 64
# So many missing photos re-tagging embeds on its way; more would keep uploads waiting.
FEW = 50
# A job that gave no sign for so long was killed with its queue, or waits behind a long training.
SILENCE = timedelta(minutes=10)
# Steps aside for whatever else wants the processor; 19 would be never where something else runs.
NICENESS = 10
DISK_IS_FULL = "The disk is full. Nothing is lost: it goes on from here once there is room."


class SpaceRefused(Exception):
    """Raised when a space cannot be filled or forgotten; the message says why to a person."""


def wish_space(
    *, backbone: str, asked_by: User | None = None, enqueue: bool = True
) -> EmbeddingSpace:
    """Write down that every photo shall have a vector of this backbone; return that row.

    A job begins after the commit, unless the caller does the work. Asked for again while it is
    being filled, it goes on where it is; asked for when it was full, it takes in what has come
    since. Raises SpaceRefused for an unknown backbone and for one whose weights are not here.
    """
    try:
        read_record(get_card(backbone), settings.EYES_MODELS_STORE)
    except (UnknownBackbone, BackboneUnavailable) as error:
        raise SpaceRefused(str(error)) from error
    with transaction.atomic():
        space, is_new = EmbeddingSpace.objects.get_or_create(
            backbone=backbone, defaults={"asked_by": asked_by}
        )
        if not is_new:
            space.problem = ""
            if space.finished_at is not None:
                space.finished_at, space.after, space.unreadable = None, 0, 0
                space.asked_by, space.asked_at = asked_by, timezone.now()
            space.save()
        if enqueue:
            transaction.on_commit(lambda: hand_out_filling() and None)
    return space


def count_fillable(backbone: str) -> int:
    """Return how many photos have no vector of this backbone and might get one: those that could
    not be read when the space was last filled are left out."""
    return max(0, photos_without_vector(backbone).count() - _unreadable(backbone))


def count_left_behind(backbone: str) -> int:
    """Return how many photos would keep the words of before if this backbone served from now on.

    Those that wait for their first vector, of whichever serves by then, are not among them.
    """
    return max(0, photos_left_behind(backbone).count() - _unreadable(backbone))


def hand_out_filling() -> EmbeddingSpace | None:
    """Give the oldest wish that can go on to a job, and return it; None where there is none.

    The job's ticket makes all earlier ones void, so that there is never more than one that goes on.
    """
    space = EmbeddingSpace.objects.waiting().first()
    if space is None:
        return None
    ticket = uuid.uuid4().hex
    EmbeddingSpace.objects.filter(pk=space.pk).update(ticket=ticket)
    async_task(
        "tagging.tasks.fill_space",
        space.pk,
        ticket,
        cluster=TRAINING_CLUSTER,
        task_name=f"embeddings of {space.backbone}",
    )
    return space


def resume_filling() -> EmbeddingSpace | None:
    """Go on with what was cut short or could not go on before; return the space, or None.

    A job that gives signs of life is left alone.
    """
    now = timezone.now()
    # A sign from the future was given before the clock was set back.
    recently = (now - SILENCE, now + SILENCE)
    if EmbeddingSpace.objects.waiting().filter(seen_at__range=recently).exists():
        return None
    EmbeddingSpace.objects.unfinished().update(problem="")
    return hand_out_filling()


def frugal_environment() -> dict[str, str]:
    """Return the variables of a process that fills a space: half of the cores, unless somebody
    decided otherwise, so that an upload is tagged beside it at once."""
    half = max(1, len(os.sched_getaffinity(0)) // 2)
    return {} if os.environ.get(THREADS_VARIABLE) else {THREADS_VARIABLE: str(half)}


def fill_slice(
    *,
    space: EmbeddingSpace,
    seconds: float | None = SLICE_SECONDS,
    progress: Callable[[int], object] = lambda photos: None,
) -> bool:
    """Embed for so long (None: to the end), and return whether the space is full now.

    `progress` is called with the number of photos done since the last call. What cannot be got over
    is written into `space.problem`, and it goes on with the next attempt. Beside other processes
    that do the same, and after a kill, nothing is lost and little done twice. A space that was
    forgotten meanwhile counts as full.
    """
    try:
        return _fill_slice(space, seconds, progress)
    except (OSError, DatabaseError, ValueError, RuntimeError) as error:
        problem = explain(error)
        if problem is None:
            raise
        space.problem = problem
        EmbeddingSpace.objects.filter(pk=space.pk).update(problem=problem)
        return False


def explain(error: Exception) -> str | None:
    """Return for people why a space cannot be filled, None for what may pass by itself."""
    from tagging.engine import EngineMismatch

    if isinstance(error, (UnknownBackbone, BackboneUnavailable, EngineMismatch)):
        return str(error.args[0])
    if isinstance(error, OSError):
        return DISK_IS_FULL if is_full_disk(error) else str(error)
    # SQLite: "database or disk is full"; PostgreSQL: "could not extend file: No space left".
    told = str(error).lower()
    is_full = isinstance(error, DatabaseError) and ("is full" in told or "no space left" in told)
    return DISK_IS_FULL if is_full else None


def forget_space(*, backbone: str, progress: Callable[[int], object] = lambda rows: None) -> int:
    """Delete every vector of this backbone and its wish; return how many vectors there were.

    A few hundred at a time, so that nobody else waits. `progress` is called with the number
    deleted since the last call. Raises SpaceRefused, also half-way, where somebody needs them.
    """
    deleted = 0
    while True:
        refuse_to_forget_what_is_read(backbone)
        EmbeddingSpace.objects.filter(backbone=backbone).delete()
        ids = list(
            Embedding.objects.of_backbone(backbone)
            .order_by("pk")
            .values_list("pk", flat=True)[:QUERY_SIZE]
        )
        if not ids:
            remove_vector_files(backbone=backbone)
            return deleted
        Embedding.objects.filter(pk__in=ids).delete()
        deleted += len(ids)
        progress(len(ids))


def refuse_to_forget_what_is_read(backbone: str) -> None:
    """Raise SpaceRefused with the reason where somebody still reads the vectors of a backbone."""
    if why := reasons_to_keep().get(backbone):
        raise SpaceRefused(f"The vectors of {backbone} are kept: {why}.")


def reasons_to_keep() -> dict[str, str]:
    """Return by backbone who still reads its vectors; those of all others may be forgotten."""
    reasons: dict[str, str] = {}
    # From the least reason to the greatest, which stands in the end.
    for version in reversed(standing_versions()):
        reasons[version.serving_backbone] = (
            f"version {version.number} reads them, and a roll-back may return to it"
        )
    first_day = str(settings.EYES_BACKBONE)
    reasons[first_day] = "they are those of the first day's network (EYES_BACKBONE)"
    live = live_version()
    reasons[live.serving_backbone] = f"version {live.number}, which is live, reads them"
    return reasons


def _fill_slice(
    space: EmbeddingSpace, seconds: float | None, progress: Callable[[int], object]
) -> bool:
    open_backbone(space.backbone)
    started, done = time.monotonic(), 0
    mine = EmbeddingSpace.objects.filter(pk=space.pk)
    while seconds is None or time.monotonic() - started < seconds:
        missing = photos_without_vector(space.backbone).filter(pk__gt=space.after).order_by("pk")
        ids = list(missing.values_list("pk", flat=True)[:STEP])
        if not ids:
            _finish(space)
            return True
        report = embed_images(image_ids=ids, backbone=space.backbone)
        space.after, done = ids[-1], done + len(ids)
        is_alive = mine.update(
            after=space.after,
            unreadable=F("unreadable") + len(report.unreadable),
            photos_per_second=done / (time.monotonic() - started),
            seen_at=timezone.now(),
        )
        progress(len(ids))
        if not is_alive:
            return True
    return False


def _finish(space: EmbeddingSpace) -> None:
    """Look once more at the whole library, and write down that the space is full.

    A photo may be committed after one with a higher number; and what could not be read before is
    tried a last time. The rest is unreadable, whatever is done.
    """
    missing = photos_without_vector(space.backbone)
    embed_images(image_ids=list(missing.values_list("pk", flat=True)), backbone=space.backbone)
    now = timezone.now()
    EmbeddingSpace.objects.filter(pk=space.pk).update(
        finished_at=now, seen_at=now, unreadable=missing.count(), ticket=""
    )
    if space.backbone in (live_backbone(), settings.EYES_BACKBONE):
        # Re-tagging left out what had no vector yet.
        async_task("tagging.tasks.retag_library")


def _unreadable(backbone: str) -> int:
    known = EmbeddingSpace.objects.filter(backbone=backbone).exclude(finished_at=None)
    return known.values_list("unreadable", flat=True).first() or 0
