"""What people say about tags on photos: vote, add, withdraw, undo."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils.translation import gettext as _

from gallery.models import Image, User
from tagging.models import EventKind, ImageTag, Tag, TagEvent, TagState, Vote, VoteValue
from tagging.presets import current_policy
from tagging.services.ballots import (
    ask_network_again,
    credit,
    find_row,
    lock_image,
    replace_vote,
    settle,
)
from tagging.services.objections import may_decide
from tagging.services.rows import event_before
from tagging.services.tags import find_or_create_tag, usable_tag
from tagging.services.word_lock import keep_words


class NothingToUndoError(ValueError):
    """The event cannot be undone (any more, or by this person); the message tells why."""


def cast_vote(
    *, person: User, image: Image, tag: Tag, value: str, source: str = "page"
) -> TagEvent | None:
    """Make `value` (yes, no, unsure) this person's vote and return the event.

    None where it already was their vote: pressing twice changes nothing. A yes gives the photo
    the tag; a no on a mere suggestion is kept as a rejection, which the network learns from.
    Raises ValueError for another value, TagBlockedError for a blocked tag and
    Image.DoesNotExist where the person may not see the photo.
    """
    if value not in VoteValue.values:
        raise ValueError(f"A vote is one of {', '.join(VoteValue.values)}, not “{value}”.")
    return _change_vote(person=person, image=image, tag=tag, value=value, source=source)


def add_tag(*, person: User, image: Image, name: str, source: str = "page") -> ImageTag:
    """Say that the photo shows this, in a word of one's own; return the tag on the photo.

    Adding is a yes vote, so adding what is there counts as one more voice, and where a moderator
    rejected the tag it stays rejected. Raises what `find_or_create_tag` and `cast_vote` raise.
    """
    with transaction.atomic():
        keep_words()
        tag = find_or_create_tag(name=name, created_by=person)
        cast_vote(person=person, image=image, tag=tag, value=VoteValue.YES, source=source)
        return ImageTag.objects.select_related("tag").get(image=image, tag=tag)


def withdraw_vote(*, person: User, image: Image, tag: Tag, source: str = "page") -> TagEvent | None:
    """Take one's vote back and return the event, or None where there was none."""
    return _change_vote(person=person, image=image, tag=tag, value="", source=source)


def undo_event(*, person: User, event: TagEvent, source: str = "page") -> TagEvent:
    """Restore what held before the event and return the undo, which is an event itself.

    People undo their own doings, moderators anybody's; but where nobody decides about their own
    photos, nobody undoes decisions there either. Raises PermissionDenied for somebody else's,
    NothingToUndoError where the event no longer holds, and Image.DoesNotExist where the photo may
    not be seen.
    """
    if event.actor_id != person.pk and not person.is_staff:
        raise PermissionDenied(_("Only your own changes can be undone."))
    with transaction.atomic():
        image = lock_image(image_id=event.image_id, viewer=person)
        event = TagEvent.objects.select_related("tag", "actor").get(pk=event.pk)
        _check_still_holds(event)
        _check_own_photo(event, image, person)
        row = find_row(image=image, tag=event.tag)
        pair = (image.pk, event.tag_id)
        undo = event_before(row, pair=pair, kind=EventKind.UNDONE, actor=person, source=source)
        undo.undoes = event
        if event.actor is not None and event.vote != event.vote_before:
            undo.vote, undo.vote_before = event.vote_before, event.vote
            replace_vote(person=event.actor, image=image, tag=event.tag, value=event.vote_before)
        fallback = ""
        if event.is_decision:
            row = row or ImageTag(image=image, tag=event.tag)
            _restore_decision(row, event)
            fallback = TagState.PENDING if event.state_before else ""
        row = settle(image=image, tag=event.tag, row=row, fallback=fallback)
        return _record(undo, row)


def _change_vote(
    *, person: User, image: Image, tag: Tag, value: str, source: str
) -> TagEvent | None:
    """Replace the vote, bring the tag's state in line, write the event; None for no change."""
    with transaction.atomic():
        image = lock_image(image_id=image.pk, viewer=person)
        tag = usable_tag(tag)
        row = find_row(image=image, tag=tag)
        pair = (image.pk, tag.pk)
        event = event_before(row, pair=pair, kind=EventKind.VOTED, actor=person, source=source)
        event.vote_before = replace_vote(person=person, image=image, tag=tag, value=value)
        if event.vote_before == value:
            return None
        event.vote = value
        row = settle(image=image, tag=tag, row=row)
        if value == VoteValue.YES:
            credit(row, person=person)
        return _record(event, row)


def _record(event: TagEvent, row: ImageTag | None) -> TagEvent:
    """Save the event with the state that came of it."""
    event.state_after = row.state if row else ""
    event.save()
    ask_network_again(image_id=event.image_id, before=event.state_before, after=event.state_after)
    return event


def _check_still_holds(event: TagEvent) -> None:
    """Raise NothingToUndoError unless the event is the last word of its kind."""
    if event.kind == EventKind.UNDONE:
        raise NothingToUndoError(_("This was an undo already. Simply do it again instead."))
    if event.kind == EventKind.SETTLED:
        raise NothingToUndoError(_("Nobody did this: votes came of age. A moderator may decide."))
    if TagEvent.objects.filter(undoes=event).exists():
        raise NothingToUndoError(_("This has been undone already."))
    pair = {"image_id": event.image_id, "tag_id": event.tag_id}
    if event.is_decision:
        last = TagEvent.objects.filter(**pair).not_undone().decisions().latest_first().first()
        if last != event:
            raise NothingToUndoError(_("A later decision has replaced this one."))
    if event.vote != event.vote_before:
        votes = Vote.objects.current().filter(**pair, person_id=event.actor_id)
        value = votes.values_list("value", flat=True).first() or ""
        if value != event.vote:
            raise NothingToUndoError(_("This vote has changed since."))


def _check_own_photo(event: TagEvent, image: Image, person: User) -> None:
    """Raise NothingToUndoError where the person would decide about their own photo by undoing."""
    if event.is_decision and not may_decide(person.pk, image, current_policy()):
        raise NothingToUndoError(_("This is your own photo: another moderator has to undo that."))


def _restore_decision(row: ImageTag, event: TagEvent) -> None:
    """Give the row back the moderator's decision that held before the event, or none."""
    row.decided_by_id = event.decided_by_before_id
    row.is_double_checked = event.was_decided
    row.is_escalated = False
    if event.was_decided:
        row.state = event.state_before
        row.save()
