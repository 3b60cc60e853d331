"""Photos that wait are tagged by whichever job comes first, each once and none forgotten."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from django.db import connections
from django.utils import timezone
from django_q.exceptions import TimeoutException
from django_q.models import OrmQ
from pytest_django import DjangoAssertNumQueries, Settings

from gallery.models import Image, User
from gallery.services.images import delete_image
from tagging.engine import OnnxEngine
from tagging.models import Content, Embedding, Suggestion, TaggingRequest
from tagging.services import batches
from tagging.services.batches import MOST_TRIES
from tagging.services.requests import request_tagging
from tagging.services.suggestions import suggest_tags
from tagging.services.versions import promote_version
from tagging.tasks import tag_image, tag_waiting
from tests.conftest import draw_photo, encode
from tests.tagging.network_cast import bundled, constant_head, publish, upload

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]

SOON = 20


@pytest.fixture(autouse=True)
def network(network_store: Path) -> None:
    """Every test here has the real network."""


@pytest.fixture
def embedded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many photos went through the network, call by call, since it was opened."""
    calls: list[int] = []
    embed = OnnxEngine.embed

    def count(engine: OnnxEngine, images: np.ndarray) -> np.ndarray:
        calls.append(len(images))
        return embed(engine, images)

    batches.current_classifier()
    monkeypatch.setattr(OnnxEngine, "embed", count)
    return calls


def uploads(owner: User, number: int) -> list[int]:
    """Return the ids of so many uploaded photos that wait for a worker."""
    ids = [upload(owner, encode(draw_photo(seed))).pk for seed in range(number)]
    for image_id in ids:
        request_tagging(image_id=image_id)
    return ids


def told(image_id: int, tagged: int) -> str:
    """Return what a job says that tagged so many photos."""
    return f"Photo {image_id} is tagged; photos tagged by this job: {tagged}."


def in_thread(job: Callable[[], object]) -> threading.Thread:
    """Run a job as another worker would, and return the thread."""

    def run() -> None:
        try:
            job()
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def held_elsewhere(image_id: int, process: str, seconds: float) -> None:
    """Have a worker of this name hold the photo's request."""
    until = timezone.now() + timedelta(seconds=seconds)
    held = TaggingRequest.objects.filter(image=image_id)
    held.update(taken_by=f"{process}#1", taken_until=until, tries=1)


def test_one_job_tags_all_that_wait_and_their_own_jobs_end_at_once(
    alice: User, embedded: list[int], django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    ids = uploads(alice, 3)
    assert tag_image(ids[1]) == told(ids[1], 3)
    assert Embedding.objects.count() == 3
    assert embedded == [3]
    for image_id in (ids[0], ids[2]):
        with django_assert_max_num_queries(4):  # a look, and a transaction with one statement
            assert tag_image(image_id) == told(image_id, 0)
    assert embedded == [3]
    assert not TaggingRequest.objects.exists()


def test_each_upload_has_a_job_of_its_own(alice: User) -> None:
    ids = uploads(alice, 3)
    assert [job.task["args"] for job in OrmQ.objects.order_by("pk")] == [(pk,) for pk in ids]


def test_a_batch_is_bounded_and_takes_the_eldest_first(
    alice: User, embedded: list[int], settings: Settings
) -> None:
    settings.EYES_TAGGING_BATCH = 2
    ids = uploads(alice, 4)
    tag_image(ids[3])
    assert embedded == [2]
    left = TaggingRequest.objects.waiting().order_by("pk").values_list("pk", flat=True)
    assert list(left) == ids[1:3]
    settings.EYES_TAGGING_BATCH = 1
    tag_image(ids[1])
    assert embedded == [2, 1]


def test_a_photo_that_is_alone_waits_for_nobody(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    (image_id,) = uploads(alice, 1)
    pauses: list[float] = []
    monkeypatch.setattr(batches.time, "sleep", pauses.append)
    tag_image(image_id)
    assert pauses == []
    assert Embedding.objects.count() == 1


def test_where_photos_are_arriving_the_next_one_comes_along(
    alice: User, embedded: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uploads(alice, 2)

    def one_more(seconds: float) -> None:
        late = upload(alice, encode(draw_photo(77)))
        request_tagging(image_id=late.pk)

    monkeypatch.setattr(batches.time, "sleep", one_more)
    tag_image(ids[0])
    assert embedded == [3]


def test_two_workers_share_the_photos_and_embed_none_twice(
    alice: User, embedded: list[int], settings: Settings
) -> None:
    settings.EYES_TAGGING_BATCH = 3
    ids = uploads(alice, 12)

    def work(mine: list[int]) -> None:
        for image_id in mine:
            tag_image(image_id)
            assert Embedding.objects.filter(
                content__sha256=Image.objects.get(pk=image_id).sha256
            ).exists()

    workers = [in_thread(lambda part=ids[start::2]: work(part)) for start in (0, 1)]
    for worker in workers:
        worker.join()
    assert sum(embedded) == len(ids)
    assert Embedding.objects.count() == len(ids)
    assert not TaggingRequest.objects.exists()


def test_a_job_whose_photo_another_worker_has_in_hand_ends_when_that_is_tagged(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uploads(alice, 2)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(*, image_ids: Collection[int]) -> int:
        begun.set()
        assert go_on.wait(SOON)
        return suggest_tags(image_ids=image_ids)

    monkeypatch.setattr(batches, "suggest_tags", slowly)
    first = in_thread(lambda: tag_image(ids[0]))
    assert begun.wait(SOON)
    second = in_thread(lambda: tag_image(ids[1]))
    second.join(0.5)
    assert second.is_alive(), "its photo is not tagged yet"
    go_on.set()
    first.join(SOON)
    second.join(SOON)
    assert not second.is_alive()
    assert Embedding.objects.count() == 2


def test_what_a_killed_worker_held_is_tagged_without_waiting(alice: User) -> None:
    ids = uploads(alice, 2)
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    for image_id in ids:
        held_elsewhere(image_id, f"{socket.gethostname()[:64]}:{ended.pid}", 3600)
    assert tag_image(ids[0]) == told(ids[0], 2)


def test_what_a_lost_machine_held_is_tagged_when_no_job_could_still_be_at_it(alice: User) -> None:
    (image_id,) = uploads(alice, 1)
    held_elsewhere(image_id, "elsewhere:7", 0.6)
    started = time.monotonic()
    tag_image(image_id)
    assert time.monotonic() - started > 0.3
    assert Embedding.objects.count() == 1
    assert not TaggingRequest.objects.exists()


def test_a_photo_that_asks_again_while_it_is_tagged_is_tagged_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uploads(alice, 2)

    def ask_again(*, image_ids: Collection[int]) -> int:
        written = suggest_tags(image_ids=image_ids)
        request_tagging(image_id=ids[1])
        return written

    monkeypatch.setattr(batches, "suggest_tags", ask_again)
    tag_image(ids[0])
    monkeypatch.undo()
    assert [row.image_id for row in TaggingRequest.objects.waiting()] == [ids[1]]
    Suggestion.objects.all().delete()
    Content.objects.all().delete()
    tag_image(ids[1])
    assert Embedding.objects.count() == 1


@pytest.fixture
def poison(alice: User, monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A photo, first in the queue, that fails whatever job has it in hand."""
    (poisoned,) = uploads(alice, 1)

    def fail(*, image_ids: Collection[int]) -> int:
        if poisoned in image_ids:
            raise RuntimeError("The network does not like this one.")
        return suggest_tags(image_ids=image_ids)

    monkeypatch.setattr(batches, "suggest_tags", fail)
    yield poisoned


def test_a_photo_that_fails_a_batch_keeps_nobody_else_from_tags(alice: User, poison: int) -> None:
    others = [upload(alice, encode(draw_photo(seed))).pk for seed in range(10, 16)]
    for image_id in others:
        request_tagging(image_id=image_id)
    for image_id in others:
        tag_image(image_id)
    assert Embedding.objects.count() == len(others)
    row = TaggingRequest.objects.get()
    assert (row.image_id, row.tries, row.taken_until) == (poison, MOST_TRIES, None)
    with pytest.raises(RuntimeError, match="does not like"):
        tag_image(poison)
    assert TaggingRequest.objects.waiting().free().get().image_id == poison


def test_a_job_that_runs_into_its_time_limit_lets_go(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uploads(alice, 2)

    def too_slow(*, image_ids: Collection[int]) -> int:
        raise TimeoutException

    monkeypatch.setattr(batches, "suggest_tags", too_slow)
    with pytest.raises(TimeoutException):
        tag_image(ids[0])
    monkeypatch.undo()
    assert tag_image(ids[1]) == told(ids[1], 2)


def test_photos_that_are_deleted_or_unreadable_stop_no_other(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = uploads(alice, 4)
    gone, going, broken, whole = (Image.objects.get(pk=pk) for pk in ids)
    delete_image(image=gone)
    assert tag_image(ids[0]) == f"Photo {ids[0]} is gone."
    broken.original_path.write_bytes(b"no photo any more")

    def delete_before(*, image_ids: Collection[int]) -> int:
        assert sorted(image_ids) == ids[1:]
        delete_image(image=going)
        return suggest_tags(image_ids=image_ids)

    monkeypatch.setattr(batches, "suggest_tags", delete_before)
    tag_image(whole.pk)
    assert [content.sha256 for content in Content.objects.all()] == [whole.sha256]
    assert tag_image(broken.pk) == told(broken.pk, 0)
    assert not TaggingRequest.objects.exists()


def test_a_promotion_while_a_batch_is_in_hand_speaks_about_all_of_it(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [upload(alice, bundled(name)).pk for name in ("coffee.png", "chelsea.png")]
    for image_id in ids:
        request_tagging(image_id=image_id)

    def promote_first(*, image_ids: Collection[int]) -> int:
        version = publish(network_store, 1, constant_head(heron=0.95))
        promote_version(version=version, enqueue_retag=False)
        return suggest_tags(image_ids=image_ids)

    monkeypatch.setattr(batches, "suggest_tags", promote_first)
    tag_image(ids[0])
    spoken = Suggestion.objects.filter(tag__name="heron", version__number=1)
    assert sorted(spoken.values_list("image_id", flat=True)) == ids


def test_a_job_without_a_request_tags_its_photo(alice: User) -> None:
    image = upload(alice, bundled("coffee.png"))
    assert tag_image(image.pk) == told(image.pk, 1)
    assert image.suggestions.filter(tag__name="coffee").exists()


def test_photos_whose_jobs_were_lost_are_tagged_all_the_same(
    alice: User, poison: int, settings: Settings
) -> None:
    settings.EYES_TAGGING_BATCH = 4
    for seed in range(20, 30):
        request_tagging(image_id=upload(alice, encode(draw_photo(seed))).pk)
    OrmQ.objects.all().delete()
    for _ in range(MOST_TRIES + 1):
        tag_waiting()
    assert Embedding.objects.count() == 10
    assert [row.image_id for row in TaggingRequest.objects.waiting()] == [poison]
