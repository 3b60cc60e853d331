"""What must follow a photo's row, whoever deletes it: a page, the admin, or a person's leaving."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django_q.tasks import async_task

from gallery.models import Image
from gallery.signals import image_deleted, image_published
from gallery.storage import remove_directory


@receiver(image_published, dispatch_uid="gallery.make_renditions")
def ask_for_renditions(sender: type[Image], image_id: int, **_: object) -> None:
    """Have a worker make the formats of a new photo that an upload does not wait for."""
    async_task("gallery.tasks.make_renditions", image_id, save=False)


@receiver(post_delete, sender=Image, dispatch_uid="gallery.forget_files")
def forget_files_on_commit(sender: type[Image], instance: Image, **_: object) -> None:
    """Remove the files and announce the end of the photo once its row is truly gone."""
    # The row loses its id after this signal, so both are read now.
    directory, image_id, sha256 = instance.directory, instance.pk, instance.sha256
    transaction.on_commit(lambda: forget(directory, image_id, sha256))


def forget(directory: Path, image_id: int, sha256: str) -> None:
    """Remove the files of a deleted photo and tell the listeners."""
    remove_directory(directory)
    image_deleted.send_robust(sender=Image, sha256=sha256, image_id=image_id)
