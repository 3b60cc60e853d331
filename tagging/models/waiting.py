"""What waits for the network, and the processes in which it runs."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone

from gallery.models import Image
from tagging.processes import gone

# A worker says that often that it is there; one that was silent for three times as long is not.
SEEN_EVERY = timedelta(seconds=30)
FORGOTTEN_AFTER = timedelta(hours=1)


class TaggingRequestQuerySet(models.QuerySet["TaggingRequest"]):
    def waiting(self) -> Self:
        """Return the photos that nobody has tagged since they asked."""
        return self.filter(is_done=False)

    def free(self, gone: Collection[str] = ()) -> Self:
        """Return those that no worker holds: never taken, held too long, or by one that is gone.

        Nobody takes a photo for longer than a job may last: what is held until later than that was
        taken before the clock was set back.
        """
        now = timezone.now()
        late = models.Q(taken_until__lt=now)
        # Twice as long, since clocks of two machines may differ.
        longest = timedelta(seconds=2 * settings.EYES_JOB_TIMEOUT)
        before = models.Q(taken_until__gt=now + longest)
        return self.filter(models.Q(taken_until=None) | late | before | models.Q(taken_by__in=gone))


class TaggingRequest(models.Model):
    """A photo that asked for the network's word, and what has become of that.

    Every request has a job of its own, and whichever job comes first takes other photos along.
    One that was taken along is kept as done until its own job comes, which then ends at once;
    without a row a job tags its photo, so that a lost row costs work and never a photo.
    """

    image = models.OneToOneField(
        Image, models.CASCADE, primary_key=True, related_name="tagging_request"
    )
    asked_at = models.DateTimeField(default=timezone.now)
    taken_by = models.CharField("the take that holds it", max_length=120, blank=True)
    taken_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField("how often it was taken", default=0)
    is_done = models.BooleanField(default=False)

    objects = TaggingRequestQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            models.Index(
                fields=["asked_at"],
                condition=models.Q(is_done=False),
                name="tagging_request_waiting",
            )
        ]

    def __str__(self) -> str:
        return f"photo {self.image_id}, {'done' if self.is_done else 'waiting'}"


class NetworkState(models.TextChoices):
    UNLOADED = "unloaded", "not in memory; it loads with the next photo"
    LOADING = "loading", "loading"
    READY = "ready", "ready"


class TaggingWorkerQuerySet(models.QuerySet["TaggingWorker"]):
    def present(self) -> list[TaggingWorker]:
        """Return the workers that are there as far as one can tell from here.

        One that was last seen in the future spoke before the clock was set back.
        """
        now, silence = timezone.now(), 3 * SEEN_EVERY
        recent = list(self.filter(seen_at__gt=now - silence, seen_at__lt=now + silence))
        ended = set(gone(worker.process for worker in recent))
        return [worker for worker in recent if worker.process not in ended]

    def remove_ended(self) -> None:
        """Remove the rows of processes that have ended."""
        ended = gone(self.values_list("process", flat=True))
        now = timezone.now()
        old = ~models.Q(seen_at__range=(now - FORGOTTEN_AFTER, now + FORGOTTEN_AFTER))
        self.filter(models.Q(process__in=ended) | old).delete()


class TaggingWorker(models.Model):
    """A process that tags, and whether the network is in its memory, in its own words.

    The row is written when the state changes and twice a minute beside that. One whose process
    was killed is recognised by its age, on the same machine at once, and removed by the next
    process that starts.
    """

    process = models.CharField("host and number of the process", max_length=100, unique=True)
    state = models.CharField(
        max_length=8, choices=NetworkState.choices, default=NetworkState.UNLOADED
    )
    backbone = models.CharField(max_length=32, blank=True)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = TaggingWorkerQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.process}: {self.get_state_display()}"
