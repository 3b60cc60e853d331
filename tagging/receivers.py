"""What this room does when the gallery announces something."""

from __future__ import annotations

from django.dispatch import receiver

from gallery.signals import image_deleted, image_published
from tagging.services.embeddings import collect_garbage
from tagging.services.requests import request_tagging


@receiver(image_published, dispatch_uid="tagging.tag_published_image")
def tag_published_image(sender: object, image_id: int, **_: object) -> None:
    """Ask a worker to tag a photo that has just been published."""
    request_tagging(image_id=image_id)


@receiver(image_deleted, dispatch_uid="tagging.forget_deleted_image")
def forget_deleted_image(sender: object, sha256: str, **_: object) -> None:
    """Forget what was known of bytes that no photo holds any more."""
    collect_garbage(sha256)
