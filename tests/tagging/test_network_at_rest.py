"""A worker says how its network is doing, and gives the memory back when nothing comes."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import DatabaseError, InterfaceError
from django.utils import timezone
from django_q import signals as queue_signals

from gallery.models import User
from tagging import registry
from tagging.classifier import holds_network, release_network
from tagging.engine import OnnxEngine
from tagging.models import NetworkState, TaggingWorker
from tagging.presence import Attendant, network_status
from tagging.processes import this_process
from tagging.services.requests import request_tagging
from tagging.tasks import tag_image
from tests.tagging.network_cast import bundled, upload

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]

SILENCE = 0.2


@pytest.fixture
def attendant(network_store: Path) -> Iterator[Attendant]:
    """Stands beside the jobs of this process, as in a worker; nothing is loaded yet."""
    release_network()
    beside = Attendant(SILENCE)
    thread = beside.begin()
    yield beside
    beside.end()
    thread.join(10)


def state() -> str:
    """Return what this process last said."""
    return str(TaggingWorker.objects.get(process=this_process()).state)


def soon(condition: Callable[[], bool]) -> bool:
    """Return whether the condition comes true within ten seconds."""
    deadline = time.monotonic() + 10
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.02)
    return condition()


def run_as_job(function: Callable[[], object]) -> None:
    """Do what a worker of the queue does around a job."""
    queue_signals.pre_execute.send(sender="test", func=function, task={})
    try:
        function()
    finally:
        queue_signals.post_execute_in_worker.send(sender="test", func=function, task={})


def test_the_network_loads_with_the_first_photo_and_goes_after_a_silence(
    attendant: Attendant, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    write = Attendant._write
    monkeypatch.setattr(
        Attendant, "_write", lambda self: (said.append(str(self.state)), write(self))[1]
    )
    assert (state(), holds_network()) == (NetworkState.UNLOADED, False)
    for name in ("coffee.png", "chelsea.png"):
        image = upload(alice, bundled(name))
        request_tagging(image_id=image.pk)
        run_as_job(lambda pk=image.pk: tag_image(pk))
        assert image.suggestions.exists()
        assert soon(lambda: state() == NetworkState.UNLOADED)
        assert not holds_network()
        assert not registry._engines
    assert said == 2 * ["loading", "ready", "unloaded"]


def test_the_network_stays_while_a_job_runs_however_long_it_takes(
    attendant: Attendant, alice: User
) -> None:
    image = upload(alice, bundled("coffee.png"))

    def long_job() -> None:
        tag_image(image.pk)
        time.sleep(4 * SILENCE)
        assert holds_network()
        assert state() == NetworkState.READY

    run_as_job(long_job)
    assert soon(lambda: not holds_network())


def test_zero_keeps_the_network_for_ever(network_store: Path, alice: User) -> None:
    beside = Attendant(0)
    image = upload(alice, bundled("coffee.png"))
    tag_image(image.pk)
    beside._idle_since -= 10_000
    beside._unload_if_idle()
    assert holds_network()


def test_a_network_of_tensorflow_stays_since_its_memory_would_not_come_back(
    network_store: Path, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = upload(alice, bundled("coffee.png"))
    tag_image(image.pk)
    monkeypatch.setattr(OnnxEngine, "name", registry.KERAS)
    assert release_network() is False
    assert holds_network()


def test_a_database_that_does_not_answer_stops_no_job(
    attendant: Attendant, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: object) -> None:
        raise DatabaseError("gone away")

    monkeypatch.setattr(TaggingWorker.objects, "update_or_create", fail)
    image = upload(alice, bundled("coffee.png"))
    run_as_job(lambda: tag_image(image.pk))
    assert image.suggestions.exists()


def test_a_worker_that_starts_while_the_database_is_away_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise InterfaceError("connection already closed")

    monkeypatch.setattr(TaggingWorker.objects, "remove_ended", fail)
    monkeypatch.setattr(TaggingWorker.objects, "update_or_create", fail)
    beside = Attendant(0)
    thread = beside.begin()
    assert thread.is_alive()
    beside.end()
    thread.join(10)


def test_a_network_that_cannot_be_opened_is_not_said_to_be_loading_for_ever(
    attendant: Attendant, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = upload(alice, bundled("coffee.png"))

    def fail(*_: object) -> None:
        raise RuntimeError("no weights")

    monkeypatch.setattr("tagging.engine.open_engine", fail)
    with pytest.raises(RuntimeError, match="no weights"):
        run_as_job(lambda: tag_image(image.pk))
    assert state() == NetworkState.UNLOADED


def test_rows_of_ended_processes_go_when_the_next_one_starts(network_store: Path) -> None:
    host = this_process().rpartition(":")[0]
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    old = timezone.now() - timedelta(hours=2)
    TaggingWorker.objects.create(process=f"{host}:{ended.pid}", state=NetworkState.READY)
    TaggingWorker.objects.create(process="lost:7", state=NetworkState.READY, seen_at=old)
    TaggingWorker.objects.create(process="other:7", state=NetworkState.LOADING)
    assert (network_status().network, network_status().workers) == ("loading", 1)
    beside = Attendant(0)
    thread = beside.begin()
    beside.end()
    thread.join(10)
    left = set(TaggingWorker.objects.values_list("process", flat=True))
    assert left == {"other:7", this_process()}
