"""Datasets, runs, and what they produced."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import Image
from tagging.models import ModelVersion, Tag

# A run that has not given a sign of life for this long was killed; its place is free again.
# The trainer beats every few seconds even inside a long step, from a thread of its own.
HEARTBEAT_LIMIT = timedelta(seconds=60)


class DatasetVersion(models.Model):
    """What was known at one moment, immutable: a sorted manifest and its hash."""

    sha256 = models.CharField("SHA-256 of the manifest", max_length=64, unique=True)
    manifest = models.BinaryField("JSON, gzip without a timestamp")
    photos = models.PositiveIntegerField()
    tags = models.JSONField("learnable tags", default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"dataset {self.pk} ({self.sha256[:12]})"


class RunState(models.TextChoices):
    QUEUED = "queued", _("Waiting")
    RUNNING = "running", _("Running")
    PROMOTED = "promoted", _("Promoted")
    REFUSED = "refused", _("Refused")
    KEPT = "kept", _("Finished, not promoted as asked")
    AWAITING = "awaiting", _("A moderator decides")
    NOTHING = "nothing", _("Nothing to learn from")
    FAILED = "failed", _("Failed")


class TrainingRunQuerySet(models.QuerySet["TrainingRun"]):
    def running(self) -> Self:
        """Return the run that holds the only place, if there is one."""
        return self.filter(state=RunState.RUNNING)

    def waiting(self) -> Self:
        """Return runs that are asked for and not started."""
        return self.filter(state=RunState.QUEUED)

    def open(self) -> Self:
        """Return runs that are running or wait for it."""
        return self.filter(state__in=[RunState.QUEUED, RunState.RUNNING])

    def judged(self) -> Self:
        """Return runs that came to an end of their own, dry ones left out."""
        ended = [
            RunState.PROMOTED,
            RunState.REFUSED,
            RunState.KEPT,
            RunState.AWAITING,
            RunState.NOTHING,
        ]
        # Excluding a true value would exclude rows without the key as well: NULL is not false.
        wet = models.Q(options__dry_run=False) | ~models.Q(options__has_key="dry_run")
        return self.filter(wet, state__in=ended)

    def gave_a_head(self) -> Self:
        """Return ended runs but for those that only found fine-tuning to be no better."""
        return self.judged().exclude(tuning__isnull=False, version=None)

    def silent(self) -> Self:
        """Return running rows whose process no longer gives a sign of life."""
        return self.running().filter(heartbeat_at__lt=timezone.now() - HEARTBEAT_LIMIT)


class TrainingRun(models.Model):
    """One attempt to learn. The database itself allows only one running at a time."""

    state = models.CharField(max_length=8, choices=RunState.choices, default=RunState.QUEUED)
    backbone = models.CharField(max_length=32)
    options = models.JSONField(default=dict)
    step = models.CharField(max_length=40, blank=True)
    progress = models.FloatField("0 to 1", default=0.0)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    process = models.CharField(max_length=200, blank=True, help_text="Which process runs it.")
    dataset = models.ForeignKey(
        DatasetVersion, models.PROTECT, null=True, blank=True, related_name="runs"
    )
    version = models.OneToOneField(
        ModelVersion, models.SET_NULL, null=True, blank=True, related_name="run"
    )
    reason = models.TextField(blank=True)
    report = models.JSONField(default=dict)
    log = models.TextField(blank=True)
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = TrainingRunQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["state"],
                condition=models.Q(state="running"),
                name="one_training_run_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.pk} ({self.get_state_display()})"

    @property
    def is_over(self) -> bool:
        """Return whether nothing more will happen to this run."""
        return self.state not in (RunState.QUEUED, RunState.RUNNING)

    @property
    def percent(self) -> int:
        """Return how far the run is, 0 to 100."""
        return round(self.progress * 100)


class TuningQuerySet(models.QuerySet["Tuning"]):
    def finished(self) -> Self:
        """Return those that came to an end of their own, also where nothing was better."""
        return self.exclude(finished_at=None)

    def counted(self, live: str) -> Self:
        """Return the finished ones whose network was judged, or is the one that serves (`live`).

        Of those whose run failed afterwards nobody knows yet how good they are.
        """
        failed = models.Q(run__state=RunState.FAILED)
        return self.finished().exclude(failed & ~models.Q(backbone=live))

    def with_network(self) -> Self:
        """Return those whose network was brought into the store and is still there."""
        return self.exclude(backbone="").filter(removed_at=None)


class Tuning(models.Model):
    """One fine-tuning: which network learnt from which photos, how it went, what came of it.

    Kept as long as the network may serve: the dataset says whose photos are in it.
    """

    run = models.OneToOneField(TrainingRun, models.CASCADE, related_name="tuning")
    base = models.CharField("the network it started from", max_length=32)
    dataset = models.ForeignKey(DatasetVersion, models.PROTECT, related_name="tunings")
    settings = models.JSONField(default=dict)
    photos = models.PositiveIntegerField("photos that taught it", default=0)
    history = models.JSONField("how it went, a point per line", default=list)
    seconds_left = models.PositiveIntegerField(null=True, blank=True)
    contact_sheet = models.BinaryField("the photos as they teach, JPEG", null=True, blank=True)
    backbone = models.CharField("the network that came of it", max_length=32, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    removed_at = models.DateTimeField("its network's files were removed", null=True, blank=True)

    objects = TuningQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["backbone"], name="tuning_by_backbone")]

    def __str__(self) -> str:
        return f"fine-tuning of run {self.run_id}"

    @property
    def epochs(self) -> int:
        """Return how many whole epochs it has behind it."""
        whole = (point["epoch"] for point in self.history if point["judged_loss"] is not None)
        return max(whole, default=0)


class Canary(models.Model):
    """A photo on which every version has to say, or not to say, one tag before it goes live."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="canaries")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="canaries")
    is_expected = models.BooleanField("has to be shown", default=True)
    note = models.CharField("why it matters", max_length=200, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "canaries"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "tag"], name="canary_once"),
        ]

    def __str__(self) -> str:
        word = "shows" if self.is_expected else "never shows"
        return f"photo {self.image_id} {word} {self.tag}"


class LearningCurve(models.Model):
    """How accuracy grows with curated photos per tag, measured on one dataset's test photos."""

    dataset = models.ForeignKey(DatasetVersion, models.CASCADE, related_name="curves")
    backbone = models.CharField(max_length=32)
    points = models.JSONField(default=list)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"learning curve {self.pk}"


class DriftReading(models.Model):
    """How far one week's scores of new photos are from those the version was judged on."""

    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="drift_readings")
    week = models.DateField("Monday of the week")
    photos = models.PositiveIntegerField()
    stability_index = models.FloatField("population stability index")
    per_tag = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering: ClassVar = ["-week"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "week"], name="drift_once_a_week"),
        ]

    def __str__(self) -> str:
        return f"drift of version {self.version_id} in the week of {self.week}"
