"""What a person has done here: today, and last of all."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.models import User
from tagging.models import ReviewTask, Tag, VoteValue

# Ten minutes of answers: within reach on most days, and something to have done.
DAILY_GOAL: Final = 50
UNDO_WITHIN: Final = timedelta(days=1)
SAID: Final = {
    VoteValue.YES: gettext_lazy("You said yes to “%(tag)s”."),
    VoteValue.NO: gettext_lazy("You said no to “%(tag)s”."),
    VoteValue.UNSURE: gettext_lazy("You said not sure to “%(tag)s”."),
}


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
        tag = self.last.tag
        if tag and self.answers > 1:
            told = _("You answered %(photos)d photos on “%(tag)s”.")
            return told % {"photos": self.answers, "tag": tag.name}
        if tag:
            return str(SAID[VoteValue(self.last.value)]) % {"tag": tag.name}
        if self.last.event:
            return _("You named it “%(tag)s”.") % {"tag": self.last.event.tag.name}
        return _("You passed a photo over.")


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
