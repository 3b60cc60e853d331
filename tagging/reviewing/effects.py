"""What a person has done here: today, last of all, and what the next version made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from django.db.models import Count, QuerySet
from django.utils import timezone

from gallery.models import User
from tagging.models import (
    EventKind,
    ModelVersion,
    ReviewTask,
    Tag,
    TagEvent,
    VoteValue,
)
from tagging.registry import live_promotion

# Ten minutes of answers: within reach on most days, and something to have done.
DAILY_GOAL: Final = 50
# News of a version is news for so long.
NEWS: Final = timedelta(days=14)
MOST_EFFECTS: Final = 3
UNDO_WITHIN: Final = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """How many questions a person has answered since midnight, where the site is."""

    answered: int
    goal: int = DAILY_GOAL

    @property
    def is_reached(self) -> bool:
        """Return whether the goal of the day is reached."""
        return self.answered >= self.goal


@dataclass(frozen=True)
class Deed:
    """What "undo" would take back: one answer, or a grid, whose answers share their moment."""

    last: ReviewTask
    answers: int

    @property
    def tasks(self) -> QuerySet[ReviewTask]:
        """Return every question that was answered in this deed."""
        return ReviewTask.objects.filter(
            person_id=self.last.person_id, answered_at=self.last.answered_at
        )

    def __str__(self) -> str:
        name = f"“{self.last.tag.name}”" if self.last.tag else ""
        if self.answers > 1:
            return f"You answered {self.answers} photos on {name}."
        if name:
            return f"You said {self.last.get_value_display().lower()} to {name}."
        if self.last.event:
            return f"You named it “{self.last.event.tag.name}”."
        return "You passed a photo over."


@dataclass(frozen=True)
class Effect:
    """What a version knows of one tag after a person answered about it. F1 from 0 to 1.

    `before` is what the version before it reached on the same test photos, None where it did not
    know the tag.
    """

    tag: str
    answers: int
    before: float | None
    after: float
    version: int

    def __str__(self) -> str:
        answers = "answer" if self.answers == 1 else "answers"
        yours = f"Your {self.answers} {answers} on {self.tag}"
        if self.before is None:
            return f"{yours}: learnt in version {self.version}, F1 {_percent(self.after)}."
        change = f"F1 {_percent(self.before)} → {_percent(self.after)}"
        return f"{yours}: {change} in version {self.version}."


def day_of(person: User) -> Day:
    """Return how far this person is today."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    answered = ReviewTask.objects.filter(person=person, answered_at__gte=midnight)
    return Day(answered=answered.count())


def last_deed(person: User, tag: Tag | None = None) -> Deed | None:
    """Return what the person did last, on this tag or on any; None where it is too long ago."""
    recent = ReviewTask.objects.filter(person=person, answered_at__gte=timezone.now() - UNDO_WITHIN)
    last = recent.answered().about(tag).select_related("tag", "event__tag").first()
    if last is None:
        return None
    deed = Deed(last, answers=1)
    return replace(deed, answers=deed.tasks.count())


def effects_of(person: User, version: ModelVersion) -> list[Effect]:
    """Return what became of this person's answers in this version, the most answered tag first.

    Counted are photos whose tag the person voted yes or no, on whatever page, after the version
    it was compared with was made and before it was made itself. Votes that were taken back, and
    those of an import, do not count. At most three tags; none for a version without figures.
    """
    figures = version.metrics.get("per_tag", {})
    if not figures:
        return []
    told = version.metrics.get("live", {})
    votes = TagEvent.objects.not_undone().filter(
        actor=person,
        kind=EventKind.VOTED,
        vote__in=[VoteValue.YES, VoteValue.NO],
        created_at__gt=_made_at(told.get("version")),
        created_at__lte=version.created_at,
    )
    counted = (
        votes.order_by().values_list("tag__name").annotate(photos=Count("image", distinct=True))
    )
    earlier = told.get("per_tag", {})
    effects = [
        Effect(
            tag=name,
            answers=photos,
            # Of a tag that it did not know a version gets nothing right, which is no figure.
            before=earlier.get(name, {}).get("f1") or None,
            after=figures[name]["f1"],
            version=version.number,
        )
        for name, photos in counted
        if figures.get(name, {}).get("f1") is not None
    ]
    return sorted(effects, key=lambda each: (-each.answers, each.tag))[:MOST_EFFECTS]


def recent_effects(person: User) -> list[Effect]:
    """Return what became of this person's answers in the live version while that is news."""
    promotion = live_promotion()
    if promotion is None or promotion.created_at < timezone.now() - NEWS:
        return []
    return effects_of(person, promotion.version)


def _made_at(number: int | None) -> datetime:
    """Return when the version of this number was made; the beginning of time for version 0."""
    made = ModelVersion.objects.filter(number=number or 0).exclude(number=0)
    return made.values_list("created_at", flat=True).first() or datetime(1970, 1, 1, tzinfo=UTC)


def _percent(share: float) -> str:
    return f"{round(share * 100)} %"
