"""Precision and recall from answers of people who did not know what the network said."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from gallery.models import Image, User, Visibility
from tagging.blind import blind_figures, count_blind_pairs
from tagging.blind_slice import STRATA, BlindSlice, untaught_photos
from tagging.models import (
    ClosedWorld,
    FullyTagged,
    ImageTag,
    ModelVersion,
    ReviewKind,
    ReviewTask,
    Suggestion,
    Tag,
    TagState,
    Vote,
    VoteValue,
)
from tagging.policy import COMMUNITY, PUBLIC
from tagging.reviewing.blind_draw import probe_photos
from tagging.reviewing.sources import Asker
from tagging.services.vocabulary import rename_tag
from tagging.services.votes import cast_vote, withdraw_vote
from tests.tagging.cast import make_image, make_people, make_tag, pass_golds, suggest

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
    figures = blind_figures(version, COMMUNITY)
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
    figures = blind_figures(version, COMMUNITY)
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
    assert blind_figures(version, PUBLIC).answers == 0, "nobody was tested yet"
    pass_golds(alice)
    pass_golds(bob, right=10, wrong=10)
    figures = blind_figures(version, PUBLIC)
    assert figures.precision is not None
    assert (figures.precision.value, figures.shown_answers) == (1.0, 4)
    assert blind_figures(version, COMMUNITY).shown_answers == 8


def test_among_strangers_nobody_is_heard_for_more_than_a_fifth_of_what_it_takes(
    alice: User, bob: User, version: ModelVersion
) -> None:
    pass_golds(alice)
    pass_golds(bob)
    for number in range(80):
        answer(alice, version, "shown", "no" if number % 4 else "yes")
    for _ in range(10):
        answer(bob, version, "shown", "yes")
    figures = blind_figures(version, PUBLIC)
    assert figures.precision is not None
    assert (figures.shown_answers, figures.precision.value) == (50, 20 / 50)
    assert blind_figures(version, COMMUNITY).shown_answers == 90


def test_answers_can_be_read_as_they_stood_at_a_moment(alice: User, version: ModelVersion) -> None:
    early = answer(alice, version, "shown", "no")
    answer(alice, version, "shown", "yes")
    yesterday = timezone.now() - timedelta(days=1)
    ReviewTask.objects.filter(pk=early.pk).update(answered_at=yesterday)
    assert blind_figures(version, COMMUNITY, until=yesterday).shown_answers == 1


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
    assert blind_figures(version, COMMUNITY).recall is None, "nobody has counted the pairs yet"
    version.blind_pairs = {"shown": 100, "offered": 40, "silent": 1000}
    recall = blind_figures(version, COMMUNITY).recall
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
    assert set(untaught_photos()) == {plain, open_tag}


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


def test_on_the_first_day_what_is_suggested_anywhere_is_counted(alice: User) -> None:
    bootstrap = ModelVersion.objects.bootstrap()
    image = make_image(alice)
    assert count_blind_pairs(version=bootstrap) == {"shown": 0, "offered": 0, "silent": 0}
    suggest(image, "heron")
    make_image(alice)
    assert count_blind_pairs(version=bootstrap) == {"shown": 1, "offered": 0, "silent": 1}


def test_a_label_counts_as_the_tag_that_it_means_now(alice: User, version: ModelVersion) -> None:
    make_image(alice)
    grey = make_tag("grey heron")
    Tag.objects.create(name="heron", slug="heron", alias_of=grey)
    assert BlindSlice.of(version).tags == (grey.pk,)
    assert count_blind_pairs(version=version) == {"shown": 0, "offered": 0, "silent": 1}


def test_an_answer_that_was_taken_back_is_no_second_pair(
    alice: User, bob: User, version: ModelVersion
) -> None:
    image = make_image(alice)
    make_tag("heron")
    cast_vote(person=bob, image=image, tag=make_tag("heron"), value="yes")
    answer(bob, version, "silent", "yes", image=image)
    assert count_blind_pairs(version=version)["silent"] == 1
    withdraw_vote(person=bob, image=image, tag=make_tag("heron"))
    assert count_blind_pairs(version=version)["silent"] == 1


@pytest.mark.parametrize("preset", ["community", "public"])
@pytest.mark.parametrize("seed", range(6))
def test_what_is_counted_is_what_can_be_drawn(
    seed: int, preset: str, settings: Settings, version: ModelVersion
) -> None:
    """Any library at all: the strata counted are those that a stranger would be asked about."""
    settings.EYES_POLICY = preset
    owner, voter, moderator, stranger = make_people(4)
    earlier = ModelVersion.objects.create(number=2)
    random = Random(seed)
    names = ["heron", "stork", "sofa", "egret"]
    version.labels = ["heron", "egret", "stork", "woman", "silenced"]
    tags = [make_tag(name) for name in names]
    for name in ("woman", "silenced"):
        make_tag(name)
    Tag.objects.filter(name="silenced").update(never_show=True)
    Tag.objects.filter(name="egret").update(alias_of=tags[0])
    world = ClosedWorld.objects.create(name="birds")
    for _ in range(25):
        image = make_image(
            owner,
            visibility=random.choice([Visibility.PUBLIC] * 5 + [Visibility.PRIVATE]),
            hidden_at=timezone.now() if random.random() < 0.1 else None,
        )
        if random.random() < 0.1:
            world.images.add(image)
        if random.random() < 0.1:
            FullyTagged.objects.create(image=image, by=moderator)
        for tag in tags[:3]:
            if random.random() < 0.5:
                Suggestion.objects.create(
                    image=image,
                    tag=tag,
                    score=0.5,
                    is_shown=random.random() < 0.5,
                    version=random.choice([version, version, earlier]),
                    source=Suggestion.Source.TRAINED,
                )
            if random.random() < 0.3:
                Vote.objects.create(image=image, tag=tag, person=voter, value="unsure")
            if random.random() < 0.2:
                ImageTag.objects.create(
                    image=image,
                    tag=tag,
                    state=random.choice(list(TagState)),
                    decided_by=random.choice([None, None, moderator]),
                )
    probe = probe_photos(Asker.of(stranger), BlindSlice.of(version))
    drawn = {str(stratum): len(list(probe.pairs(stratum))) for stratum in STRATA}
    assert count_blind_pairs(version=version) == drawn
    assert all(drawn.values()), "a library in which a stratum is empty proves little"


def test_a_thousand_answers_are_read_in_one_query(
    alice: User, version: ModelVersion, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(5):
        answer(alice, version, "shown", "yes")
    with django_assert_num_queries(1):
        blind_figures(version, COMMUNITY)
    with django_assert_num_queries(2):
        blind_figures(version, PUBLIC)


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
