"""A stored dataset can be had again from the database, or the command says what has changed."""

from __future__ import annotations

import gzip
import io

import pytest
from django.core.management import CommandError, call_command

from gallery.models import Image, User
from tagging.models import ImageTag, TwinGroup
from tagging.policy import COMMUNITY
from tagging.services.curation import reject_tags
from tests.training.classroom import BACKBONE, teach_world
from training.models import DatasetVersion
from training.snapshot import store_snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def photos(alice: User) -> dict[str, list[Image]]:
    return teach_world(alice, ["cat", "dog", "lamp"])


@pytest.fixture
def dataset(photos: dict[str, list[Image]]) -> DatasetVersion:
    return store_snapshot(COMMUNITY, BACKBONE)[1]


def verify(dataset: DatasetVersion, *more: str) -> str:
    out = io.StringIO()
    call_command("verify_dataset", str(dataset.pk), *more, stdout=out)
    return out.getvalue()


def differences(dataset: DatasetVersion) -> list[str]:
    out = io.StringIO()
    with pytest.raises(CommandError, match="differs") as told:
        call_command("verify_dataset", str(dataset.pk), stdout=out)
    assert told.value.returncode == 1
    return out.getvalue().splitlines()


def test_a_dataset_taken_again_has_the_same_bytes(dataset: DatasetVersion) -> None:
    assert "to the byte" in verify(dataset)
    assert DatasetVersion.objects.count() == 1


def test_a_photo_taken_back_is_named(
    dataset: DatasetVersion, photos: dict[str, list[Image]]
) -> None:
    gone = photos["cat"][0]
    Image.objects.filter(pk=gone.pk).update(teaches=False)
    assert differences(dataset) == [f"1 photo is no longer in it: {gone.sha256[:12]}."]


def test_new_photos_changed_answers_and_tags_are_told(
    dataset: DatasetVersion, photos: dict[str, list[Image]], alice: User, mona: User
) -> None:
    teach_world(alice, ["cat"], each=5, first=100)
    doubted = photos["dog"][0]
    reject_tags(moderator=mona, image_tags=ImageTag.objects.filter(image=doubted))
    ImageTag.objects.filter(tag__name="lamp").delete()
    told = differences(dataset)
    assert told[0] == "The tag “lamp” is no longer in it: nobody curates it."
    assert told[1].startswith("24 photos are no longer in it: ")
    assert told[1].endswith(", ….")
    assert told[2].startswith("5 photos are new: ")
    assert f"1 photo is sorted among other tags: {doubted.sha256[:12]}." in told
    assert f"1 photo is answered in another way: {doubted.sha256[:12]}." in told


def test_a_side_that_was_tampered_with_is_told(dataset: DatasetVersion) -> None:
    group = TwinGroup.objects.filter(side="test").first()
    assert group is not None
    TwinGroup.objects.filter(pk=group.pk).update(side="train")
    sha256 = group.contents.get().sha256
    assert differences(dataset) == [f"1 photo is on another side of the split: {sha256[:12]}."]


def test_when_everything_is_gone_that_is_said(dataset: DatasetVersion) -> None:
    Image.objects.all().delete()
    assert differences(dataset) == [
        "Nothing could be learnt now: No curated tag is on any photo yet."
    ]


def test_a_manifest_that_was_tampered_with_is_told(dataset: DatasetVersion) -> None:
    text = gzip.decompress(bytes(dataset.manifest)).replace(b'"test"', b'"train"', 1)
    DatasetVersion.objects.update(manifest=gzip.compress(text))
    out = io.StringIO()
    with pytest.raises(CommandError):
        call_command("verify_dataset", str(dataset.pk), stdout=out)
    assert "not the one that was stored" in out.getvalue()


def test_damage_an_unknown_number_and_an_unknown_backbone_have_their_own_words(
    dataset: DatasetVersion,
) -> None:
    with pytest.raises(CommandError, match="There is no backbone") as told:
        verify(dataset, "--backbone", "resnet")
    assert told.value.returncode == 2
    with pytest.raises(CommandError, match="There is no dataset 999") as told:
        call_command("verify_dataset", "999")
    assert told.value.returncode == 4
    DatasetVersion.objects.update(manifest=b"no")
    with pytest.raises(CommandError, match="manifest is damaged") as told:
        verify(dataset)
    assert told.value.returncode == 1
