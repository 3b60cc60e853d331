"""A moderator's mark that a photo is fully tagged: what is not said on it is not there."""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy

from gallery.models import Image, User
from gallery.moderation import require_moderator
from gallery.services.images import write_log
from tagging.models import FullyTagged
from tagging.presets import current_policy
from tagging.services.ballots import lock_images
from tagging.services.objections import may_decide

# Rows written per statement: below the variable limits of both databases.
BATCH = 300
MARKING = gettext_lazy("Only moderators mark photos as fully tagged.")


@transaction.atomic
def mark_fully_tagged(*, moderator: User, image_ids: Collection[int]) -> int:
    """Mark these photos and return how many were marked.

    Photos that are gone are passed over, and one's own where nobody decides about their own.
    Marking again renews the mark, which then also speaks of the tags that were coined since.
    Raises PermissionDenied where the person is no moderator.
    """
    require_moderator(moderator, MARKING)
    images = _lock_decidable(moderator, image_ids)
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
    """Take the mark away and return from how many photos; the same are passed over.

    Raises PermissionDenied where the person is no moderator.
    """
    require_moderator(moderator, MARKING)
    images = _lock_decidable(moderator, image_ids)
    marked = FullyTagged.objects.filter(image__in=images).select_related("image")
    found = [mark.image for mark in marked]
    marked.delete()
    write_log(moderator, found, "No longer marked as fully tagged.")
    return len(found)


def _lock_decidable(moderator: User, image_ids: Collection[int]) -> list[Image]:
    """Return those of the photos, locked, about which this moderator may decide."""
    policy = current_policy()
    images = lock_images(image_ids).values()
    return [image for image in images if may_decide(moderator.pk, image, policy)]
