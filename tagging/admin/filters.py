"""What the moderators' queue can be narrowed to."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.db.models import Count, QuerySet
from django.http import HttpRequest

from tagging.models import ImageTag, TagState

ALL = "all"
MOST_CHOICES = 30


class StateFilter(admin.SimpleListFilter):
    """The state; without a choice, what still awaits approval.

    Contradictions are between decisions, so looking for them shows every state.
    """

    title = "state"
    parameter_name = "state"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return every state, and all of them."""
        return [*((str(value), str(label)) for value, label in TagState.choices), (ALL, "All")]

    def choices(self, changelist: ChangeList) -> Any:
        """Return the links, the default named for what it shows."""
        links = list(super().choices(changelist))
        links[0]["display"] = "Awaiting approval"
        return iter(links)

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen state."""
        value = self.value()
        if value is None and "conflict" in request.GET:
            return queryset
        if value is None:
            return queryset.filter(state__in=[TagState.PENDING, TagState.CONFIRMED])
        return queryset if value == ALL else queryset.filter(state=value)


class MarkFilter(admin.SimpleListFilter):
    """One choice: the rows that bear a mark, which is the name of a true-or-false field."""

    mark = ""
    label = ""

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return the one choice."""
        return [("yes", self.label)]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep rows with the mark, once it is chosen."""
        return queryset.filter(**{self.mark: True}) if self.value() else queryset


class ConflictFilter(MarkFilter):
    """Same bytes, contrary decisions."""

    title = "contradiction"
    parameter_name = "conflict"
    mark = "is_in_conflict"
    label = "Decided differently on the same file"


class EscalatedFilter(MarkFilter):
    """Many votes and no agreement: what only moderators can settle."""

    title = "agreement"
    parameter_name = "escalated"
    mark = "is_escalated"
    label = "Votes do not agree"


class SuggestedFilter(admin.SimpleListFilter):
    """Whether the network says the same."""

    title = "network"
    parameter_name = "suggested"

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return the two answers."""
        return [("yes", "Suggests it too"), ("no", "Does not suggest it")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep rows with or without a suggestion."""
        if self.value() not in {"yes", "no"}:
            return queryset
        return queryset.filter(score__isnull=self.value() == "no")


class QueueFilter(admin.SimpleListFilter):
    """The commonest values among what awaits approval; everything else is found by searching."""

    field = ""
    label = ""

    def lookups(
        self, request: HttpRequest, model_admin: admin.ModelAdmin[Any]
    ) -> list[tuple[str, str]]:
        """Return the commonest values with their numbers."""
        waiting = ImageTag.objects.awaiting_approval().values_list(self.field, self.label)
        counted = waiting.annotate(number=Count("pk")).order_by("-number", self.label)
        return [(str(key), f"{label} ({number})") for key, label, number in counted[:MOST_CHOICES]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Keep the chosen value; an impossible one leaves nothing."""
        value = self.value()
        if value is None:
            return queryset
        if not (value.isascii() and value.isdigit()):
            return queryset.none()
        return queryset.filter(**{self.field: int(value[:18])})


class TagFilter(QueueFilter):
    title = "tag"
    parameter_name = "of_tag"
    field = "tag_id"
    label = "tag__name"


class OwnerFilter(QueueFilter):
    title = "owner of the photo"
    parameter_name = "of_owner"
    field = "image__owner_id"
    label = "image__owner__username"
