"""A moderator's mark that a photo is fully tagged: what is not said on it is not there."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from gallery.models import User
from gallery.services import write_log
from tagging.models import FullyTagged
from tagging.services.ballots import lock_images


@transaction.atomic
def mark_fully_tagged(*, moderator: User, image_ids: Collection[int]) -> int:
    """Mark these photos and return how many there are; photos that are gone are passed over.

    Marking again renews the mark, which then also speaks of the tags that were coined since.
    Raises PermissionDenied where the person is no moderator.
    """
    _require_moderator(moderator)
    images = list(lock_images(image_ids).values())
    for image in images:
        FullyTagged.objects.update_or_create(
            image=image, defaults={"by": moderator, "marked_at": timezone.now()}
        )
    write_log(moderator, images, "Marked as fully tagged.")
    return len(images)


@transaction.atomic
def unmark_fully_tagged(*, moderator: User, image_ids: Collection[int]) -> int:
    """Take the mark away and return from how many photos.

    Raises PermissionDenied where the person is no moderator.
    """
    _require_moderator(moderator)
    images = lock_images(image_ids)
    marked = FullyTagged.objects.filter(image__in=images).select_related("image")
    found = [mark.image for mark in marked]
    marked.delete()
    write_log(moderator, found, "No longer marked as fully tagged.")
    return len(found)


def _require_moderator(person: User) -> None:
    if not (person.is_active and person.is_staff):
        raise PermissionDenied("Only moderators mark photos as fully tagged.")
