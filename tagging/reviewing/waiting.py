"""Which tags wait for answers, for people who like one tag at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Count, QuerySet

from gallery.models import User
from tagging.models import ReviewCandidate, ReviewKind, Suggestion, Tag
from tagging.reviewing.sources import Asker, askable, unsettled

MOST_TAGS: Final = 60


@dataclass(frozen=True)
class WaitingTag:
    """A tag and how many questions about it this person could answer now."""

    tag: Tag
    questions: int


def tags_waiting(person: User) -> list[WaitingTag]:
    """Return the tags with most questions in the queue, at most sixty.

    The queue is small. Before it was ever filled, on a new site, suggestions are counted instead.
    """
    asker = Asker.of(person)
    kinds = [ReviewKind.UNCERTAIN, ReviewKind.DIVERSE]
    queue = ReviewCandidate.objects.filter(kind__in=kinds)
    rows: list[QuerySet[Any]] = [queue]
    if not queue.exists():
        rows = [Suggestion.objects.filter(is_shown=True), Suggestion.objects.all()]
    for waiting in rows:
        counted = (
            askable(unsettled(waiting), asker)
            .order_by()
            .values_list("tag_id")
            .annotate(questions=Count("image", distinct=True))
            .order_by("-questions", "tag_id")[:MOST_TAGS]
        )
        questions = dict(counted)
        if questions:
            tags = Tag.objects.in_bulk(questions)
            return [WaitingTag(tags[pk], number) for pk, number in questions.items()]
    return []
