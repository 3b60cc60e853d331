"""A photo in the trash is taken back: nothing counts, shows, asks about or learns from it."""

from __future__ import annotations

import random
from datetime import timedelta

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.models import Image, User
from gallery.services.trash import restore_from_trash, trash_images
from tagging.hierarchy import Hierarchy
from tagging.models import (
    Content,
    Embedding,
    ImageTag,
    ReviewTask,
    Tag,
    TaggingRequest,
    TwinGroup,
    Vote,
)
from tagging.policy import COMMUNITY, PUBLIC
from tagging.reviewing.sources import Asker, find_gold, find_uncertain, suggested_pairs
from tagging.reviewing.waiting import tags_waiting
from tagging.services.curation import approve_tags
from tagging.services.embeddings import collect_garbage
from tagging.services.merging import merge_tags
from tagging.services.review import QuestionLapsed, answer_question
from tagging.services.settling import count_votes_of_age
from tagging.services.vocabulary import rename_tag
from tagging.services.votes import add_tag
from tagging.supply import NOTHING, supply_of
from tests.tagging.cast import make_image, make_tag, suggest
from training.decisions import read_decisions
from training.export.choosing import _uploads_by_hash
from training.triggers import decisions_since
from training.tuning.withdrawals import withdrawn

pytestmark = pytest.mark.django_db
NO_HIERARCHY = Hierarchy({})


def trash(*images: Image) -> None:
    by = images[0].owner
    trash_images(images=Image.objects.filter(pk__in=[image.pk for image in images]), by=by)


def curated(owner: User, moderator: User, name: str = "heron") -> Image:
    image = make_image(owner)
    row = add_tag(person=owner, image=image, name=name)
    approve_tags(moderator=moderator, image_tags=[row])
    return image


def test_tag_pages_searches_and_counts_leave_it_out(alice: User) -> None:
    image = make_image(alice, title="Gone")
    add_tag(person=alice, image=image, name="heron")
    suggest(image, "lake")
    trash(image)

    anonymous = Client()
    assert "Gone" not in anonymous.get("/tags/heron/").content.decode()
    assert "Gone" not in anonymous.get("/search/?q=heron").content.decode()
    assert anonymous.get("/api/v1/images/?tag=heron").json()["count"] == 0
    from django.contrib.auth.models import AnonymousUser

    counted = Tag.objects.with_photo_counts(AnonymousUser())
    assert {(tag.by_people, tag.by_network) for tag in counted} == {(0, 0)}


def test_it_teaches_nothing_and_counts_as_taken_back(alice: User, mona: User) -> None:
    image = curated(alice, mona)
    begun = timezone.now() - timedelta(hours=1)
    assert decisions_since(begun) == 1
    trash(image)

    assert supply_of(make_tag("heron"), NO_HIERARCHY) == NOTHING
    assert read_decisions(["heron"]).photos == ()
    assert withdrawn([image.sha256]) == {image.sha256}
    assert decisions_since(begun) == 0
    assert not _uploads_by_hash([image.sha256])


def test_nobody_is_asked_about_it(alice: User, bob: User, mona: User) -> None:
    image, checked = make_image(alice), curated(alice, mona)
    suggest(image, "heron")
    asker = Asker(bob, COMMUNITY, random.Random(1), make_tag("heron"))
    assert suggested_pairs(asker, 5) and find_gold(asker)
    trash(image, checked)

    assert not suggested_pairs(asker, 5)
    assert find_gold(asker) is None
    assert find_uncertain(Asker(bob, COMMUNITY, random.Random(1))) is None
    assert tags_waiting(bob) == []


def test_an_open_question_about_it_lapses(alice: User, bob: User) -> None:
    image = make_image(alice)
    task = ReviewTask.objects.create(person=bob, image=image, tag=make_tag("heron"), kind="gold")
    trash(image)
    with pytest.raises(QuestionLapsed):
        answer_question(person=bob, task_id=task.pk, value="yes")
    assert not Vote.objects.exists()


def test_moderators_have_nothing_to_decide_about_it(
    alice: User, mona: User, client: Client
) -> None:
    image = make_image(alice, title="Gone")
    row = add_tag(person=alice, image=image, name="heron")
    trash(image)
    client.force_login(mona)

    page = client.get("/admin/tagging/imagetag/").content.decode()
    assert f"/images/{image.pk}/" not in page
    assert "heron (" not in page
    assert approve_tags(moderator=mona, image_tags=[row]).changed == 0
    history = client.get("/admin/tagging/tagevent/").content.decode()
    assert "in the trash" in history and "Gone" not in history


def test_votes_on_it_come_of_age_when_it_is_back(alice: User, bob: User, settings: object) -> None:
    settings.EYES_POLICY = "public"  # type: ignore[attr-defined]
    image = make_image(alice)
    add_tag(person=bob, image=image, name="heron")
    Vote.objects.update(created_at=timezone.now() - timedelta(hours=PUBLIC.vote_age_hours + 1))
    trash(image)
    assert count_votes_of_age() == (0, False)
    restore_from_trash(images=Image.with_trash.all(), by=alice)
    assert count_votes_of_age() == (1, False)


def test_its_tags_follow_a_merge_and_are_settled(alice: User, mona: User) -> None:
    image = make_image(alice)
    add_tag(person=alice, image=image, name="cat")
    add_tag(person=alice, image=image, name="kitty")
    trash(image)
    merge_tags(moderator=mona, tag=make_tag("kitty"), into=make_tag("cat"))
    rename_tag(moderator=mona, tag=make_tag("cat"), name="house cat")
    restore_from_trash(images=Image.with_trash.all(), by=alice)
    rows = ImageTag.objects.filter(image=image).values_list("tag__name", "state")
    assert list(rows) == [("house cat", "confirmed")]


def test_its_vector_stays_until_it_goes_for_good(alice: User, bob: User) -> None:
    image = make_image(alice)
    copy = make_image(bob, sha256=image.sha256)
    content = Content.objects.create(
        sha256=image.sha256, dhash=image.dhash, group=TwinGroup.objects.create()
    )
    vector = np.zeros(4, "<f2").tobytes()
    Embedding.objects.create(content=content, backbone="efficientnet_lite0", vector=vector)
    trash(image)
    Image.objects.filter(pk=copy.pk).delete()

    assert collect_garbage(image.sha256) is False
    Image.with_trash.all().delete()
    assert collect_garbage(image.sha256) is True
    assert not Embedding.objects.exists()


def test_a_restored_photo_is_looked_at_again(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    images = [make_image(alice) for _ in range(3)]
    trash(*images)
    with django_capture_on_commit_callbacks(execute=True):
        restore_from_trash(images=Image.with_trash.all(), by=alice)
    waiting = TaggingRequest.objects.waiting().values_list("image", flat=True)
    assert set(waiting) == {image.pk for image in images}
