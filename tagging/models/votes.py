"""What people say of photos: their votes, and the state that follows from them."""

from __future__ import annotations

from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from gallery.models import Image
from tagging.models.tags import Tag


class VoteValue(models.TextChoices):
    YES = "yes", _("Yes")
    NO = "no", _("No")
    UNSURE = "unsure", _("Not sure")


class VoteQuerySet(models.QuerySet["Vote"]):
    def current(self) -> Self:
        """Return each person's present vote; earlier ones are history."""
        return self.filter(replaced_at=None)


class Vote(models.Model):
    """What one person says of one tag on one photo. One is current, older ones are kept."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="votes")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="votes")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tag_votes")
    value = models.CharField(max_length=6, choices=VoteValue.choices)
    created_at = models.DateTimeField(auto_now_add=True)
    replaced_at = models.DateTimeField(null=True, blank=True)
    counted_at = models.DateTimeField(
        "came of age", null=True, blank=True, help_text="Since when it counts, where votes age."
    )

    objects = VoteQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["person", "image", "tag"],
                condition=models.Q(replaced_at=None),
                name="one_current_vote",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at"],
                condition=models.Q(replaced_at=None, counted_at=None),
                name="vote_not_of_age",
            ),
            # Whether anybody spoke of a pair: by the tag alone, a common one has half of all votes.
            models.Index(
                fields=["image", "tag"],
                condition=models.Q(replaced_at=None),
                name="vote_on_pair",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.value} by person {self.person_id}"


class TagState(models.TextChoices):
    PENDING = "pending", _("Pending")
    CONFIRMED = "confirmed", _("Confirmed")
    CURATED = "curated", _("Curated")
    REJECTED = "rejected", _("Rejected")


class ImageTagQuerySet(models.QuerySet["ImageTag"]):
    def shown(self) -> Self:
        """Return the tags that people see on a photo: everything but rejections."""
        return self.exclude(state=TagState.REJECTED).filter(tag__is_blocked=False)

    def awaiting_approval(self) -> Self:
        """Return what moderators still have to look at."""
        return self.on_present_photos().filter(state__in=[TagState.PENDING, TagState.CONFIRMED])

    def on_present_photos(self) -> Self:
        """Return tags of photos that are not in the trash."""
        return self.filter(image__deleted_at=None)

    def decided(self) -> Self:
        """Return what a moderator decided, even if the moderator's account is gone."""
        return self.filter(models.Q(decided_by__isnull=False) | models.Q(is_double_checked=True))

    def curated(self) -> Self:
        """Return what the network may learn as present."""
        return self.filter(state=TagState.CURATED)

    def rejected(self) -> Self:
        """Return what the network may learn as absent."""
        return self.filter(state=TagState.REJECTED)

    def with_conflict(self) -> Self:
        """Return tags with `is_in_conflict`: another upload of the same bytes says the contrary.

        Only decisions can contradict each other: curated here and rejected there, or the reverse.
        """
        contrary = models.Case(
            models.When(state=TagState.CURATED, then=models.Value(TagState.REJECTED)),
            models.When(state=TagState.REJECTED, then=models.Value(TagState.CURATED)),
            default=models.Value(""),
        )
        others = ImageTag.objects.filter(
            tag_id=models.OuterRef("tag_id"),
            image__sha256=models.OuterRef("image__sha256"),
            image__deleted_at=None,
            state=models.OuterRef("contrary_state"),
        )
        return self.alias(contrary_state=contrary).annotate(is_in_conflict=models.Exists(others))

    def with_evidence(self) -> Self:
        """Return tags with the current votes (`yes`, `no`) and the network's `score`, if any."""
        from tagging.models.network import Suggestion

        pair = {"image_id": models.OuterRef("image_id"), "tag_id": models.OuterRef("tag_id")}
        votes = Vote.objects.current().filter(**pair).order_by().values("tag_id")
        counts = {
            value: votes.filter(value=value).annotate(number=models.Count("pk")).values("number")
            for value in (VoteValue.YES, VoteValue.NO)
        }
        return self.annotate(
            yes=Coalesce(models.Subquery(counts[VoteValue.YES]), 0),
            no=Coalesce(models.Subquery(counts[VoteValue.NO]), 0),
            score=models.Subquery(Suggestion.objects.filter(**pair).values("score")[:1]),
        )


class ImageTag(models.Model):
    """The present state of one tag on one photo, derived from votes and moderators.

    A rejected row stays: it is a negative to learn from, and no later model brings the tag back.
    """

    image = models.ForeignKey(Image, models.CASCADE, related_name="image_tags")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="image_tags")
    state = models.CharField(max_length=9, choices=TagState.choices, default=TagState.PENDING)
    is_double_checked = models.BooleanField("double-checked", default=False)
    is_escalated = models.BooleanField(
        "votes do not agree",
        default=False,
        help_text="Many votes and no agreement: moderators decide.",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The moderator whose decision outweighs the votes.",
    )
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)

    # Filled only by `with_conflict` and `with_evidence`.
    is_in_conflict: bool
    yes: int
    no: int
    score: float | None

    objects = ImageTagQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["image", "tag"], name="image_tag_once"),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "changed_at"], name="image_tag_queue"),
            # With the photo, so that gathering those of a tag reads no row.
            models.Index(fields=["tag", "state", "image"], name="image_tag_of_tag"),
        ]

    def __str__(self) -> str:
        return f"{self.tag} on photo {self.image_id} ({self.state})"

    @property
    def is_decided(self) -> bool:
        """Return whether a moderator's decision holds, even if the moderator's account is gone."""
        return self.decided_by_id is not None or self.is_double_checked
