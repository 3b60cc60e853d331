"""From an upload to suggestions with the real network, and the vectors it leaves."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
import pytest
from django_q.models import OrmQ
from PIL import Image as PillowImage
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.models import Image, User
from gallery.services.images import delete_image
from tagging.models import Content, Embedding, ImageTag, Suggestion, Tag, TagState, TwinGroup
from tagging.services import embeddings
from tagging.services.embeddings import collect_garbage, embed_images, embedding_matrix
from tagging.services.suggestions import suggest_tags
from tagging.services.tags import find_or_create_tag
from tagging.tasks import tag_image
from tests.tagging.network_cast import altered, bundled, upload

pytestmark = [pytest.mark.network, pytest.mark.django_db]


@pytest.mark.parametrize(
    ("name", "first"), [("coffee.png", "coffee"), ("chelsea.png", "cat"), ("rocket.jpg", "rocket")]
)
def test_a_fresh_install_names_what_a_photo_shows(
    alice: User, network_store: Path, name: str, first: str
) -> None:
    image = upload(alice, bundled(name))
    tag_image(image.pk)
    assert Tag.objects.get(name=first).photos_by_network == 1, "explore shows it at once"
    suggestion = image.suggestions.shown().select_related("tag", "version").first()
    assert suggestion is not None
    assert suggestion.tag.name == first
    assert suggestion.score > 0.35
    assert suggestion.version.number == 0
    assert suggestion.source == Suggestion.Source.BOOTSTRAP


def test_publishing_a_photo_asks_a_worker_to_tag_it(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        image = upload(alice, bundled("coffee.png"), announce=True)
    asked = [(job.func(), job.task["args"]) for job in OrmQ.objects.all()]
    assert ("tagging.tasks.tag_image", (image.pk,)) in asked


def test_a_job_that_runs_twice_changes_nothing_the_second_time(
    alice: User, network_store: Path
) -> None:
    image = upload(alice, bundled("coffee.png"))
    tag_image(image.pk)
    before = list(Suggestion.objects.order_by("pk").values())
    tag_image(image.pk)
    assert before == list(Suggestion.objects.order_by("pk").values())
    assert Embedding.objects.count() == 1


def test_a_job_for_a_deleted_photo_ends_quietly(alice: User, network_store: Path) -> None:
    image = upload(alice, bundled("coffee.png"))
    pk = image.pk
    image.delete()
    assert tag_image(pk) == f"Photo {pk} is gone."
    assert suggest_tags(image_ids=[pk]) == 0


def test_a_photo_deleted_while_it_is_embedded_leaves_nothing(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, other = upload(alice, bundled("coffee.png")), upload(alice, bundled("chelsea.png"))
    hold = embeddings.hold_twin_groups

    def delete_before_holding() -> AbstractContextManager[None]:
        Image.objects.filter(sha256=image.sha256).delete()
        return hold()

    monkeypatch.setattr(embeddings, "hold_twin_groups", delete_before_holding)
    assert embed_images(image_ids=[image.pk, other.pk]).embedded == 1
    assert [content.sha256 for content in Content.objects.all()] == [other.sha256]


def test_a_photo_whose_file_is_broken_stops_no_other(alice: User, network_store: Path) -> None:
    broken = upload(alice, bundled("coffee.png"))
    broken.original_path.write_bytes(b"no photo any more")
    whole = upload(alice, bundled("chelsea.png"))
    report = embed_images(image_ids=[broken.pk, whole.pk])
    assert report.embedded == 1
    assert report.unreadable == {broken.pk: "This is a text file, not a photo."}
    assert suggest_tags(image_ids=[broken.pk, whole.pk]) > 0
    assert not broken.suggestions.exists()


def test_the_same_bytes_of_two_people_share_vector_and_group(
    alice: User, bob: User, network_store: Path
) -> None:
    hers, his = upload(alice, bundled("coffee.png")), upload(bob, bundled("coffee.png"))
    report = embed_images(image_ids=[hers.pk, his.pk])
    assert (report.embedded, report.already) == (1, 1)
    assert Content.objects.count() == Embedding.objects.count() == 1
    ids, vectors = embedding_matrix([his.pk, hers.pk], "efficientnet_lite0")
    assert ids == sorted([hers.pk, his.pk])
    assert vectors.dtype == np.float16
    assert (vectors[0] == vectors[1]).all()


def test_bytes_are_forgotten_with_their_last_photo(
    alice: User,
    bob: User,
    network_store: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    hers, his = upload(alice, bundled("coffee.png")), upload(bob, bundled("coffee.png"))
    embed_images(image_ids=[hers.pk])
    with django_capture_on_commit_callbacks(execute=True):
        delete_image(image=hers)
    assert Content.objects.count() == 1
    with django_capture_on_commit_callbacks(execute=True):
        delete_image(image=his)
    assert not Content.objects.exists()
    assert not Embedding.objects.exists()
    assert not TwinGroup.objects.exists()
    assert collect_garbage("0" * 64) is False


def test_resized_recompressed_and_cropped_copies_are_twins_and_others_are_not(
    alice: User, network_store: Path
) -> None:
    cat = bundled("chelsea.png")

    def crop(picture: PillowImage.Image) -> PillowImage.Image:
        side = (round(picture.width * 0.02), round(picture.height * 0.02))
        return picture.crop((*side, picture.width - side[0], picture.height - side[1]))

    family = [
        cat,
        altered(cat, lambda picture: picture),
        altered(cat, lambda picture: picture.resize((picture.width // 2, picture.height // 2))),
        altered(cat, crop),
    ]
    others = [bundled(name) for name in ("coffee.png", "astronaut.png", "brick.png", "grass.png")]
    images = [upload(alice, data) for data in [*others, *family]]
    embed_images(image_ids=[image.pk for image in images])
    groups = [Content.objects.get(sha256=image.sha256).group_id for image in images]
    assert len(set(groups[len(others) :])) == 1
    assert len(set(groups)) == len(others) + 1


def test_a_rejected_tag_is_never_suggested_again(
    alice: User, mona: User, network_store: Path
) -> None:
    image = upload(alice, bundled("coffee.png"))
    coffee = find_or_create_tag(name="coffee")
    ImageTag.objects.create(image=image, tag=coffee, state=TagState.REJECTED, decided_by=mona)
    tag_image(image.pk)
    assert not Suggestion.objects.filter(tag=coffee).exists()


@pytest.mark.parametrize("field", ["never_show", "is_blocked"])
def test_a_silenced_tag_is_never_suggested(alice: User, network_store: Path, field: str) -> None:
    coffee = find_or_create_tag(name="coffee")
    setattr(coffee, field, True)
    coffee.save()
    image = upload(alice, bundled("coffee.png"))
    tag_image(image.pk)
    assert not Suggestion.objects.filter(tag=coffee).exists()


def test_more_photos_than_one_batch_are_all_embedded(alice: User, network_store: Path) -> None:
    coffee = bundled("coffee.png")
    ids = [
        upload(alice, altered(coffee, lambda picture, turn=turn: picture.rotate(turn * 9))).pk
        for turn in range(18)
    ]
    done: list[int] = []
    report = embed_images(image_ids=ids, progress=done.append)
    assert report.embedded == 18 == sum(done)
    assert embed_images(image_ids=ids).already == 18
    assert embedding_matrix(ids, "efficientnet_lite0")[1].shape == (18, 1792)
    assert Image.objects.count() == 18
