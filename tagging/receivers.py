"""What this room does when the gallery announces something."""

from __future__ import annotations

from django.dispatch import receiver

from gallery.signals import image_deleted, image_keywords_found, image_published
from tagging.services.embeddings import collect_garbage
from tagging.services.keywords import request_keyword_tags
from tagging.services.requests import request_tagging


@receiver(image_published, dispatch_uid="tagging.tag_published_image")
def tag_published_image(sender: object, image_id: int, **_: object) -> None:
    """Ask a worker to tag a photo that has just been published."""
    request_tagging(image_id=image_id)


@receiver(image_keywords_found, dispatch_uid="tagging.tag_with_found_keywords")
def tag_with_found_keywords(
    sender: object, image_id: int, person_id: int, keywords: tuple[str, ...], **_: object
) -> None:
    """Have a worker make the words in a photo's file the tags of who uploaded it."""
    request_keyword_tags(image_id=image_id, person_id=person_id, keywords=keywords)


@receiver(image_deleted, dispatch_uid="tagging.forget_deleted_image")
def forget_deleted_image(sender: object, sha256: str, **_: object) -> None:
    """Forget what was known of bytes that no photo holds any more."""
    collect_garbage(sha256)
