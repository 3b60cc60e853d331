"""The review page: what might be asked, what was asked, and what was answered."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models

from gallery.models import Image
from tagging.models.history import TagEvent
from tagging.models.network import ModelVersion
from tagging.models.tags import Tag
from tagging.models.votes import VoteValue


class ReviewKind(models.TextChoices):
    UNCERTAIN = "uncertain", "Near the threshold"
    DIVERSE = "diverse", "Unlike what was asked before"
    SUSPECT = "suspect", "Suspected mistake"
    BLIND = "blind", "Uniform draw"
    GOLD = "gold", "Checked by moderators"
    NAMING = "naming", "Unlike anything learnt"
    # Never asked: the photos of a tag page that the live version finds hardest.
    HARD = "hard", "Hard for the network"


class Stratum(models.TextChoices):
    """Where a pair of photo and tag stood with the live version when it was drawn blindly."""

    NONE = "", "not drawn blindly"
    SHOWN = "shown", "shown"
    OFFERED = "offered", "offered"
    SILENT = "silent", "silent"


class ReviewCandidate(models.Model):
    """A question worth asking somebody. Computed by a job, replaced as a whole."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="review_candidates")
    tag = models.ForeignKey(
        Tag, models.CASCADE, null=True, blank=True, related_name="review_candidates"
    )
    kind = models.CharField(max_length=9, choices=ReviewKind.choices)
    rank = models.PositiveIntegerField("0 is asked first")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["kind", "image", "tag"], name="review_candidate_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["kind", "rank"], name="review_candidate_queue")]

    def __str__(self) -> str:
        return f"{self.kind} {self.rank}: tag {self.tag_id} on photo {self.image_id}"


class ReviewTaskQuerySet(models.QuerySet["ReviewTask"]):
    def open(self) -> Self:
        """Return questions without an answer, the first asked first."""
        return self.filter(value="").order_by("pk")

    def answered(self) -> Self:
        """Return answered questions, the last answer first; a grid was answered in one moment."""
        return self.exclude(value="").order_by("-answered_at", "-pk")

    def about(self, tag: Tag | None) -> Self:
        """Return the questions about this tag, or all of them for none."""
        return self if tag is None else self.filter(tag=tag)


class ReviewTask(models.Model):
    """One question put to one person, and the answer. Gold and blind ones look like the rest."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="review_tasks"
    )
    image = models.ForeignKey(Image, models.CASCADE, related_name="review_tasks")
    tag = models.ForeignKey(Tag, models.CASCADE, null=True, blank=True, related_name="review_tasks")
    kind = models.CharField(max_length=9, choices=ReviewKind.choices)
    version = models.ForeignKey(
        ModelVersion, models.SET_NULL, null=True, blank=True, related_name="review_tasks"
    )
    stratum = models.CharField(max_length=7, choices=Stratum.choices, blank=True)
    truth = models.CharField("what moderators found", max_length=6, blank=True)
    value = models.CharField(max_length=6, choices=VoteValue.choices, blank=True)
    event = models.OneToOneField(
        TagEvent, models.SET_NULL, null=True, blank=True, related_name="review_task"
    )
    asked_at = models.DateTimeField(auto_now_add=True)
    answered_at = models.DateTimeField(null=True, blank=True)

    objects = ReviewTaskQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "image", "tag"], name="review_task_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["person", "answered_at"], name="review_task_of_person"),
            models.Index(fields=["kind", "version"], name="review_task_by_version"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} question {self.pk} to person {self.person_id}"
