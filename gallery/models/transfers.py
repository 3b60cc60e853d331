"""A person's whole account as one file: taken out, and brought in again."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Final
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gallery.storage import transfers_directory


class TransferState(models.TextChoices):
    """How far a takeout or an import is."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")


UNDER_WAY: Final = (TransferState.WAITING, TransferState.RUNNING)


class Transfer(models.Model):
    """What a takeout and an import have in common: a job with progress and a file."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    state = models.CharField(
        max_length=8, choices=TransferState.choices, default=TransferState.WAITING
    )
    done = models.PositiveIntegerField("photos done", default=0)
    total = models.PositiveIntegerField("photos in all", default=0)
    byte_size = models.PositiveBigIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    # Who does the work now; a job that finds another ticket stops.
    ticket = models.CharField(max_length=32, blank=True)
    asked_at = models.DateTimeField(auto_now_add=True)
    seen_at = models.DateTimeField("last sign of life", null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        abstract = True

    @property
    def is_under_way(self) -> bool:
        """Return whether it waits or runs."""
        return self.state in UNDER_WAY

    @property
    def path(self) -> Path:
        """Return where its file lies."""
        return transfers_directory() / f"{self.pk.hex}.zip"


class Takeout(Transfer):
    """Everything of one person in one file; one at a time for each person."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="takeouts")

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state__in=["waiting", "running"]),
                name="takeout_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Takeout of {self.person}"


class TakeoutImport(Transfer):
    """A takeout that is brought in again, here or elsewhere."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="takeout_imports"
    )
    # What became of it, in numbers: photos that came in, were here already, could not be read.
    report = models.JSONField(default=dict)

    class Meta:
        ordering: ClassVar = ["-asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(state__in=["waiting", "running"]),
                name="takeout_import_one_at_a_time",
            ),
        ]

    def __str__(self) -> str:
        return f"Import of a takeout by {self.person}"
