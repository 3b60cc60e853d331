"""What is known of voters: where accounts meet, and nothing that names a place."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models


class Sighting(models.Model):
    """A person was seen on this network or device in this hour.

    The mark is a keyed hash: two sightings can be compared, an address cannot be read from one.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sightings")
    mark = models.CharField("keyed hash of a network or device", max_length=32)
    hour = models.DateTimeField()

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
