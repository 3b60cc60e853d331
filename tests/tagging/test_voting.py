"""Votes, added tags and undo."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import TestCase
from django_q.models import OrmQ

from gallery.models import Image, User
from tagging.models import EventKind, ImageTag, Suggestion, Tag, TagEvent, TagState, Vote
from tagging.names import TagNameError
from tagging.services.curation import decide_on_pair
from tagging.services.tags import TagBlockedError
from tagging.services.votes import (
    NothingToUndoError,
    add_tag,
    cast_vote,
    undo_event,
    withdraw_vote,
)
from tests.tagging.cast import make_image, make_tag, suggest


@pytest.fixture
def photo(alice: User) -> Image:
    return make_image(alice)


@pytest.fixture
def carol(db: None) -> User:
    return User.objects.create_user("carol", "carol@example.org", "carol-secret-9")


def state_of(image: Image, name: str) -> str:
    """Return the tag's state on the photo, or "" where nobody said anything."""
    row = ImageTag.objects.filter(image=image, tag__name=name).first()
    return row.state if row else ""


def test_a_strangers_yes_gives_the_photo_a_pending_tag(photo: Image, bob: User) -> None:
    event = cast_vote(person=bob, image=photo, tag=make_tag("cat"), value="yes")
    assert event is not None
    assert (event.kind, event.vote, event.vote_before) == ("voted", "yes", "")
    assert (event.state_before, event.state_after) == ("", "pending")
    row = ImageTag.objects.get()
    assert (row.state, row.added_by) == (TagState.PENDING, bob)


def test_a_second_person_confirms_it(photo: Image, bob: User, carol: User) -> None:
    for person in (bob, carol):
        cast_vote(person=person, image=photo, tag=make_tag("cat"), value="yes")
    assert state_of(photo, "cat") == "confirmed"
    assert ImageTag.objects.get().added_by == bob


def test_the_owner_decides_over_others(photo: Image, alice: User, bob: User, carol: User) -> None:
    for person in (bob, carol):
        cast_vote(person=person, image=photo, tag=make_tag("cat"), value="yes")
    cast_vote(person=alice, image=photo, tag=make_tag("cat"), value="no")
    assert state_of(photo, "cat") == "rejected"


def test_a_no_on_a_suggestion_is_kept_as_a_rejection(photo: Image, bob: User) -> None:
    suggestion = suggest(photo, "dog")
    cast_vote(person=bob, image=photo, tag=suggestion.tag, value="no")
    assert state_of(photo, "dog") == "rejected"
    assert ImageTag.objects.get().added_by is None
    assert not Suggestion.objects.open().exists()


def test_not_sure_counts_nothing(photo: Image, bob: User) -> None:
    suggestion = suggest(photo, "dog")
    cast_vote(person=bob, image=photo, tag=suggestion.tag, value="unsure")
    assert state_of(photo, "dog") == ""
    assert list(Suggestion.objects.open()) == [suggestion]


def test_voting_twice_the_same_changes_nothing(photo: Image, bob: User) -> None:
    tag = make_tag("cat")
    cast_vote(person=bob, image=photo, tag=tag, value="yes")
    assert cast_vote(person=bob, image=photo, tag=tag, value="yes") is None
    assert Vote.objects.count() == TagEvent.objects.count() == 1


def test_changing_ones_mind_keeps_the_earlier_vote_as_history(photo: Image, bob: User) -> None:
    tag = make_tag("cat")
    for value in ("yes", "no", "yes"):
        cast_vote(person=bob, image=photo, tag=tag, value=value)
    assert [vote.value for vote in Vote.objects.order_by("pk")] == ["yes", "no", "yes"]
    assert [vote.value for vote in Vote.objects.current()] == ["yes"]


def test_a_withdrawn_vote_leaves_nothing_behind_but_history(photo: Image, bob: User) -> None:
    tag = make_tag("cat")
    cast_vote(person=bob, image=photo, tag=tag, value="yes")
    withdraw_vote(person=bob, image=photo, tag=tag)
    assert state_of(photo, "cat") == ""
    assert (Vote.objects.count(), Vote.objects.current().count()) == (1, 0)
    assert withdraw_vote(person=bob, image=photo, tag=tag) is None


def test_an_added_tag_is_normalised_and_counts_as_a_yes(photo: Image, alice: User) -> None:
    row = add_tag(person=alice, image=photo, name="  Grey  HERON ", source="page")
    assert (row.tag.name, row.state, row.added_by) == ("grey heron", "confirmed", alice)
    assert row.tag.created_by == alice


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "<script>alert(1)</script>"])
def test_an_impossible_tag_leaves_nothing_behind(photo: Image, bob: User, name: str) -> None:
    with pytest.raises(TagNameError):
        add_tag(person=bob, image=photo, name=name)
    assert not TagEvent.objects.exists()
    assert not ImageTag.objects.exists()


def test_a_blocked_tag_is_refused(photo: Image, bob: User) -> None:
    tag = make_tag("rude")
    tag.is_blocked = True
    tag.save()
    with pytest.raises(TagBlockedError, match="rude"):
        cast_vote(person=bob, image=photo, tag=tag, value="yes")
    with pytest.raises(TagBlockedError):
        add_tag(person=bob, image=photo, name="Rude")
    assert not Vote.objects.exists()


def test_an_unknown_value_is_refused(photo: Image, bob: User) -> None:
    with pytest.raises(ValueError, match="maybe"):
        cast_vote(person=bob, image=photo, tag=make_tag("cat"), value="maybe")


@pytest.mark.parametrize("fields", [{"visibility": "private"}, {"hidden_at": "2026-01-01T00:00Z"}])
def test_a_photo_one_may_not_see_cannot_be_voted_on(
    alice: User, bob: User, mona: User, fields: dict[str, str]
) -> None:
    photo = make_image(alice, **fields)
    with pytest.raises(Image.DoesNotExist):
        cast_vote(person=bob, image=photo, tag=make_tag("cat"), value="yes")
    assert cast_vote(person=mona, image=photo, tag=make_tag("cat"), value="yes")


def test_a_photo_that_was_deleted_meanwhile_takes_no_vote_tag_or_undo(
    photo: Image, bob: User
) -> None:
    tag = make_tag("cat")
    event = cast_vote(person=bob, image=photo, tag=tag, value="yes")
    assert event is not None
    Image.objects.filter(pk=photo.pk).delete()
    with pytest.raises(Image.DoesNotExist):
        cast_vote(person=bob, image=photo, tag=tag, value="no")
    with pytest.raises(Image.DoesNotExist):
        withdraw_vote(person=bob, image=photo, tag=tag)
    with pytest.raises(Image.DoesNotExist):
        add_tag(person=bob, image=photo, name="heron")
    with pytest.raises(Image.DoesNotExist):
        undo_event(person=bob, event=event)
    assert not Vote.objects.exists()
    assert not Tag.objects.filter(name="heron").exists()


def test_a_moderators_decision_outweighs_all_votes(
    photo: Image, alice: User, bob: User, mona: User
) -> None:
    tag = make_tag("cat")
    decide_on_pair(moderator=mona, image=photo, tag=tag, kind=EventKind.REJECTED)
    for person in (alice, bob):
        cast_vote(person=person, image=photo, tag=tag, value="yes")
    assert state_of(photo, "cat") == "rejected"


def test_a_decision_survives_the_moderators_account(photo: Image, bob: User, mona: User) -> None:
    tag = make_tag("cat")
    decide_on_pair(moderator=mona, image=photo, tag=tag, kind=EventKind.APPROVED)
    mona.delete()
    cast_vote(person=bob, image=photo, tag=tag, value="no")
    assert state_of(photo, "cat") == "curated"


def test_undo_brings_back_the_vote_before(photo: Image, bob: User) -> None:
    tag = make_tag("cat")
    cast_vote(person=bob, image=photo, tag=tag, value="yes")
    change = cast_vote(person=bob, image=photo, tag=tag, value="no")
    assert change is not None
    undo = undo_event(person=bob, event=change)
    assert (undo.kind, undo.undoes, undo.vote, undo.vote_before) == ("undone", change, "yes", "no")
    assert state_of(photo, "cat") == "pending"


def test_everything_can_be_undone_step_by_step(photo: Image, alice: User) -> None:
    suggestion = suggest(photo, "dog")
    add_tag(person=alice, image=photo, name="cat")
    cast_vote(person=alice, image=photo, tag=suggestion.tag, value="no")
    cast_vote(person=alice, image=photo, tag=suggestion.tag, value="yes")
    withdraw_vote(person=alice, image=photo, tag=make_tag("cat"))
    undone = 0
    while event := TagEvent.objects.filter(actor=alice).not_undone().latest_first().first():
        undo_event(person=alice, event=event)
        undone += 1
    assert undone == 4
    assert not ImageTag.objects.exists()
    assert not Vote.objects.current().exists()
    assert list(Suggestion.objects.open()) == [suggestion]


def test_an_event_is_undone_once_and_only_while_it_holds(photo: Image, bob: User) -> None:
    tag = make_tag("cat")
    first = cast_vote(person=bob, image=photo, tag=tag, value="yes")
    second = cast_vote(person=bob, image=photo, tag=tag, value="no")
    assert first is not None
    assert second is not None
    with pytest.raises(NothingToUndoError, match="changed since"):
        undo_event(person=bob, event=first)
    undo = undo_event(person=bob, event=second)
    with pytest.raises(NothingToUndoError, match="already"):
        undo_event(person=bob, event=second)
    with pytest.raises(NothingToUndoError, match="an undo already"):
        undo_event(person=bob, event=undo)


def test_people_undo_their_own_doings_and_moderators_anybodys(
    photo: Image, alice: User, bob: User, mona: User
) -> None:
    event = cast_vote(person=bob, image=photo, tag=make_tag("cat"), value="yes")
    assert event is not None
    with pytest.raises(PermissionDenied):
        undo_event(person=alice, event=event)
    undo_event(person=mona, event=event)
    assert state_of(photo, "cat") == ""
    assert TagEvent.objects.latest_first()[0].actor == mona


def test_undoing_a_rejection_asks_the_network_again(photo: Image, bob: User) -> None:
    tag = suggest(photo, "dog").tag
    event = cast_vote(person=bob, image=photo, tag=tag, value="no")
    Suggestion.objects.all().delete()
    assert event is not None
    with TestCase.captureOnCommitCallbacks(execute=True):
        undo_event(person=bob, event=event)
    (job,) = OrmQ.objects.all()
    assert job.task["func"] == "tagging.tasks.tag_image"
    assert tuple(job.task["args"]) == (photo.pk,)


def test_undoing_a_decision_hands_back_what_held_before(
    photo: Image, bob: User, mona: User
) -> None:
    tag = make_tag("cat")
    cast_vote(person=bob, image=photo, tag=tag, value="yes")
    for kind in (EventKind.APPROVED, EventKind.REJECTED):
        decide_on_pair(moderator=mona, image=photo, tag=tag, kind=kind)
    approval, rejection = TagEvent.objects.decisions().order_by("pk")
    with pytest.raises(NothingToUndoError, match="later decision"):
        undo_event(person=mona, event=approval)
    undo_event(person=mona, event=rejection)
    row = ImageTag.objects.get()
    assert (row.state, row.decided_by, row.is_double_checked) == ("curated", mona, True)
    undo_event(person=mona, event=approval)
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.is_double_checked) == ("pending", None, False)
