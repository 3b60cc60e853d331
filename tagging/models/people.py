"""What is known of voters: where accounts meet, and nothing that names a place."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone


class SightingQuerySet(models.QuerySet["Sighting"]):
    def of_people(self, people: Collection[int]) -> dict[int, list[tuple[str, datetime]]]:
        """Return by person where these people were seen, and when, in one query.

        Only marks at which at least two of them were seen: the others tell nothing.
        """
        of_them = self.filter(person_id__in=people)
        shared = (
            of_them.values("mark")
            .annotate(people=models.Count("person", distinct=True))
            .filter(people__gt=1)
            .values("mark")
        )
        seen: defaultdict[int, list[tuple[str, datetime]]] = defaultdict(list)
        for person_id, mark, hour in of_them.filter(mark__in=shared).values_list(
            "person_id", "mark", "hour"
        ):
            seen[person_id].append((mark, hour))
        return seen

    def outdated(self, kept: timedelta) -> models.QuerySet[Sighting]:
        """Return what is older than this, and what a clock that was wrong put into the future."""
        now = timezone.now()
        return self.filter(
            models.Q(hour__lt=now - kept) | models.Q(hour__gt=now + timedelta(hours=1))
        )


class Sighting(models.Model):
    """A person was seen on this network or device in this hour.

    The mark is a keyed hash: two sightings can be compared, an address cannot be read from one.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sightings")
    mark = models.CharField("keyed hash of a network or device", max_length=32)
    hour = models.DateTimeField()

    objects = SightingQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "mark", "hour"], name="sighting_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["mark", "hour"], name="sighting_by_mark"),
            models.Index(fields=["hour"], name="sighting_by_hour"),
        ]

    def __str__(self) -> str:
        return f"person {self.person_id} at {self.hour:%Y-%m-%d %H}h"
