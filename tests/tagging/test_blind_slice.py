"""Precision and recall from answers of people who did not know what the network said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from gallery.models import Image, User, Visibility
from tagging.blind import blind_figures, blind_photos, count_blind_pairs
from tagging.models import (
    ClosedWorld,
    FullyTagged,
    ImageTag,
    ModelVersion,
    ReviewKind,
    ReviewTask,
    TagState,
    Vote,
    VoteValue,
)
from tagging.services.vocabulary import rename_tag
from tests.tagging.cast import make_image, make_tag, pass_golds, suggest

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(db: None) -> ModelVersion:
    """A version that has learnt two words."""
    return ModelVersion.objects.create(number=1, labels=["heron", "stork"])


def answer(
    person: User,
    version: ModelVersion,
    stratum: str,
    value: str,
    kind: str = ReviewKind.BLIND,
    image: Image | None = None,
) -> ReviewTask:
    """Return a question that this person was asked, and the answer."""
    return ReviewTask.objects.create(
        person=person,
        image=image or make_image(person),
        tag=make_tag("heron"),
        kind=kind,
        version=version,
        stratum=stratum,
        value=value,
        answered_at=timezone.now() if value else None,
    )


def test_without_answers_nothing_is_said(version: ModelVersion) -> None:
    figures = blind_figures(version)
    assert (figures.precision, figures.recall, figures.answers) == (None, None, 0)


def test_precision_is_the_share_of_yes_among_what_is_shown(
    alice: User, version: ModelVersion
) -> None:
    for value in ["yes"] * 9 + ["no", "unsure", ""]:
        answer(alice, version, "shown", value)
    answer(alice, version, "silent", "no")
    answer(alice, version, "", "no", kind=ReviewKind.UNCERTAIN)
    answer(alice, version, "shown", "no", kind=ReviewKind.GOLD)
    answer(alice, ModelVersion.objects.bootstrap(), "shown", "no")
    figures = blind_figures(version)
    assert (figures.shown_answers, figures.answers) == (10, 11)
    assert figures.precision is not None
    assert figures.precision.value == 0.9
    assert figures.precision.low == pytest.approx(0.596, abs=1e-3)


def test_only_people_whose_votes_weigh_anything_count_where_votes_are_weighed(
    alice: User, bob: User, version: ModelVersion, settings: Settings
) -> None:
    for _ in range(4):
        answer(alice, version, "shown", "yes")
        answer(bob, version, "shown", "no")
    assert blind_figures(version).shown_answers == 8
    settings.EYES_POLICY = "public"
    assert blind_figures(version).answers == 0
    pass_golds(alice)
    figures = blind_figures(version)
    assert figures.shown_answers == 4
    assert figures.precision is not None and figures.precision.value == 1.0


def test_answers_can_be_read_as_they_stood_at_a_moment(alice: User, version: ModelVersion) -> None:
    early = answer(alice, version, "shown", "no")
    answer(alice, version, "shown", "yes")
    yesterday = timezone.now() - timedelta(days=1)
    ReviewTask.objects.filter(pk=early.pk).update(answered_at=yesterday)
    assert blind_figures(version, until=yesterday).shown_answers == 1


def test_recall_weighs_each_stratum_with_its_true_number_of_pairs(
    alice: User, version: ModelVersion
) -> None:
    for stratum, values in {
        "shown": ["yes"] * 9 + ["no"],
        "offered": ["yes", "no"],
        "silent": ["yes"] + ["no"] * 9,
    }.items():
        for value in values:
            answer(alice, version, stratum, value)
    assert blind_figures(version).recall is None, "nobody has counted the pairs yet"
    version.blind_pairs = {"shown": 100, "offered": 40, "silent": 1000}
    recall = blind_figures(version).recall
    assert recall is not None
    assert recall.value == pytest.approx(90 / (90 + 20 + 100))
    assert recall.low < recall.value < recall.high


def test_only_photos_that_taught_nothing_are_asked_about_blindly(alice: User, mona: User) -> None:
    heron = make_tag("heron")
    plain, open_tag = make_image(alice), make_image(alice)
    ImageTag.objects.create(image=open_tag, tag=heron, state=TagState.CONFIRMED)
    decided, rejected, sorted_in, marked = (make_image(alice) for _ in range(4))
    ImageTag.objects.create(image=decided, tag=heron, state=TagState.CURATED)
    ImageTag.objects.create(image=rejected, tag=heron, state=TagState.REJECTED, decided_by=mona)
    ClosedWorld.objects.create(name="birds").images.add(sorted_in)
    FullyTagged.objects.create(image=marked, by=mona)
    make_image(alice, visibility=Visibility.PRIVATE)
    make_image(alice, hidden_at=timezone.now())
    assert set(blind_photos()) == {plain, open_tag}


def test_the_pairs_of_each_stratum_are_counted(alice: User, version: ModelVersion) -> None:
    photos = [make_image(alice) for _ in range(5)]
    suggest(photos[0], "heron")
    suggest(photos[1], "heron", is_shown=False)
    suggest(photos[2], "heron")
    suggest(photos[2], "sofa")
    ImageTag.objects.create(image=photos[2], tag=make_tag("heron"), state=TagState.CONFIRMED)
    Vote.objects.create(
        image=photos[3], tag=make_tag("heron"), person=alice, value=VoteValue.UNSURE
    )
    make_tag("stork")
    assert count_blind_pairs(version=version) == {"shown": 1, "offered": 1, "silent": 6}
    answer(alice, version, "shown", "yes", image=photos[2])
    assert count_blind_pairs(version=version) == {"shown": 2, "offered": 1, "silent": 6}
    version.refresh_from_db()
    assert version.blind_pairs["shown"] == 2


def test_words_that_may_not_be_said_are_not_counted(alice: User, version: ModelVersion) -> None:
    make_image(alice)
    make_tag("heron")
    stork = make_tag("stork")
    stork.is_blocked = True
    stork.save()
    assert count_blind_pairs(version=version) == {"shown": 0, "offered": 0, "silent": 1}


def test_a_version_that_learnt_nothing_has_no_pairs(alice: User) -> None:
    make_image(alice)
    bootstrap = ModelVersion.objects.bootstrap()
    assert count_blind_pairs(version=bootstrap) == {"shown": 0, "offered": 0, "silent": 0}
    assert blind_figures(bootstrap).recall is None


def test_a_thousand_answers_are_read_in_one_query(
    alice: User, version: ModelVersion, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        answer(alice, version, "shown", "yes")
    with django_assert_num_queries(1):
        blind_figures(version)


def test_a_tag_that_was_renamed_since_it_was_learnt_is_still_counted(
    alice: User, mona: User, version: ModelVersion
) -> None:
    heron, _ = make_tag("heron"), make_tag("stork")
    suggest(make_image(alice), "heron")
    make_image(alice)
    before = count_blind_pairs(version=version)
    rename_tag(moderator=mona, tag=heron, name="grey heron")
    assert count_blind_pairs(version=version) == before
    assert before == {"shown": 1, "offered": 0, "silent": 3}
