"""What every change of a word shares: who may, what is written down, and what follows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy
from django_q.tasks import async_task

from gallery.models import User
from gallery.moderation import require_moderator
from tagging.hierarchy import CycleError
from tagging.models import Tag, TagChange, TagChangeKind
from tagging.names import TagNameError
from tagging.services.word_lock import hold_words
from tagging.words import current_hierarchy

ORDERING = gettext_lazy("Only moderators order the words.")


class WordRefused(ValueError):
    """The words cannot be ordered in this way; the message tells a moderator why."""


# Everything that ordering words may be refused with, each with a sentence for people.
REFUSALS = (WordRefused, CycleError, TagNameError)


@contextmanager
def ordering(moderator: User, tag: Tag) -> Iterator[Tag]:
    """Open a transaction in which no word changes but by this moderator; yield the tag as it is.

    Raises PermissionDenied where the person is no moderator, and WordRefused for a tag that is
    only another name.
    """
    require_moderator(moderator, ORDERING)
    with hold_words():
        present = Tag.objects.with_meaning().get(pk=tag.pk)
        if present.alias_of is not None:
            raise WordRefused(
                f"“{present.name}” is another name for “{present.alias_of.name}”. Change that tag "
                "instead, or take the name away from it first."
            )
        yield present


def record(
    *,
    moderator: User,
    kind: TagChangeKind,
    tag: Tag,
    before: dict[str, Any],
    after: dict[str, Any],
    other: Tag | None = None,
    moved: dict[str, Any] | None = None,
) -> TagChange:
    """Write down what was done to a word, with enough to undo it."""
    return TagChange.objects.create(
        tag=tag,
        other=other,
        kind=kind,
        actor=moderator,
        before=before,
        after=after,
        moved=moved or {},
    )


def refuse_cycles() -> None:
    """Raise CycleError where the words, as they stand in this transaction, lead in a circle."""
    cycle = current_hierarchy().find_cycle()
    if cycle:
        raise CycleError(cycle)


def retag_once() -> None:
    """Queue one re-tagging of the library, however often this is called in a transaction.

    What the network may say has changed, and it reaches photos that are there with the next pass
    only. The job starts after the commit.
    """
    waiting = [function for _, function, *_ in transaction.get_connection().run_on_commit]
    if _retag not in waiting:
        transaction.on_commit(_retag)


def _retag() -> None:
    async_task("tagging.tasks.retag_library")
