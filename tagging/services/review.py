"""Answers on the review page: each becomes a vote, and each can be taken back."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from gallery.models import Image, User
from tagging.models import ImageTag, ReviewKind, ReviewTask, Tag, TagEvent, TagState, VoteValue
from tagging.reviewing.deeds import last_deed
from tagging.reviewing.sources import UNSEEN, Asker, why_lapsed
from tagging.services.ballots import lock_image, lock_images
from tagging.services.votes import NothingToUndoError, add_tag, cast_vote, undo_event
from tagging.services.word_lock import keep_words

SOURCE: Final = "review"
GONE: Final = gettext_lazy("That photo is gone, so the question was passed over.")

_CONTRARY = {TagState.CURATED: VoteValue.NO, TagState.REJECTED: VoteValue.YES}


class QuestionLapsed(ValueError):
    """The question cannot be answered any more; the message tells a person why."""


class NotYourQuestion(LookupError):
    """The question was put to somebody else."""


@dataclass(frozen=True)
class GridDeed:
    """What one grid came to: photos answered, how many of them with no, and passed over."""

    answered: int
    refused: int
    passed: int


def answer_question(*, person: User, task_id: int, value: str) -> ReviewTask:
    """Store the answer (yes, no, unsure), cast it as a vote, and return the question.

    Answering what is answered changes nothing. A photo that wants a name takes only "unsure",
    which passes it over. Raises ValueError for another value, NotYourQuestion for somebody
    else's, and QuestionLapsed where the photo or the tag cannot be asked about any more.
    """
    if value not in VoteValue.values:
        raise ValueError(f"An answer is one of {', '.join(VoteValue.values)}, not “{value}”.")
    task = _own_question(person, task_id)
    if task.tag is None and value != VoteValue.UNSURE:
        raise ValueError(_("This question wants a word, or to be passed over."))
    with _dropped_if_lapsed(task, person), transaction.atomic():
        image = lock_image(image_id=task.image_id, viewer=person)
        if _claim(task, value, timezone.now()):
            _vote(task, image)
    return task


def name_photo(*, person: User, task_id: int, name: str) -> ImageTag | None:
    """Say what a photo shows that is like nothing learnt; return the tag on it.

    None where the question was answered before. Raises what `add_tag` raises for a word that
    cannot be used, and otherwise what `answer_question` raises.
    """
    task = _own_question(person, task_id)
    if task.tag is not None:
        raise ValueError(_("This question wants a yes or a no, not a word."))
    with _dropped_if_lapsed(task, person), transaction.atomic():
        image = lock_image(image_id=task.image_id, viewer=person)
        if not _claim(task, VoteValue.YES, timezone.now()):
            return None
        mine = TagEvent.objects.filter(actor=person, image=image).latest_first()
        before = mine.values_list("pk", flat=True).first() or 0
        row = add_tag(person=person, image=image, name=name, source=SOURCE)
        task.event = mine.filter(pk__gt=before).first()
        task.save(update_fields=["event"])
    return row


def answer_grid(
    *, person: User, task_ids: Collection[int], refused_ids: Collection[int]
) -> GridDeed:
    """Answer a screen of questions in one deed: no to the refused ones, yes to the others.

    All share one moment, by which they are undone together. Questions that lapsed or are answered
    are passed over. Raises NotYourQuestion, before anything is written, where one is somebody
    else's or wants a word.
    """
    asker, moment, refused = Asker.of(person), timezone.now(), set(refused_ids)
    answered = []
    with transaction.atomic():
        # From this look at the tags to the votes none of them is blocked or merged.
        keep_words()
        chosen = ReviewTask.objects.filter(pk__in=set(task_ids)).select_related("tag__alias_of")
        tasks = list(chosen.order_by("image_id"))
        if any(task.person_id != person.pk or task.tag is None for task in tasks):
            raise NotYourQuestion("One of these questions was put to somebody else.")
        images = lock_images(task.image_id for task in tasks)
        for task in tasks:
            if task.image_id not in images:
                continue
            task.person, task.image = person, images[task.image_id]
            value = VoteValue.NO if task.pk in refused else VoteValue.YES
            if not why_lapsed(task, asker) and _claim(task, value, moment):
                _vote(task, task.image)
                answered.append(task)
    return GridDeed(
        answered=len(answered),
        refused=sum(task.pk in refused for task in answered),
        passed=len(set(task_ids)) - len(answered),
    )


def undo_last_answer(*, person: User, tag: Tag | None = None) -> list[ReviewTask]:
    """Take the last answer back, a whole grid where it was one, and return what is open again.

    Of a grid, photos whose votes have changed since are passed over. Raises NothingToUndoError
    where nothing of the last day can be undone.
    """
    last = last_deed(person, tag)
    if last is None:
        raise NothingToUndoError(_("There is no answer of the last day to undo."))
    tasks = list(last.tasks.select_related("tag", "event").order_by("image_id"))
    reopened, problem = [], ""
    with transaction.atomic():
        lock_images(task.image_id for task in tasks)
        for task in tasks:
            try:
                if task.event is not None:
                    undo_event(person=person, event=task.event, source=SOURCE)
            except NothingToUndoError as error:
                problem = str(error)
            except Image.DoesNotExist:
                problem = str(UNSEEN)
            else:
                _reopen(task)
                reopened.append(task)
    if not reopened:
        raise NothingToUndoError(problem)
    return reopened


def _own_question(person: User, task_id: int) -> ReviewTask:
    """Return the question; raise NotYourQuestion, or QuestionLapsed for one that is gone.

    With a photo its questions go, so an id that names nothing is most likely such a one.
    """
    tasks = ReviewTask.objects.select_related("image", "tag__alias_of")
    task = tasks.filter(pk=task_id).first()
    if task is None:
        raise QuestionLapsed(str(GONE))
    if task.person_id != person.pk:
        raise NotYourQuestion("This question was put to somebody else.")
    task.person = person
    return task


@contextmanager
def _dropped_if_lapsed(task: ReviewTask, person: User) -> Iterator[None]:
    """Delete an open question that cannot be answered any more and raise QuestionLapsed."""
    reason = "" if task.value else why_lapsed(task, Asker.of(person))
    try:
        if not reason:
            yield
            return
    except Image.DoesNotExist:
        reason = str(UNSEEN)
    ReviewTask.objects.filter(pk=task.pk, value="").delete()
    raise QuestionLapsed(reason)


def _claim(task: ReviewTask, value: str, moment: datetime) -> bool:
    """Write the answer unless there is one; return whether it was written now.

    The database decides between two tabs that answer at once: one update finds the row open.
    """
    open_one = ReviewTask.objects.filter(pk=task.pk, value="")
    if not open_one.update(value=value, answered_at=moment):
        return False
    task.value, task.answered_at = value, moment
    return True


def _vote(task: ReviewTask, image: Image) -> None:
    """Cast the answer as a vote and remember the event, by which it is undone."""
    if task.tag is None:
        return
    task.event = cast_vote(
        person=task.person, image=image, tag=task.tag, value=task.value, source=SOURCE
    )
    task.save(update_fields=["event"])
    _call_moderators(task)


def _reopen(task: ReviewTask) -> None:
    """Make the question an open one again."""
    task.value, task.answered_at, task.event = "", None, None
    task.save(update_fields=["value", "answered_at", "event"])
    _call_moderators(task)


def _call_moderators(task: ReviewTask) -> None:
    """Mark a decision that somebody finds wrong as the network does, or take the mark away.

    Votes cannot outweigh a decision, so without the mark a suspicion that proves true would end
    in a drawer.
    """
    if task.kind != ReviewKind.SUSPECT or task.tag is None:
        return
    row = ImageTag.objects.filter(image=task.image_id, tag=task.tag).first()
    if row is None or not row.is_decided or row.state not in _CONTRARY:
        return
    doubts = ReviewTask.objects.filter(
        kind=ReviewKind.SUSPECT, image=task.image_id, tag=task.tag,
        value=_CONTRARY[TagState(row.state)],
    )  # fmt: skip
    ImageTag.objects.filter(pk=row.pk).update(is_escalated=doubts.exists())
