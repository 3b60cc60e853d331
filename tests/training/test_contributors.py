"""People hear what became of their answers: once, in figures, and never of a roll-back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Image, Notice, User
from tagging.models import ImageTag, ModelVersion, Promotion, TagEvent, VoteValue
from tagging.previews import Preview
from tagging.services.curation import approve_tags, reject_tags
from tagging.services.versions import promote_version, roll_back
from tagging.services.vocabulary import rename_tag
from tagging.services.votes import cast_vote, undo_event
from tagging.words import current_words
from tests.tagging.cast import make_image, make_tag
from tests.tagging.network_cast import constant_head, publish
from training.contributors import contributions_to, effects_on_tags, notice_for, version_before
from training.tasks import tell_contributors

pytestmark = pytest.mark.django_db

METRICS: dict[str, Any] = {
    "per_tag": {"heron": {"f1": 0.83}, "stork": {"f1": 0.7}, "ibis": {"f1": None}},
    "live": {"version": 0, "per_tag": {"heron": {"f1": 0.61}, "stork": {"f1": None}}},
}


def approve(image: Image, name: str, moderator: User) -> None:
    rows = ImageTag.objects.filter(image=image, tag__name=name)
    approve_tags(moderator=moderator, image_tags=rows)


def make_version(number: int = 14, **fields: object) -> ModelVersion:
    values: dict[str, object] = {"labels": ["heron", "stork", "ibis"], "metrics": METRICS}
    return ModelVersion.objects.create(number=number, **{**values, **fields})


def go_live(version: ModelVersion, **fields: object) -> Promotion:
    return Promotion.objects.create(version=version, **fields)


def answers_of(version: ModelVersion, person: User, **options: object) -> dict[str, int]:
    found = contributions_to(version, **options).get(person.pk)  # type: ignore[arg-type]
    return {tag: len(photos) for tag, photos in found.photos.items()} if found else {}


@pytest.fixture
def taught(alice: User, bob: User, mona: User) -> Image:
    """Alice and Bob said heron and no stork of Alice's photo, and Mona decided so."""
    image = make_image(alice)
    for person in (alice, bob):
        cast_vote(person=person, image=image, tag=make_tag("heron"), value=VoteValue.YES)
    cast_vote(person=bob, image=image, tag=make_tag("stork"), value=VoteValue.NO)
    approve(image, "heron", mona)
    reject_tags(moderator=mona, image_tags=ImageTag.objects.filter(tag__name="stork"))
    return image


def test_whoever_said_what_was_decided_taught_it(
    taught: Image, alice: User, bob: User, mona: User
) -> None:
    version = make_version()
    assert answers_of(version, alice) == {"heron": 1}
    assert answers_of(version, bob) == {"heron": 1, "stork": 1}
    assert answers_of(version, mona)["heron"] == 1


def test_what_taught_nothing_counts_for_nothing(
    taught: Image, alice: User, bob: User, mona: User
) -> None:
    wrong = make_image(alice)
    cast_vote(person=alice, image=wrong, tag=make_tag("heron"), value=VoteValue.YES)
    cast_vote(person=bob, image=wrong, tag=make_tag("heron"), value=VoteValue.NO)
    approve(wrong, "heron", mona)
    assert answers_of(make_version(), bob) == {"heron": 1, "stork": 1}, "overruled"
    open_photo = make_image(alice)
    cast_vote(person=alice, image=open_photo, tag=make_tag("heron"), value=VoteValue.YES)
    assert answers_of(make_version(15), alice) == {"heron": 2}, "nobody approved the third"
    assert answers_of(make_version(16, labels=["ibis"]), alice) == {}, "another word"
    Image.objects.update(teaches=False)
    assert answers_of(make_version(17), alice) == {}, "withheld"


def test_what_was_undone_taught_nothing(taught: Image, alice: User, mona: User) -> None:
    decision = TagEvent.objects.get(kind="approved", tag__name="heron")
    undo_event(person=mona, event=decision)
    assert answers_of(make_version(), alice) == {}


def test_only_what_came_since_the_version_before_counts(
    taught: Image, alice: User, mona: User
) -> None:
    before = make_version(13)
    version = make_version()
    assert answers_of(version, alice, after=before) == {}
    later = make_image(alice)
    cast_vote(person=alice, image=later, tag=make_tag("heron"), value=VoteValue.YES)
    approve(later, "heron", mona)
    assert answers_of(version, alice, after=before) == {}, "decided after it was taught"
    assert answers_of(make_version(15), alice, after=before) == {"heron": 1}


def test_of_a_new_tag_every_answer_counts_however_old(taught: Image, alice: User) -> None:
    before = make_version(13, labels=["stork"])
    assert answers_of(make_version(), alice, after=before) == {"heron": 1}


def test_everybody_gets_one_notice_however_often_the_job_runs(
    taught: Image, alice: User, bob: User
) -> None:
    promotion = go_live(make_version())
    assert tell_contributors(promotion.pk) == "3 people were told of version 14."
    assert tell_contributors(promotion.pk) == "0 people were told of version 14."
    notice = Notice.objects.get(person=bob)
    assert notice.text == (
        "Version 14 is live. Your 2 answers taught it: heron F1 61 % → 83 %, stork is new, F1 70 %."
    )
    assert notice.url == "/models/14/#taught"
    alice.refresh_from_db()
    assert alice.unread_notices == 1


def test_changes_on_own_photos_are_told_where_they_were_counted(taught: Image, alice: User) -> None:
    preview = Preview(against=0, computed_at=timezone.now().isoformat())
    preview.owners = {str(alice.pk): 3}
    version = make_version(preview=preview.as_json())
    go_live(make_version(13, labels=[]))
    promotion = go_live(version)
    tell_contributors(promotion.pk)
    assert "on your photos" not in Notice.objects.get(person=alice).text, "against another one"
    Notice.objects.all().delete()
    version.preview = {**version.preview, "against": 13}
    version.save()
    tell_contributors(promotion.pk)
    assert Notice.objects.get(person=alice).text.endswith("; 3 tags changed on your photos.")


def test_a_roll_back_and_a_version_live_no_more_are_told_to_nobody(taught: Image) -> None:
    old, new = make_version(13), make_version(14)
    first = go_live(old)
    second = go_live(new)
    back = go_live(old, is_rollback=True)
    for promotion in (first, second, back):
        assert tell_contributors(promotion.pk).startswith("0 people")
    assert tell_contributors(99_999) == "Promotion 99999 is gone."


def test_people_who_left_are_not_told(taught: Image, bob: User) -> None:
    promotion = go_live(make_version())
    bob.delete()
    assert tell_contributors(promotion.pk) == "2 people were told of version 14."


def test_the_version_before_is_another_one(db: None) -> None:
    old, new = make_version(13), make_version(14)
    first, second, again = go_live(old), go_live(new), go_live(new)
    assert version_before(first) is None
    assert version_before(second) == version_before(again) == old


def test_an_effect_is_told_in_figures(db: None) -> None:
    untaught = {**METRICS["live"]["per_tag"], "stork": {"f1": 0.0}}
    told = {"heron": "heron F1 61 % → 83 %", "stork": "stork is new, F1 70 %"}
    assert effects_on_tags(METRICS, current_words()) == told
    zero = {**METRICS, "live": {"version": 0, "per_tag": untaught}}
    assert effects_on_tags(zero, current_words()) == told, "it knew nothing of storks"


def test_a_tag_that_was_renamed_since_is_told_by_its_present_name(
    taught: Image, alice: User, mona: User
) -> None:
    version = make_version()
    rename_tag(moderator=mona, tag=make_tag("heron"), name="grey heron")
    assert answers_of(version, alice) == {"grey heron": 1}
    effects = effects_on_tags(METRICS, current_words())
    assert effects["grey heron"] == "grey heron F1 61 % → 83 %"
    assert answers_of(version, alice, after=make_version(13)) == {}, "version 13 knew it as heron"


def test_the_review_page_shows_the_notice_while_it_is_news(
    taught: Image, client: Client, alice: User, bob: User
) -> None:
    tell_contributors(go_live(make_version()).pk)
    told = "Your 1 answer taught it: heron F1 61 % → 83 %."
    client.force_login(alice)
    assertContains(client.get("/review/"), told)
    User.objects.create_user("carol")
    client.force_login(User.objects.get(username="carol"))
    assertNotContains(client.get("/review/"), "taught it")
    client.force_login(alice)
    back = go_live(make_version(13), is_rollback=True)
    assertNotContains(client.get("/review/"), told)
    back.delete()
    Notice.objects.update(created_at=timezone.now() - timedelta(days=20))
    assertNotContains(client.get("/review/"), told)


def test_without_figures_the_answers_are_told_alone(taught: Image, alice: User) -> None:
    version = make_version(metrics={})
    contribution = contributions_to(version)[alice.pk]
    assert (
        notice_for(version, contribution, {}, 0) == "Version 14 is live. Your 1 answer taught it."
    )


def test_many_answers_are_read_in_two_queries(
    taught: Image, django_assert_num_queries: object
) -> None:
    version = make_version()
    with django_assert_num_queries(4):  # type: ignore[operator]  # its run and the words
        contributions_to(version)


@pytest.mark.network
def test_a_promotion_by_hand_has_them_told_and_a_roll_back_does_not(
    network_store: Path,
    mona: User,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    with django_capture_on_commit_callbacks(execute=True):
        promotion = promote_version(version=version, by=mona)
    jobs = {job.func(): job.args() for job in OrmQ.objects.all()}
    assert jobs["training.tasks.tell_contributors"] == (promotion.pk,)
    roll_back()
    assert tell_contributors(Promotion.objects.first().pk).startswith("0 people")  # type: ignore[union-attr]
