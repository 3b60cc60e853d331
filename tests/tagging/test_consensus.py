"""Votes under the preset for strangers: weighed, of age, independent; and changes of preset."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from gallery.models import Image, User
from tagging import tasks
from tagging.models import ImageTag, Sighting, Suggestion, Tag, TagEvent, Vote
from tagging.services import settling
from tagging.services.curation import curate_import, decide_on_pair, reopen_tags
from tagging.services.settling import count_votes_of_age, settle_undecided
from tagging.services.votes import (
    NothingToUndoError,
    add_tag,
    cast_vote,
    undo_event,
    withdraw_vote,
)
from tests.tagging.cast import come_of_age, make_image, make_people, make_tag, pass_golds, suggest


@pytest.fixture(autouse=True)
def among_strangers(settings: Settings) -> None:
    settings.EYES_POLICY = "public"


@pytest.fixture
def photo(alice: User) -> Image:
    return make_image(alice)


@pytest.fixture
def cat(db: None) -> Tag:
    return make_tag("cat")


@pytest.fixture
def skilled(db: None) -> list[User]:
    """Twelve people who have passed their gold tasks."""
    people = make_people(12, "skilled")
    for person in people:
        pass_golds(person)
    return people


def vote(photo: Image, tag: Tag, people: list[User], value: str = "yes") -> None:
    for person in people:
        cast_vote(person=person, image=photo, tag=tag, value=value)


def state_of(photo: Image) -> str:
    row = ImageTag.objects.filter(image=photo).first()
    return row.state if row else ""


def test_three_who_agree_confirm_once_their_votes_are_of_age(
    photo: Image, cat: Tag, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:3])
    assert state_of(photo) == "pending"
    come_of_age(47)
    assert state_of(photo) == "pending"
    come_of_age(2)
    assert state_of(photo) == "confirmed"
    event = TagEvent.objects.latest_first()[0]
    assert (event.kind, event.actor, event.source) == ("settled", None, "job")
    assert (event.state_before, event.state_after) == ("pending", "confirmed")


def test_three_noes_reject_a_suggestion_and_fewer_leave_it_standing(
    photo: Image, skilled: list[User]
) -> None:
    dog = suggest(photo, "dog").tag
    vote(photo, dog, skilled[:2], "no")
    come_of_age()
    assert state_of(photo) == ""
    assert Suggestion.objects.open().exists()
    vote(photo, dog, skilled[2:3], "no")
    come_of_age()
    assert state_of(photo) == "rejected"
    assert not Suggestion.objects.open().exists()


def test_people_who_passed_no_golds_decide_nothing(photo: Image, cat: Tag) -> None:
    newcomers = make_people(6)
    vote(photo, cat, newcomers)
    come_of_age()
    assert state_of(photo) == "pending"
    for person in newcomers[:3]:
        pass_golds(person)
    settle_undecided()
    assert state_of(photo) == "confirmed"


def test_the_owner_supports_and_never_decides(
    photo: Image, cat: Tag, alice: User, skilled: list[User]
) -> None:
    pass_golds(alice)
    vote(photo, cat, [alice, *skilled[:2]])
    come_of_age()
    assert state_of(photo) == "pending"
    vote(photo, cat, skilled[2:3])
    come_of_age()
    assert state_of(photo) == "confirmed"


def test_a_changed_mind_has_to_come_of_age_again(
    photo: Image, cat: Tag, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:3])
    come_of_age()
    vote(photo, cat, skilled[:1], "no")
    assert state_of(photo) == "pending"
    come_of_age()
    assert state_of(photo) == "pending"
    withdraw_vote(person=skilled[0], image=photo, tag=cat)
    vote(photo, cat, skilled[3:4])
    come_of_age()
    assert state_of(photo) == "confirmed"


def see(people: list[User], mark: str, hour: datetime | None = None) -> None:
    """Note that these people were seen there, now unless told otherwise."""
    for person in people:
        Sighting.objects.create(person=person, mark=mark, hour=hour or timezone.now())


def test_accounts_on_one_device_count_once(photo: Image, cat: Tag, skilled: list[User]) -> None:
    see(skilled[:3], "a" * 32)
    see([skilled[3]], "b" * 32)
    vote(photo, cat, skilled[:4])
    come_of_age()
    assert state_of(photo) == "pending"
    vote(photo, cat, skilled[4:5])
    come_of_age()
    assert state_of(photo) == "confirmed"


def test_accounts_seen_at_one_place_more_than_a_day_apart_count_each(
    photo: Image, cat: Tag, skilled: list[User]
) -> None:
    for days, person in enumerate(skilled[:3]):
        see([person], "a" * 32, timezone.now() - timedelta(days=2 * days))
    vote(photo, cat, skilled[:3])
    come_of_age()
    assert state_of(photo) == "confirmed"


def test_an_account_on_the_owners_network_is_the_owner_even_if_the_owner_is_silent(
    photo: Image, cat: Tag, alice: User, skilled: list[User]
) -> None:
    see([alice, skilled[0]], "a" * 32)
    vote(photo, cat, skilled[:3])
    come_of_age()
    assert state_of(photo) == "pending"


def test_after_ten_votes_without_agreement_moderators_are_asked(
    photo: Image, cat: Tag, mona: User, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:5])
    vote(photo, cat, skilled[5:10], "no")
    assert not ImageTag.objects.get().is_escalated
    come_of_age()
    assert ImageTag.objects.get().is_escalated
    decide_on_pair(moderator=mona, image=photo, tag=cat, kind="rejected")
    row = ImageTag.objects.get()
    assert (row.state, row.is_escalated) == ("rejected", False)
    reopen_tags(moderator=mona, image_tags=[row])
    assert ImageTag.objects.get().is_escalated
    # The question answers itself when people change their minds.
    vote(photo, cat, skilled[5:8])
    come_of_age()
    row = ImageTag.objects.get()
    assert (row.state, row.is_escalated) == ("confirmed", False)


def test_undoing_a_decision_on_an_escalated_tag_hands_it_back_to_moderators(
    photo: Image, cat: Tag, mona: User, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:5])
    vote(photo, cat, skilled[5:10], "no")
    come_of_age()
    decide_on_pair(moderator=mona, image=photo, tag=cat, kind="approved")
    undo_event(person=mona, event=TagEvent.objects.get(kind="approved"))
    row = ImageTag.objects.get()
    assert (row.state, row.is_escalated, row.is_decided) == ("pending", True, False)


def test_an_uncurated_import_is_one_vote_that_waits_like_any_other(photo: Image) -> None:
    owner = photo.owner
    curate_import(world_name="pets", pairs=[(photo.pk, "cat")], actor=owner, curated=False)
    assert state_of(photo) == "pending"
    come_of_age()
    assert state_of(photo) == "pending"


def test_a_moderators_decision_holds_whatever_comes_of_age(
    photo: Image, cat: Tag, mona: User, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:3])
    decide_on_pair(moderator=mona, image=photo, tag=cat, kind="rejected")
    come_of_age()
    settle_undecided()
    assert state_of(photo) == "rejected"


def test_counting_twice_counts_nothing_twice(photo: Image, cat: Tag, skilled: list[User]) -> None:
    vote(photo, cat, skilled[:3])
    come_of_age()
    events = TagEvent.objects.count()
    assert count_votes_of_age() == (0, False)
    assert settle_undecided() == (0, None)
    assert TagEvent.objects.count() == events


def test_long_queues_are_counted_in_batches_over_several_jobs(
    alice: User, cat: Tag, skilled: list[User], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settling, "BATCH", 2)
    monkeypatch.setattr(settling, "BATCHES", 2)
    for _ in range(3):
        vote(make_image(alice), cat, skilled[:3])
    Vote.objects.update(created_at=timezone.now() - timedelta(days=3))
    assert tasks.count_votes_of_age() == "4 votes came of age."
    assert OrmQ.objects.get().task["func"] == "tagging.tasks.count_votes_of_age"
    assert tasks.count_votes_of_age() == "4 votes came of age."
    assert tasks.count_votes_of_age() == "1 votes came of age."
    assert ImageTag.objects.filter(state="confirmed").count() == 3
    ImageTag.objects.update(state="pending")
    _, after = settle_undecided()
    while after is not None:
        _, after = settle_undecided(after=after)
    assert ImageTag.objects.filter(state="confirmed").count() == 3


def test_a_clock_that_jumps_back_uncounts_no_vote(
    photo: Image, cat: Tag, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:3])
    come_of_age()
    ahead = timezone.now() + timedelta(days=3650)
    Vote.objects.update(created_at=ahead, counted_at=ahead)
    count_votes_of_age()
    settle_undecided()
    assert state_of(photo) == "confirmed"
    vote(photo, cat, skilled[3:4], "no")
    assert state_of(photo) == "confirmed"


def test_a_vote_dated_into_the_future_waits_as_if_it_were_cast_now(
    photo: Image, cat: Tag, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:3])
    Vote.objects.update(created_at=datetime(2199, 1, 1, tzinfo=UTC))
    count_votes_of_age()
    assert state_of(photo) == "pending"
    assert not Vote.objects.filter(created_at__gt=timezone.now()).exists()
    come_of_age()
    assert state_of(photo) == "confirmed"


def test_votes_replaced_or_deleted_before_they_are_of_age_are_passed_over(
    photo: Image, cat: Tag, alice: User, skilled: list[User]
) -> None:
    gone = make_image(alice)
    vote(photo, cat, skilled[:3])
    vote(gone, cat, skilled[:3])
    withdraw_vote(person=skilled[0], image=photo, tag=cat)
    gone.delete()
    come_of_age()
    assert Vote.objects.exclude(counted_at=None).count() == 2
    assert state_of(photo) == "pending"


def test_nobody_undoes_what_votes_did_by_themselves(
    photo: Image, cat: Tag, mona: User, skilled: list[User]
) -> None:
    vote(photo, cat, skilled[:3])
    come_of_age()
    with pytest.raises(NothingToUndoError, match="came of age"):
        undo_event(person=mona, event=TagEvent.objects.get(kind="settled"))


def test_from_community_to_public_old_votes_come_of_age_and_the_owner_no_longer_decides(
    settings: Settings, photo: Image, cat: Tag, alice: User, skilled: list[User]
) -> None:
    settings.EYES_POLICY = "community"
    other = make_image(alice)
    add_tag(person=alice, image=photo, name="cat")
    vote(other, cat, skilled[:3])
    assert (state_of(photo), state_of(other)) == ("confirmed", "confirmed")
    come_of_age()
    assert not Vote.objects.exclude(counted_at=None).exists()
    settings.EYES_POLICY = "public"
    count_votes_of_age()
    assert (state_of(photo), state_of(other)) == ("pending", "confirmed")


def test_from_public_to_community_every_vote_counts_at_once(
    settings: Settings, photo: Image, cat: Tag, alice: User, bob: User
) -> None:
    other = make_image(alice)
    add_tag(person=alice, image=photo, name="cat")
    vote(other, cat, [bob], "no")
    assert (state_of(photo), state_of(other)) == ("pending", "")
    settings.EYES_POLICY = "community"
    assert tasks.settle_undecided() == "2 tags changed their state."
    assert (state_of(photo), state_of(other)) == ("confirmed", "rejected")
    settings.EYES_POLICY = "public"
    assert settle_undecided() == (2, None)
    assert (state_of(photo), state_of(other)) == ("pending", "")


def test_settling_leaves_tags_alone_that_nobody_votes_on(
    photo: Image, cat: Tag, mona: User
) -> None:
    decide_on_pair(moderator=mona, image=photo, tag=cat, kind="rejected")
    reopen_tags(moderator=mona, image_tags=ImageTag.objects.all())
    assert settle_undecided() == (0, None)
    assert state_of(photo) == "pending"


def test_more_voters_take_no_more_queries(photo: Image, cat: Tag, skilled: list[User]) -> None:
    see(skilled[:6], "a" * 32)

    def queries(person: User) -> int:
        with CaptureQueriesContext(connection) as captured:
            cast_vote(person=person, image=photo, tag=cat, value="yes")
        return len(captured)

    vote(photo, cat, skilled[:1])
    few = queries(skilled[1])
    vote(photo, cat, skilled[2:10])
    assert queries(skilled[10]) == few


def test_more_photos_take_no_more_queries(alice: User, cat: Tag, skilled: list[User]) -> None:
    def queries() -> int:
        Vote.objects.update(created_at=timezone.now() - timedelta(days=3))
        with CaptureQueriesContext(connection) as captured:
            count_votes_of_age()
        return len(captured)

    vote(make_image(alice), cat, skilled[:3])
    few = queries()
    for _ in range(5):
        vote(make_image(alice), cat, skilled[:3])
    assert queries() == few
