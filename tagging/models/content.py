"""What the pixels say: one row per distinct file, shared by every photo with those bytes."""

from __future__ import annotations

from typing import ClassVar, Self

import numpy as np
from django.conf import settings
from django.db import models
from numpy.typing import NDArray


class TwinGroup(models.Model):
    """Near-duplicates. A group is the unit of the train/validation/test split.

    The side is written by training when a photo of the group is first used and never changes.
    """

    class Side(models.TextChoices):
        UNUSED = "", "not used yet"
        TRAIN = "train", "train"
        VALIDATION = "validation", "validation"
        TEST = "test", "test"

    side = models.CharField(max_length=10, choices=Side.choices, default=Side.UNUSED, blank=True)

    def __str__(self) -> str:
        return f"group {self.pk}"


class Content(models.Model):
    """One distinct sequence of bytes. It outlives single uploads of it, not the last one."""

    sha256 = models.CharField(max_length=64, unique=True)
    dhash = models.CharField("dHash-16, 64 hex digits", max_length=64)
    group = models.ForeignKey(TwinGroup, models.PROTECT, related_name="contents")
    straddles = models.BooleanField(
        "stays out of datasets",
        default=False,
        help_text="A twin of photos on two different sides of the split; learning would leak.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.sha256[:12]


class EmbeddingQuerySet(models.QuerySet["Embedding"]):
    def of_backbone(self, key: str) -> Self:
        """Return the embeddings that this backbone computed."""
        return self.filter(backbone=key)


class Embedding(models.Model):
    """The vector of one content under one backbone: computed once, read by everything."""

    content = models.ForeignKey(Content, models.CASCADE, related_name="embeddings")
    backbone = models.CharField(max_length=32)
    vector = models.BinaryField("float16 [d], little-endian")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = EmbeddingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["content", "backbone"], name="embedding_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["backbone", "id"], name="embedding_by_backbone")]

    def __str__(self) -> str:
        return f"{self.backbone} of content {self.content_id}"

    def as_array(self) -> NDArray[np.float16]:
        """Return the vector, float16 [d]."""
        return np.frombuffer(bytes(self.vector), dtype="<f2")


class EmbeddingSpaceQuerySet(models.QuerySet["EmbeddingSpace"]):
    def unfinished(self) -> Self:
        """Return the spaces that are still being filled, the oldest wish first."""
        return self.filter(finished_at=None).order_by("asked_at", "pk")

    def waiting(self) -> Self:
        """Return the unfinished ones that can go on, the oldest wish first."""
        return self.unfinished().filter(problem="")


class EmbeddingSpace(models.Model):
    """The wish that every photo has a vector of one backbone, and how far that is.

    The vectors themselves say what is there; this row says what is wanted and where a job that
    was cut short goes on.
    """

    backbone = models.CharField(max_length=32, unique=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    after = models.PositiveBigIntegerField("everything up to this photo is done", default=0)
    seen_at = models.DateTimeField("last sign of work", null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    unreadable = models.PositiveIntegerField("photos nobody can read", default=0)
    photos_per_second = models.FloatField("speed of the last slice", null=True, blank=True)
    ticket = models.CharField("the only job that may go on", max_length=32, blank=True)
    problem = models.TextField("why it cannot go on", blank=True)

    objects = EmbeddingSpaceQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-asked_at", "-pk"]

    def __str__(self) -> str:
        return f"embeddings of {self.backbone}"
