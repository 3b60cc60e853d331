"""What happens once in the life of a site."""

from __future__ import annotations

from django.db import models


class Milestone(models.Model):
    """Something that happens once in the life of a site and is remembered for ever."""

    class Name(models.TextChoices):
        SAMPLES_ADDED = "samples_added", "Sample photos were added on the first start"

    name = models.CharField(max_length=32, choices=Name.choices, unique=True)
    reached_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.get_name_display()
