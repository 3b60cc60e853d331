"""Moderators' decisions under the preset for strangers: approval is the second of two keys."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from gallery.models import Image, User
from tagging.models import FullyTagged, ImageTag, TagEvent
from tagging.services.curation import (
    approve_tags,
    curate_import,
    decide_on_pair,
    reject_tags,
    reopen_tags,
)
from tagging.services.marks import mark_fully_tagged, unmark_fully_tagged
from tagging.services.objections import Objection
from tagging.services.votes import NothingToUndoError, add_tag, cast_vote, undo_event
from tests.tagging.cast import come_of_age, make_image, make_people, make_tag, pass_golds

QUEUE = "admin:tagging_imagetag_changelist"


@pytest.fixture(autouse=True)
def among_strangers(settings: Settings) -> None:
    settings.EYES_POLICY = "public"


@pytest.fixture
def skilled(db: None) -> list[User]:
    people = make_people(10, "skilled")
    for person in people:
        pass_golds(person)
    return people


@pytest.fixture
def as_mona(client: Client, mona: User) -> Client:
    client.force_login(mona)
    return client


def vote(photo: Image, name: str, yes: Sequence[User], no: Sequence[User] = ()) -> ImageTag:
    """Return the tag after these people's votes."""
    tag = make_tag(name)
    for people, value in ((yes, "yes"), (no, "no")):
        for person in people:
            cast_vote(person=person, image=photo, tag=tag, value=value)
    return ImageTag.objects.get(image=photo, tag=tag)


def three_tags(alice: User, skilled: list[User]) -> dict[str, ImageTag]:
    """Return a tag with consensus, one that went to moderators, and one that is still open."""
    photo = make_image(alice)
    tags = {
        "confirmed": vote(photo, "heron", skilled[:3]),
        "escalated": vote(photo, "stork", skilled[:5], skilled[5:]),
        "open": vote(photo, "crane", skilled[:2]),
    }
    come_of_age()
    for row in tags.values():
        row.refresh_from_db()
    return tags


def test_approval_curates_what_is_confirmed_or_escalated_and_nothing_else(
    alice: User, mona: User, skilled: list[User]
) -> None:
    tags = three_tags(alice, skilled)
    outcome = approve_tags(moderator=mona, image_tags=tags.values())
    assert outcome.changed == 2
    assert outcome.passed_over == {Objection.NO_CONSENSUS: 1}
    assert outcome.excuses == "1 passed over: no consensus yet."
    states = dict(ImageTag.objects.values_list("tag__name", "state"))
    assert states == {"heron": "curated", "stork": "curated", "crane": "pending"}


def test_rejecting_needs_no_consensus(alice: User, mona: User, skilled: list[User]) -> None:
    tags = three_tags(alice, skilled)
    assert reject_tags(moderator=mona, image_tags=tags.values()).changed == 3


def test_a_rejected_tag_is_reopened_before_it_can_be_approved(
    alice: User, mona: User, bob: User
) -> None:
    row = add_tag(person=bob, image=make_image(alice), name="heron")
    reject_tags(moderator=mona, image_tags=[row])
    outcome = approve_tags(moderator=mona, image_tags=[row])
    assert outcome.passed_over == {Objection.NO_CONSENSUS: 1}
    reopen_tags(moderator=mona, image_tags=[row])
    row.refresh_from_db()
    assert (row.state, row.is_decided) == ("pending", False)


def test_a_state_from_before_the_change_of_preset_opens_nothing(
    settings: Settings, alice: User, mona: User
) -> None:
    settings.EYES_POLICY = "community"
    row = add_tag(person=alice, image=make_image(alice), name="heron")
    assert row.state == "confirmed"
    settings.EYES_POLICY = "public"
    assert approve_tags(moderator=mona, image_tags=[row]).changed == 0


def test_nobody_decides_about_their_own_photo(mona: User, skilled: list[User]) -> None:
    photo = make_image(mona)
    row = vote(photo, "heron", skilled[:3])
    come_of_age()
    for decide in (approve_tags, reject_tags):
        outcome = decide(moderator=mona, image_tags=[row])
        assert outcome.passed_over == {Objection.OWN_PHOTO: 1}
    max_ = User.objects.create_user("max", is_staff=True)
    assert approve_tags(moderator=max_, image_tags=[row]).changed == 1
    assert reopen_tags(moderator=mona, image_tags=[row]).changed == 0
    with pytest.raises(NothingToUndoError, match="your own photo"):
        undo_event(person=mona, event=TagEvent.objects.get(kind="approved"))
    assert mark_fully_tagged(moderator=mona, image_ids=[photo.pk]) == 0
    assert mark_fully_tagged(moderator=max_, image_ids=[photo.pk]) == 1
    assert unmark_fully_tagged(moderator=mona, image_ids=[photo.pk]) == 0
    assert FullyTagged.objects.exists()


def test_an_operators_curated_import_still_curates(alice: User) -> None:
    photo = make_image(alice)
    curate_import(world_name="pets", pairs=[(photo.pk, "cat")], actor=alice, curated=True)
    row = ImageTag.objects.get()
    assert (row.state, row.is_double_checked) == ("curated", True)


def test_the_photo_page_says_why_an_approval_is_refused(
    as_mona: Client, alice: User, bob: User, mona: User
) -> None:
    photo, own = make_image(alice), make_image(mona)
    row = add_tag(person=bob, image=photo, name="heron")
    add_tag(person=bob, image=own, name="heron")
    data = {"tag": row.tag.pk, "kind": "approved"}
    plain = as_mona.post(reverse("tagging:decide", args=[photo.pk]), data)
    assert plain.status_code == 400
    assert "There is no consensus yet." in plain.content.decode()
    htmx = {"HX-Request": "true"}
    answer = as_mona.post(reverse("tagging:decide", args=[own.pk]), data, headers=htmx)
    assert answer.status_code == 422
    assert "another moderator has to decide" in answer.content.decode()
    answer = as_mona.post(reverse("tagging:mark", args=[own.pk]), {"fully": "yes"}, headers=htmx)
    assert "another moderator has to decide" in answer.content.decode()
    assert not ImageTag.objects.exclude(state="pending").exists()
    reject = as_mona.post(
        reverse("tagging:decide", args=[photo.pk]), {**data, "kind": "rejected"}, headers=htmx
    )
    assert reject.status_code == 200


def test_the_queue_tells_how_many_were_passed_over_and_why(
    as_mona: Client, alice: User, mona: User, bob: User, skilled: list[User]
) -> None:
    rows = [*three_tags(alice, skilled).values()]
    rows.append(add_tag(person=bob, image=make_image(alice), name="egret"))
    rows.append(add_tag(person=bob, image=make_image(mona), name="egret"))
    data = {"action": "approve", ACTION_CHECKBOX_NAME: [row.pk for row in rows]}
    page = as_mona.post(reverse(QUEUE), data, follow=True).content.decode()
    assert "2 tags approved." in page
    assert "2 passed over: no consensus yet." in page
    assert "1 passed over: on your own photo." in page


def test_moderators_see_first_what_votes_could_not_settle(
    as_mona: Client, alice: User, skilled: list[User]
) -> None:
    three_tags(alice, skilled)
    page = as_mona.get(reverse(QUEUE)).content.decode()
    assert page.index(">stork</a>") < min(page.index(">heron</a>"), page.index(">crane</a>"))
    assert page.count("⚠ votes do not agree") == 1
    page = as_mona.get(reverse(QUEUE), {"escalated": "yes"}).content.decode()
    assert ">stork</a>" in page
    assert ">heron</a>" not in page


def test_a_voter_is_told_when_the_vote_counts(client: Client, alice: User, bob: User) -> None:
    client.force_login(bob)
    address = reverse("tagging:vote", args=[make_image(alice).pk])
    data = {"tag": make_tag("heron").pk, "value": "yes"}
    answer = client.post(address, data, headers={"HX-Request": "true"})
    assert "counts in 48 hours" in answer.content.decode()


def test_a_photo_that_is_deleted_meanwhile_is_passed_over(
    alice: User, bob: User, mona: User
) -> None:
    photo = make_image(alice)
    row = add_tag(person=bob, image=photo, name="heron")
    Image.objects.filter(pk=photo.pk).delete()
    outcome = reject_tags(moderator=mona, image_tags=[row])
    assert outcome.passed_over == {Objection.GONE: 1}
    refused = decide_on_pair(moderator=mona, image=photo, tag=row.tag, kind="rejected")
    assert refused.refusal == "The photo has been deleted meanwhile."


def test_many_are_approved_in_as_many_queries_as_few(
    alice: User,
    mona: User,
    skilled: list[User],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    rows = [vote(make_image(alice), "heron", skilled[:3]) for _ in range(20)]
    come_of_age()
    with django_assert_max_num_queries(12):
        assert approve_tags(moderator=mona, image_tags=rows).changed == 20


def test_the_panel_offers_no_decision_about_ones_own_photo(
    as_mona: Client, mona: User, alice: User, settings: Settings
) -> None:
    own, other = make_image(mona), make_image(alice)
    for photo in (own, other):
        add_tag(person=alice, image=photo, name="heron")
    assert photo_page(as_mona, other).count("Fully tagged") == 1
    page = photo_page(as_mona, own)
    assert "Fully tagged" not in page and ">Approve<" not in page
    assert "This is your own photo: another moderator has to decide." in page
    settings.EYES_POLICY = "community"
    assert ">Approve<" in photo_page(as_mona, own)


def photo_page(client: Client, photo: Image) -> str:
    return client.get(photo.get_absolute_url()).content.decode()
