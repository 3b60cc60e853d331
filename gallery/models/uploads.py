"""Uploads on their way: files that arrive in pieces and go on where they were cut off."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import ClassVar, Self
from uuid import uuid4

from django.conf import settings
from django.db import models

from gallery.models.images import Image
from gallery.storage import uploads_directory


class UploadQuerySet(models.QuerySet["Upload"]):
    """Reading uploads, in words that chain."""

    def unfinished(self) -> Self:
        """Return uploads that have not become a photo."""
        return self.filter(image=None)

    def under_way(self, moment: datetime) -> Self:
        """Return uploads that may still become a photo: neither failed nor expired."""
        return self.unfinished().filter(problem="", expires_at__gt=moment)

    def expired_at(self, moment: datetime) -> Self:
        """Return uploads that nobody went on with in time."""
        return self.filter(expires_at__lte=moment)


class Upload(models.Model):
    """One file on its way. Its bytes so far lie in a file of its own, `received` of them."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    name = models.CharField(max_length=255, blank=True)
    size = models.PositiveBigIntegerField("bytes in the whole file")
    received = models.PositiveBigIntegerField("bytes received", default=0)
    # What the browser computed before; what arrives must have it.
    sha256 = models.CharField(max_length=64, blank=True)
    # Title, description, visibility, licence, album and so on, checked when the upload began.
    wishes = models.JSONField(default=dict)
    image = models.ForeignKey(Image, models.CASCADE, null=True, blank=True, related_name="+")
    problem = models.CharField(max_length=300, blank=True)
    code = models.CharField(max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    objects = UploadQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(fields=["owner", "sha256"], name="upload_of_owner"),
            models.Index(fields=["expires_at"], name="upload_expiry"),
        ]

    def __str__(self) -> str:
        return self.name or str(self.pk)

    @property
    def is_settled(self) -> bool:
        """Return whether it has become a photo, or never will."""
        return self.image_id is not None or self.problem != ""

    @property
    def path(self) -> Path:
        """Return where the bytes received so far lie."""
        return uploads_directory() / self.pk.hex
