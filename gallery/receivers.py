"""What must follow a photo's row, whoever deletes it: a page, the admin, or a person's leaving."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.db.models.signals import post_delete
from django.dispatch import receiver

from gallery.models import Image, Takeout, TakeoutImport, Upload
from gallery.signals import image_deleted
from gallery.storage import remove_directory


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


@receiver(post_delete, sender=Takeout, dispatch_uid="gallery.forget_takeout")
@receiver(post_delete, sender=TakeoutImport, dispatch_uid="gallery.forget_takeout_import")
@receiver(post_delete, sender=Upload, dispatch_uid="gallery.forget_upload")
def forget_file_on_commit(
    sender: type[Takeout | TakeoutImport | Upload],
    instance: Takeout | TakeoutImport | Upload,
    **_: object,
) -> None:
    """Remove the one file of a takeout, an import or an upload once its row is truly gone."""
    path = instance.path
    transaction.on_commit(lambda: path.unlink(missing_ok=True))
