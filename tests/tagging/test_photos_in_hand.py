"""What a worker has in hand is tagged or let go, also where names, rows or clocks mislead."""

from __future__ import annotations

import importlib
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from pytest_django import Settings

from gallery.models import User
from gallery.services.images import delete_image
from tagging.models import Embedding, NetworkState, TaggingRequest, TaggingWorker
from tagging.presence import NOT_SEEN, network_status
from tagging.processes import this_process
from tagging.services import batches
from tagging.services.requests import request_tagging
from tagging.services.suggestions import suggest_tags
from tagging.tasks import tag_image, tag_waiting
from tests.conftest import draw_photo, encode
from tests.tagging.network_cast import upload

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]


@pytest.fixture(autouse=True)
def network(network_store: Path) -> None:
    """Every test here has the real network."""


def uploads(owner: User, number: int) -> list[int]:
    """Return the ids of so many uploaded photos that wait for a worker."""
    ids = [upload(owner, encode(draw_photo(seed))).pk for seed in range(number)]
    for image_id in ids:
        request_tagging(image_id=image_id)
    return ids


def test_a_job_that_comes_a_second_time_tags_what_else_it_took(alice: User) -> None:
    ids = uploads(alice, 3)
    TaggingRequest.objects.filter(image=ids[0]).delete()
    assert tag_image(ids[0]).endswith("tagged by this job: 3.")
    assert Embedding.objects.count() == 3
    assert not TaggingRequest.objects.waiting().exists()


def test_a_job_whose_photo_is_deleted_after_it_looked_lets_go_of_the_others(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uploads(alice, 3)
    take = batches._take

    def delete_first(image_id: int | None) -> batches._Take:
        for image in alice.images.filter(pk=ids[0]):
            delete_image(image=image)
        return take(image_id)

    monkeypatch.setattr(batches, "_take", delete_first)
    tag_image(ids[0])
    assert Embedding.objects.count() == 2
    assert not TaggingRequest.objects.waiting().exists()


def test_a_worker_with_the_number_of_a_killed_one_does_not_answer_for_its_photos(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uploads(alice, 3)
    TaggingRequest.objects.exclude(image=ids[0]).delete()

    class PowerCut(BaseException):
        """Nothing runs after it."""

    def cut(*_: object, **__: object) -> None:
        raise PowerCut

    importlib.reload(batches)  # a process that has only just begun
    with monkeypatch.context() as patch:
        patch.setattr(batches, "_tag", cut)
        with pytest.raises(PowerCut):
            tag_image(ids[0])
    held = TaggingRequest.objects.get(image=ids[0])
    assert held.taken_by.startswith(this_process())
    importlib.reload(batches)
    for image_id in ids[1:]:
        request_tagging(image_id=image_id)
    tag_image(ids[1])
    assert list(TaggingRequest.objects.waiting()) == [held]


def test_what_was_taken_before_the_clock_was_set_back_is_free(
    alice: User, settings: Settings
) -> None:
    (image_id,) = uploads(alice, 1)
    until = timezone.now() + timedelta(seconds=3 * settings.EYES_JOB_TIMEOUT)
    held = TaggingRequest.objects.filter(image=image_id)
    held.update(taken_by="elsewhere:7#1", taken_until=until)
    assert tag_waiting().startswith("1 photo")
    assert Embedding.objects.count() == 1


def test_a_worker_that_was_seen_in_the_future_is_not_taken_for_present() -> None:
    later = timezone.now() + timedelta(hours=2)
    TaggingWorker.objects.create(process="lost:7", state=NetworkState.READY, seen_at=later)
    assert (network_status().network, network_status().workers) == (NOT_SEEN, 0)
    TaggingWorker.objects.remove_ended()
    assert not TaggingWorker.objects.exists()


def test_one_photo_at_a_time_where_the_batch_is_one(
    alice: User, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EYES_TAGGING_BATCH = 1
    ids = uploads(alice, 3)
    together: list[int] = []

    def count(*, image_ids: Collection[int]) -> int:
        together.append(len(image_ids))
        return suggest_tags(image_ids=image_ids)

    monkeypatch.setattr(batches, "suggest_tags", count)
    for image_id in ids:
        tag_image(image_id)
    assert together == [1, 1, 1]
    assert not TaggingRequest.objects.exists()
