"""The trash: what people delete goes there first, and may come back."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from gallery.models import ImageQuerySet, User


@transaction.atomic
def trash_images(*, images: ImageQuerySet, by: User) -> int:
    """Move those of these photos that the person owns to the trash; return how many."""
    return images.filter(owner=by, deleted_at=None).update(deleted_at=timezone.now())


@transaction.atomic
def restore_from_trash(*, images: ImageQuerySet, by: User) -> int:
    """Bring those of these photos back that the person owns; return how many."""
    return images.in_trash().filter(owner=by).update(deleted_at=None)
