"""Tagging the library anew: differences only, and never against a person's word."""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from gallery.models import Image, User
from tagging.classifier import current_classifier
from tagging.familiarity import Familiarity, unit_vectors
from tagging.head import Head
from tagging.models import ImageTag, ModelVersion, Suggestion, TagState
from tagging.registry import live_version
from tagging.services import suggestions
from tagging.services.embeddings import embed_images, embedding_matrix
from tagging.services.suggestions import retag_library, suggest_tags
from tagging.services.tags import find_or_create_tag
from tagging.services.versions import promote_version, roll_back
from tagging.tasks import retag_library as retag_job
from tagging.tasks import tag_image
from tagging.vocabulary import load_vocabulary
from tests.tagging.network_cast import altered, bundled, constant_head, publish, upload

pytestmark = [pytest.mark.network, pytest.mark.django_db]


@pytest.fixture
def coffee_photo(alice: User, network_store: Path) -> Image:
    """A photo that version 0 has tagged."""
    image = upload(alice, bundled("coffee.png"))
    tag_image(image.pk)
    return image


def go_live(store: Path, number: int, head: Head) -> ModelVersion:
    """Return a version that has just been promoted."""
    version = publish(store, number, head)
    promote_version(version=version, enqueue_retag=False)
    return version


def said_of(image: Image) -> dict[str, tuple[float, bool, int]]:
    """Return score, shown or not, and the number of the version by tag."""
    rows = image.suggestions.values_list("tag__name", "score", "is_shown", "version__number")
    return {name: (score, shown, number) for name, score, shown, number in rows}


def test_a_new_version_reaches_photos_that_are_there(
    coffee_photo: Image, network_store: Path
) -> None:
    before = said_of(coffee_photo)
    go_live(network_store, 1, constant_head(heron=0.95, bittern=0.7, stork=0.2))
    report = retag_library()
    assert said_of(coffee_photo) == {
        **before,
        "heron": (0.95, True, 1),
        "bittern": (0.7, False, 1),
    }
    assert (report.photos, report.added, report.removed, report.changed) == (1, 2, 0, 0)


def test_the_second_time_nothing_is_written(coffee_photo: Image, network_store: Path) -> None:
    go_live(network_store, 1, constant_head(heron=0.95))
    retag_library()
    rows = list(Suggestion.objects.order_by("pk").values())
    report = retag_library()
    assert (report.added, report.removed, report.changed) == (0, 0, 0)
    assert rows == list(Suggestion.objects.order_by("pk").values())


def test_where_both_know_a_tag_the_trained_head_speaks(
    coffee_photo: Image, network_store: Path
) -> None:
    assert said_of(coffee_photo)["coffee"][2] == 0
    go_live(network_store, 1, constant_head(coffee=0.97))
    retag_library()
    assert said_of(coffee_photo)["coffee"] == (0.97, True, 1)
    go_live(network_store, 2, constant_head(coffee=0.01))
    report = retag_library()
    assert "coffee" not in said_of(coffee_photo)
    assert report.removed >= 1


def test_of_a_photo_like_nothing_it_learnt_a_head_is_silent_and_the_first_day_speaks(
    alice: User, coffee_photo: Image, network_store: Path
) -> None:
    before = said_of(coffee_photo)
    cat = upload(alice, bundled("chelsea.png"))
    suggest_tags(image_ids=[cat.pk])
    _, vectors = embedding_matrix([cat.pk], "efficientnet_lite0")
    has_seen_cats = Familiarity(unit_vectors(vectors, 1280), floor=0.8)
    head = constant_head(heron=0.95, coffee=0.01, cat=0.97)
    go_live(network_store, 1, replace(head, familiarity=has_seen_cats))
    retag_library()
    assert said_of(coffee_photo) == before
    assert said_of(cat)["cat"] == (0.97, True, 1)
    assert said_of(cat)["heron"] == (0.95, True, 1)
    told = current_classifier().tag(embedding_matrix([coffee_photo.pk], "efficientnet_lite0")[1])
    names = [scored.tag for scored in told[0]]
    assert len(names) == len(set(names)), "each tag is told once"
    assert {"heron", "cat", "coffee"} <= set(names), "its scores are told all the same"


def test_rolling_back_restores_what_was_said(coffee_photo: Image, network_store: Path) -> None:
    before = said_of(coffee_photo)
    go_live(network_store, 1, constant_head(heron=0.95, coffee=0.02))
    retag_library()
    roll_back()
    retag_library()
    assert said_of(coffee_photo) == before


def test_a_rejected_tag_never_comes_back(
    coffee_photo: Image, mona: User, network_store: Path
) -> None:
    for name in ("coffee", "heron"):
        tag = find_or_create_tag(name=name)
        ImageTag.objects.create(
            image=coffee_photo, tag=tag, state=TagState.REJECTED, decided_by=mona
        )
    go_live(network_store, 1, constant_head(heron=0.99))
    retag_library()
    assert not {"coffee", "heron"} & said_of(coffee_photo).keys()
    assert ImageTag.objects.rejected().count() == 2


def test_what_people_decided_is_untouched(
    coffee_photo: Image, mona: User, network_store: Path
) -> None:
    for name, state in (("espresso", TagState.CURATED), ("cup", TagState.PENDING)):
        ImageTag.objects.create(
            image=coffee_photo, tag=find_or_create_tag(name=name), state=state, added_by=mona
        )
    before = list(ImageTag.objects.order_by("pk").values())
    go_live(network_store, 1, constant_head(espresso=0.01, cup=0.99))
    retag_library()
    assert list(ImageTag.objects.order_by("pk").values()) == before


def test_words_that_no_machine_may_say_are_not_said_by_a_trained_head_either(
    coffee_photo: Image, network_store: Path
) -> None:
    word = sorted(load_vocabulary().never_show)[0]
    go_live(network_store, 1, constant_head(**{word: 0.99, "heron": 0.99}))
    retag_library()
    assert "heron" in said_of(coffee_photo)
    assert word not in said_of(coffee_photo)


def test_photos_without_a_vector_are_embedded_on_the_way(alice: User, network_store: Path) -> None:
    image = upload(alice, bundled("chelsea.png"))
    assert "photos: " in retag_job() and said_of(image)["cat"][1]


def test_re_tagging_asks_the_database_the_same_number_of_times_for_more_photos(
    alice: User, network_store: Path
) -> None:
    coffee = bundled("coffee.png")
    counts = []
    for turns in (2, 6):
        for turn in range(turns):
            upload(alice, altered(coffee, lambda picture, t=turn: picture.rotate(t * 25)))
        go_live(network_store, turns, constant_head(heron=0.95))
        embed_images(image_ids=list(Image.objects.values_list("pk", flat=True)))
        retag_library()
        Suggestion.objects.all().delete()
        with CaptureQueriesContext(connection) as queries:
            retag_library()
        counts.append(len(queries))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_ten_promotions_while_photos_are_tagged_fail_nothing(
    alice: User, network_store: Path
) -> None:
    coffee = bundled("coffee.png")
    images = [
        upload(alice, altered(coffee, lambda picture, t=turn: picture.rotate(t * 30)))
        for turn in range(12)
    ]
    versions = [
        publish(network_store, number, constant_head(heron=0.95, **{f"bird {number}": 0.95}))
        for number in range(1, 11)
    ]
    failures: list[BaseException] = []

    def tag_all() -> None:
        try:
            for image in images:
                suggest_tags(image_ids=[image.pk])
        except BaseException as error:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(error)
        finally:
            connections.close_all()

    worker = threading.Thread(target=tag_all)
    worker.start()
    for version in versions:
        promote_version(version=version, enqueue_retag=False)
    worker.join()
    assert failures == []
    assert live_version().number == 10
    retag_library()
    for image in images:
        said = said_of(image)
        assert said["bird 10"] == (0.95, True, 10)
        assert not any(name.startswith("bird ") for name in said if name != "bird 10")


def test_a_photo_deleted_in_the_middle_of_the_job_ends_quietly(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, other = upload(alice, bundled("coffee.png")), upload(alice, bundled("chelsea.png"))
    ids = [image.pk, other.pk]
    real = suggestions.embedding_matrices

    def delete_after_reading(image_ids: list[int], backbones: tuple[str, ...]) -> object:
        answer = real(image_ids, backbones)
        Image.objects.filter(pk=image.pk).delete()
        return answer

    monkeypatch.setattr(suggestions, "embedding_matrices", delete_after_reading)
    assert suggest_tags(image_ids=ids) > 0
    assert set(Suggestion.objects.values_list("image", flat=True)) == {other.pk}


def test_tagging_one_photo_leaves_the_others_alone(
    coffee_photo: Image, alice: User, network_store: Path
) -> None:
    before = list(coffee_photo.suggestions.order_by("pk").values())
    other = upload(alice, bundled("chelsea.png"))
    tag_image(other.pk)
    assert list(coffee_photo.suggestions.order_by("pk").values()) == before


def test_a_promotion_in_the_middle_of_a_job_is_followed(
    coffee_photo: Image, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    real = suggestions.embedding_matrices

    def promote_after_reading(image_ids: list[int], backbones: tuple[str, ...]) -> object:
        if live_version() != version:
            promote_version(version=version, enqueue_retag=False)
        return real(image_ids, backbones)

    monkeypatch.setattr(suggestions, "embedding_matrices", promote_after_reading)
    tag_image(coffee_photo.pk)
    assert said_of(coffee_photo)["heron"] == (0.95, True, 1)


def test_chunks_that_were_scored_ahead_are_said_anew_by_a_version_promoted_meanwhile(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    coffee = bundled("coffee.png")
    for turn in range(4):
        upload(alice, altered(coffee, lambda picture, t=turn: picture.rotate(t * 25)))
    retag_library()
    version = publish(network_store, 1, constant_head(heron=0.95))
    monkeypatch.setattr(suggestions, "CHUNK", 1)
    done: list[tuple[int, int]] = []

    def promote_after_the_second(photos: int, of: int) -> None:
        done.append((photos, of))
        if photos == 2:
            promote_version(version=version, enqueue_retag=False)

    retag_library(progress=promote_after_the_second)
    assert done == [(1, 4), (2, 4), (3, 4), (4, 4)]
    said = ["heron" in said_of(image) for image in Image.objects.order_by("pk")]
    assert said == [False, False, True, True]
