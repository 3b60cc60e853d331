"""What people say of each other's photos."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.models.images import Image
from gallery.models.people import Viewer


class Like(models.Model):
    """One person likes one photo; the photo counts its likes itself."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="likes")
    image = models.ForeignKey(Image, models.CASCADE, related_name="likes")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "person"], name="like_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["person", "-id"], name="like_of_person")]

    def __str__(self) -> str:
        return f"{self.person} likes {self.image_id}"


class CommentQuerySet(models.QuerySet["Comment"]):
    """Reading comments, in words that chain."""

    def oldest(self) -> Self:
        """Return comments in the order in which they were written."""
        return self.order_by("created_at", "pk")

    def newest(self) -> Self:
        """Return the comment that was written last first."""
        return self.order_by("-created_at", "-pk")

    def before(self, comment_id: int) -> Self:
        """Return the comments that were written before this one, by its number where it is gone."""
        mark = self.model.objects.filter(pk=comment_id).values_list("created_at", flat=True).first()
        if mark is None:
            return self.filter(pk__lt=comment_id)
        return self.filter(created_at__lte=mark).exclude(created_at=mark, pk__gte=comment_id)


class Comment(models.Model):
    """What somebody wrote below a photo: plain text, never HTML."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="comments")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="comments")
    text = models.TextField(_("comment"), max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)
    edited_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects = CommentQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["created_at", "pk"]
        indexes: ClassVar = [models.Index(fields=["image", "created_at"], name="comment_of_image")]

    def __str__(self) -> str:
        return self.text[:50]

    def is_editable_by(self, viewer: Viewer) -> bool:
        """Return whether this person may change the words: only who wrote them."""
        return viewer.is_authenticated and viewer.pk == self.author_id

    def is_deletable_by(self, viewer: Viewer) -> bool:
        """Return whether this person may remove it: the author, the photo's owner, or staff."""
        if viewer.is_staff:
            return True
        return viewer.is_authenticated and viewer.pk in (self.author_id, self.image.owner_id)
