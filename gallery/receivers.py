"""What must follow a row, whoever deletes it: a page, the admin, or a person's leaving."""

from __future__ import annotations

from pathlib import Path

from django.db import transaction
from django.db.models import F
from django.db.models.signals import post_delete
from django.dispatch import receiver
from django_q.tasks import async_task

from gallery.models import Comment, Image, Like, Takeout, TakeoutImport, Upload, User
from gallery.notices import take_back_comment
from gallery.services.people import forget_avatar_on_commit
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


@receiver(post_delete, sender=Like, dispatch_uid="gallery.count_likes")
def count_one_like_less(
    sender: type[Like], instance: Like, origin: object = None, **_: object
) -> None:
    """Keep the number of likes true, whoever deletes one; a photo that goes needs none."""
    if not _is_of_photos(origin):
        liked = Image.with_trash.filter(pk=instance.image_id, like_count__gt=0)
        liked.update(like_count=F("like_count") - 1)


@receiver(post_delete, sender=Comment, dispatch_uid="gallery.count_comments")
def count_one_comment_less(
    sender: type[Comment], instance: Comment, origin: object = None, **_: object
) -> None:
    """Keep the number of comments true, and take back what was told of the one that is gone."""
    if _is_of_photos(origin):
        return
    image = Image.with_trash.filter(pk=instance.image_id).first()
    if image is None:
        return
    Image.with_trash.filter(pk=image.pk, comment_count__gt=0).update(
        comment_count=F("comment_count") - 1
    )
    take_back_comment(image_id=image.pk, comment_id=instance.pk, actor_id=instance.author_id)


@receiver(post_delete, sender=User, dispatch_uid="gallery.forget_avatar")
def forget_avatar(sender: type[User], instance: User, **_: object) -> None:
    """Remove the picture of a person whose row is gone."""
    forget_avatar_on_commit(instance.avatar_folder)


def _is_of_photos(origin: object) -> bool:
    """Return whether photos are what is being deleted, and the rest goes with them."""
    return isinstance(origin, Image) or getattr(origin, "model", None) is Image


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
