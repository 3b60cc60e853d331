"""A moderator's mark that a photo is fully tagged: what is not said on it is not there."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone

from gallery.models import User
from gallery.moderation import require_moderator
from gallery.services import write_log
from tagging.models import FullyTagged
from tagging.services.ballots import lock_images

# Rows written per statement: below the variable limits of both databases.
BATCH = 300
MARKING = "mark photos as fully tagged"


@transaction.atomic
def mark_fully_tagged(*, moderator: User, image_ids: Collection[int]) -> int:
    """Mark these photos and return how many there are; photos that are gone are passed over.

    Marking again renews the mark, which then also speaks of the tags that were coined since.
    Raises PermissionDenied where the person is no moderator.
    """
    require_moderator(moderator, MARKING)
    images = list(lock_images(image_ids).values())
    now = timezone.now()
    FullyTagged.objects.bulk_create(
        [FullyTagged(image=image, by=moderator, marked_at=now) for image in images],
        batch_size=BATCH,
        update_conflicts=True,
        unique_fields=["image"],
        update_fields=["by", "marked_at"],
    )
    write_log(moderator, images, "Marked as fully tagged.")
    return len(images)


@transaction.atomic
def unmark_fully_tagged(*, moderator: User, image_ids: Collection[int]) -> int:
    """Take the mark away and return from how many photos.

    Raises PermissionDenied where the person is no moderator.
    """
    require_moderator(moderator, MARKING)
    images = lock_images(image_ids)
    marked = FullyTagged.objects.filter(image__in=images).select_related("image")
    found = [mark.image for mark in marked]
    marked.delete()
    write_log(moderator, found, "No longer marked as fully tagged.")
    return len(found)
