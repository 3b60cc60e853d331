"""What happened to tags, and where an absent tag means something: for audit and learning."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from gallery.models import Image, User
from tagging.models.tags import Tag
from tagging.models.votes import TagState, VoteValue


class EventKind(models.TextChoices):
    VOTED = "voted", _("Voted")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected by a moderator")
    REOPENED = "reopened", _("Handed back to the votes")
    IMPORTED = "imported", _("Imported")
    UNDONE = "undone", _("Undone")
    SETTLED = "settled", _("Settled by votes that came of age")


class TagEventQuerySet(models.QuerySet["TagEvent"]):
    def not_undone(self) -> Self:
        """Return what happened and still holds: neither undone nor itself an undo."""
        return self.filter(undone_by=None).exclude(kind=EventKind.UNDONE)

    def decisions(self) -> Self:
        """Return moderators' decisions: what outweighs votes or hands back to them."""
        return self.filter(
            models.Q(kind__in=[EventKind.APPROVED, EventKind.REJECTED, EventKind.REOPENED])
            | models.Q(kind=EventKind.IMPORTED, state_after=TagState.CURATED)
        )

    def reopened_by_merges(self) -> Self:
        """Return where moderators' decisions on two tags contradicted that became one."""
        return self.not_undone().filter(kind=EventKind.REOPENED, source="merge")

    def by(self, person: User) -> Self:
        """Return what this person did."""
        return self.filter(actor=person)

    def between(self, start: datetime, end: datetime) -> Self:
        """Return what happened from `start` up to, not at, `end`."""
        return self.filter(created_at__gte=start, created_at__lt=end)

    def count_by_kind(self) -> dict[str, int]:
        """Return how often each kind of thing happened, in words, the commonest first."""
        counted = self.order_by().values_list("kind").annotate(number=models.Count("pk"))
        return {str(EventKind(kind).label): number for kind, number in counted.order_by("-number")}

    def latest_first(self) -> Self:
        """Return the newest event first; the id decides within one moment."""
        return self.order_by("-pk")


class TagEvent(models.Model):
    """Who did what, when, from where: for undo, audit and mass revert. Never edited."""

    image = models.ForeignKey(Image, models.CASCADE, related_name="tag_events")
    tag = models.ForeignKey(Tag, models.CASCADE, related_name="events")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    kind = models.CharField(max_length=8, choices=EventKind.choices)
    vote = models.CharField(max_length=6, choices=VoteValue.choices, blank=True)
    vote_before = models.CharField(max_length=6, choices=VoteValue.choices, blank=True)
    state_before = models.CharField(max_length=9, choices=TagState.choices, blank=True)
    state_after = models.CharField(max_length=9, choices=TagState.choices, blank=True)
    was_decided = models.BooleanField("a moderator had decided before", default=False)
    decided_by_before = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    source = models.CharField("page, api, admin or import", max_length=16, default="page")
    undoes = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, related_name="undone_by"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = TagEventQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_decision(self) -> bool:
        """Return whether a moderator (or a curated import) decided here, votes aside."""
        if self.kind == EventKind.IMPORTED:
            return self.state_after == TagState.CURATED
        return self.kind in {EventKind.APPROVED, EventKind.REJECTED, EventKind.REOPENED}


class TagChangeKind(models.TextChoices):
    RENAMED = "renamed", "Renamed"
    MERGED = "merged", "Merged into another"
    ALIASED = "aliased", "Given another name"
    UNALIASED = "unaliased", "Another name taken away"
    DESCRIBED = "described", "Described"
    BLOCKED = "blocked", "Blocked"
    UNBLOCKED = "unblocked", "Unblocked"
    SILENCED = "silenced", "Never shown by machine"
    UNSILENCED = "unsilenced", "May be shown by machine"
    PARENTED = "parented", "Parents set"


class TagChange(models.Model):
    """What a moderator did to a word itself: who, what, when, and enough to undo it."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="changes")
    other = models.ForeignKey(
        Tag, models.CASCADE, null=True, blank=True, related_name="+", help_text="Merged into it."
    )
    kind = models.CharField(max_length=10, choices=TagChangeKind.choices)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    moved = models.JSONField("rows that a merge moved", default=dict)
    created_at = models.DateTimeField(auto_now_add=True)
    undone_at = models.DateTimeField(null=True, blank=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} at {self.created_at:%Y-%m-%d %H:%M}"


class ClosedWorld(models.Model):
    """An import in which every photo was sorted into one of these tags.

    So each photo is a known negative for the world's other tags; an absent tag elsewhere is not.
    """

    name = models.CharField(max_length=255)
    tags = models.ManyToManyField(Tag, related_name="closed_worlds")
    images = models.ManyToManyField(Image, related_name="closed_worlds")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class FullyTagged(models.Model):
    """A moderator's word that whatever the photo shows is said on it, so that the rest is absent.

    It speaks of the tags that existed when it was given: nobody can have thought of later ones.
    """

    image = models.OneToOneField(Image, models.CASCADE, related_name="fully_tagged")
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+"
    )
    marked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        verbose_name_plural = "fully tagged photos"

    def __str__(self) -> str:
        return f"photo {self.image_id}, fully tagged"
