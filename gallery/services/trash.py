"""The trash: what people delete goes there first, and may come back for thirty days.

A photo in the trash keeps its row, its files and all that was said of it, and `Image.objects`
leaves it out: for everybody but its owner it is gone, and nothing learns from it any more.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from gallery.chunks import chunks
from gallery.clusters import LONG_JOBS
from gallery.models import Comment, Image, ImageQuerySet, User
from gallery.models.images import KEPT_IN_TRASH
from gallery.notices import take_back_photos
from gallery.signals import image_restored

# Photos deleted for good per transaction: each takes its rows in a dozen tables along.
DELETED_AT_ONCE: Final = 50


@transaction.atomic
def trash_images(*, images: ImageQuerySet, by: User) -> int:
    """Move those of these photos that the person may delete to the trash; return how many.

    All of one call share their moment in `deleted_at`, by which `restore_from_trash` finds them
    again. What a moderator deletes is hidden as well, so that it comes back to its owner alone.
    """
    mine = images.filter(deleted_at=None)
    if not by.is_staff:
        mine = mine.filter(owner=by)
    found = list(mine.order_by("pk").select_for_update(of=("self",)).values_list("pk", "owner_id"))
    ids, now = [pk for pk, _owner in found], timezone.now()
    of_others = [pk for pk, owner_id in found if owner_id != by.pk]
    for some in chunks(of_others):
        shown = Image.objects.filter(pk__in=some, hidden_at=None)
        shown.update(hidden_at=now, hidden_reason=_("A moderator deleted this photo."))
    for some in chunks(ids):
        Image.objects.filter(pk__in=some).update(deleted_at=now)
    return len(ids)


def moment_of_trashing(*, images: ImageQuerySet) -> datetime | None:
    """Return the moment that the latest of these photos went to the trash, None for none."""
    latest = images.in_trash().order_by("-deleted_at").values_list("deleted_at", flat=True)
    return latest.first()


@transaction.atomic
def restore_from_trash(*, images: ImageQuerySet, by: User) -> int:
    """Bring those of these photos back that the person may; return how many.

    Tags, albums, likes and comments are there again, since they never left. A moderator who
    takes their own deletion back shows the photo again as well.
    """
    mine = images.in_trash().filter(owner__left_at=None)
    if not by.is_staff:
        mine = mine.filter(owner=by)
    found = list(mine.order_by("pk").select_for_update(of=("self",)))
    ids = [image.pk for image in found]
    back = [
        image.pk
        for image in found
        if image.owner_id != by.pk and image.hidden_at == image.deleted_at
    ]
    for some in chunks(back):
        Image.with_trash.filter(pk__in=some).update(hidden_at=None, hidden_reason="")
    for some in chunks(ids):
        Image.with_trash.filter(pk__in=some).update(deleted_at=None)
    _announce_restored(ids)
    return len(ids)


def bring_back(*, image: Image) -> Image | None:
    """Return the photo, out of the trash where it was there: its owner uploaded it again.

    None where a job has deleted it for good in this moment.
    """
    if image.deleted_at is not None:
        with transaction.atomic():
            if not Image.with_trash.filter(pk=image.pk).update(deleted_at=None):
                return None
            image.deleted_at = None
            _announce_restored([image.pk])
    return image


def empty_trash(*, images: ImageQuerySet) -> int:
    """Delete those of these photos that are in the trash for good; return how many.

    A few per transaction, so that nobody waits long; each photo goes with its files.
    """
    deleted = 0
    while True:
        with transaction.atomic():
            some = images.exclude(deleted_at=None).order_by("pk")
            chosen = list(some.select_for_update(of=("self",))[:DELETED_AT_ONCE])
            if not chosen:
                return deleted
            _forget_notices(chosen)
            Image.with_trash.filter(pk__in=[image.pk for image in chosen]).delete()
        deleted += len(chosen)


def _forget_notices(images: Sequence[Image]) -> None:
    """Take back what owners and commenters were told of photos that are about to go."""
    ids = [image.pk for image in images]
    wrote = Comment.objects.filter(image__in=ids).order_by().values_list("author_id", flat=True)
    told = {*wrote.distinct(), *(image.owner_id for image in images)}
    take_back_photos(image_ids=ids, person_ids=told)


@transaction.atomic
def empty_trash_of(*, person: User) -> int:
    """Let everything in the person's trash expire now and have a job delete it; return how much.

    It leaves the page at once, however many there are, and nobody can bring it back.
    """
    waiting = Image.with_trash.filter(owner=person).in_trash()
    count = waiting.update(deleted_at=timezone.now() - KEPT_IN_TRASH)
    transaction.on_commit(
        lambda: async_task("gallery.tasks.empty_expired_trash", cluster=LONG_JOBS) and None
    )
    return count


def empty_expired_trash() -> int:
    """Delete for good what has been in the trash for thirty days; return how many photos."""
    return empty_trash(images=Image.with_trash.expired_in_trash())


def _announce_restored(ids: Sequence[int]) -> None:
    if ids:
        told = partial(image_restored.send_robust, sender=Image, image_ids=list(ids))
        transaction.on_commit(told)
