"""What the network is and says: versions, which one is live, and its suggestions."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from gallery.models import Image
from tagging.models.tags import Tag
from tagging.models.votes import ImageTag

BOOTSTRAP_NUMBER = 0


class VersionState(models.TextChoices):
    CANDIDATE = "candidate", _("Candidate")
    REFUSED = "refused", _("Refused by the gate")
    PROMOTED = "promoted", _("Has been live")
    DAMAGED = "damaged", _("Damaged: refused to load")


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def newest(self) -> Self:
        """Return the highest number first."""
        return self.order_by("-number")

    def bootstrap(self) -> ModelVersion:
        """Return version 0, the backbone's own ImageNet head; created when first asked for."""
        version, _ = self.get_or_create(
            number=BOOTSTRAP_NUMBER,
            defaults={"state": VersionState.PROMOTED, "summary": "The backbone's own classes."},
        )
        return version


class ModelVersion(models.Model):
    """One set of weights of the head, immutable once published under `models_store/<number>/`."""

    number = models.PositiveIntegerField(unique=True)
    backbone = models.CharField(
        max_length=32, blank=True, help_text="Empty for version 0: it follows EYES_BACKBONE."
    )
    sha256 = models.CharField("SHA-256 of manifest.json", max_length=64, blank=True)
    state = models.CharField(
        max_length=9, choices=VersionState.choices, default=VersionState.CANDIDATE
    )
    labels = models.JSONField("tags the head knows", default=list)
    metrics = models.JSONField(default=dict)
    summary = models.TextField(blank=True)
    problem = models.TextField(blank=True, help_text="Why it was refused to load, if it was.")
    preview = models.JSONField(
        "what it would change", default=dict, help_text="Which photos gain or lose which tags."
    )
    blind_pairs = models.JSONField(
        "pairs that blind questions are drawn from",
        default=dict,
        help_text="How many were shown, offered and silent while this version was live.",
    )
    pruned_at = models.DateTimeField(
        "files removed", null=True, blank=True, help_text="Its row and figures are kept."
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-number"]

    def __str__(self) -> str:
        return f"version {self.number}"

    @property
    def is_bootstrap(self) -> bool:
        """Return whether this is version 0, which has no files of its own."""
        return self.number == BOOTSTRAP_NUMBER

    @property
    def is_pruned(self) -> bool:
        """Return whether the files were removed, so that it can never be live again."""
        return self.pruned_at is not None

    @property
    def serving_backbone(self) -> str:
        """Return the key of the backbone whose embeddings this version reads."""
        return self.backbone or settings.EYES_BACKBONE

    @property
    def directory(self) -> Path:
        """Return the folder of the published files."""
        return Path(settings.EYES_MODELS_STORE) / str(self.number)


class Promotion(models.Model):
    """One swap. The newest row names the live version; rolling back adds a row as well."""

    version = models.ForeignKey(ModelVersion, models.PROTECT, related_name="promotions")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    reason = models.TextField(blank=True)
    is_rollback = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"promotion {self.pk} of version {self.version_id}"


class SuggestionQuerySet(models.QuerySet["Suggestion"]):
    def open(self) -> Self:
        """Return suggestions that nobody has answered yet, without tags that must not show."""
        answered = ImageTag.objects.filter(
            image_id=models.OuterRef("image_id"), tag_id=models.OuterRef("tag_id")
        )
        return self.filter(
            ~models.Exists(answered), tag__is_blocked=False, tag__never_show=False
        ).order_by("-score", "tag__name")

    def shown(self) -> Self:
        """Return suggestions that a photo page prints, the most certain first."""
        return self.filter(is_shown=True, tag__is_blocked=False).order_by("-score", "tag__name")


class Suggestion(models.Model):
    """What the network says of one photo. Replaced as a whole when another version speaks."""

    class Source(models.TextChoices):
        TRAINED = "trained", _("learnt here")
        BOOTSTRAP = "bootstrap", _("known from the start")

    image = models.ForeignKey(Image, models.CASCADE, related_name="suggestions")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="suggestions")
    version = models.ForeignKey(ModelVersion, models.CASCADE, related_name="suggestions")
    score = models.FloatField("probability, 0 to 1")
    is_shown = models.BooleanField("certain enough to be shown", default=True)
    source = models.CharField(max_length=9, choices=Source.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = SuggestionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "tag"], name="suggestion_once"),
        ]
        indexes: ClassVar = [models.Index(fields=["tag", "-score"], name="suggestion_by_tag")]

    def __str__(self) -> str:
        return f"suggestion {self.pk} ({self.score:.0%})"
