"""What people keep of their searches, and what they decided about photos that look alike."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.models import Image


class SavedSearch(models.Model):
    """A question that a person asks again and again, under a name of their own."""

    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_searches"
    )
    name = models.CharField(_("name"), max_length=100)
    # The query string of the search page, such as `q=tag%3Aheron&sort=likes`.
    address = models.CharField(max_length=2000)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["person", "name"], name="saved_search_once"),
        ]

    def __str__(self) -> str:
        return self.name


class TwinDecision(models.TextChoices):
    """What a person decided about two photos of theirs that look alike."""

    KEEP_BOTH = "keep", _("Both stay")
    MERGE = "merge", _("One was merged into the other")


class TwinChoice(models.Model):
    """A decision about two near-duplicates of one owner, with what is needed to undo it."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="twin_choices")
    kept = models.ForeignKey(Image, models.CASCADE, related_name="+")
    other = models.ForeignKey(Image, models.CASCADE, related_name="+")
    decision = models.CharField(max_length=8, choices=TwinDecision.choices)
    # What a merge gave to the photo that was kept: tags, places in albums, words.
    given = models.JSONField(default=dict)
    decided_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-pk"]
        indexes: ClassVar = [models.Index(fields=["owner", "-id"], name="twin_choice_of_owner")]

    def __str__(self) -> str:
        return f"{self.kept_id} and {self.other_id}: {self.decision}"


class PhotoWord(models.Model):
    """A word of a photo's title, description or alternative text, for finding it quickly.

    Kept in line by `tagging.services.photo_words`. Full text search differs between databases,
    and a search through all texts takes longer than a page may.
    """

    image = models.ForeignKey(Image, models.CASCADE, related_name="words")
    word = models.CharField(max_length=64)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["word", "image"], name="photo_word_once"),
        ]

    def __str__(self) -> str:
        return f"{self.word} of photo {self.image_id}"
