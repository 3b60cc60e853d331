"""What /healthz tells of the web process and, from the database alone, of the network."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from gallery.models import Image, User
from tagging.models import NetworkState, TaggingRequest, TaggingWorker

pytestmark = pytest.mark.django_db


def worker(process: str, state: str, seconds_ago: float = 0) -> None:
    """Have a worker say how it is doing."""
    seen_at = timezone.now() - timedelta(seconds=seconds_ago)
    TaggingWorker.objects.create(process=process, state=state, seen_at=seen_at)


def photo(owner: User, number: int) -> Image:
    """Return the row of a photo without files."""
    return Image.objects.create(
        owner=owner, sha256=f"{number:064}", dhash="0" * 64, file_format="jpeg",
        width=1, height=1, byte_size=1, rendition_widths=[1],
    )  # fmt: skip


def test_a_site_without_a_worker_is_healthy_and_says_that_none_was_seen(client: Client) -> None:
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "network": "not seen", "workers": 0, "queue": 0}


@pytest.mark.parametrize(
    ("states", "told"),
    [
        (["unloaded"], "unloaded"),
        (["loading"], "loading"),
        (["ready"], "ready"),
        (["unloaded", "loading"], "loading"),
        (["loading", "ready", "unloaded"], "ready"),
    ],
)
def test_the_furthest_worker_answers_for_all(client: Client, states: list[str], told: str) -> None:
    for number, state in enumerate(states):
        worker(f"host{number}:7", state)
    answer = client.get("/healthz").json()
    assert (answer["network"], answer["workers"]) == (told, len(states))


def test_a_worker_that_fell_silent_is_not_seen(client: Client) -> None:
    worker("elsewhere:7", NetworkState.READY, seconds_ago=95)
    assert client.get("/healthz").json()["network"] == "not seen"


def test_photos_that_wait_are_counted_and_those_that_were_taken_along_not(
    client: Client, alice: User
) -> None:
    for number in range(3):
        TaggingRequest.objects.create(image=photo(alice, number), is_done=number == 0)
    assert client.get("/healthz").json()["queue"] == 2


def test_asking_writes_nothing(client: Client) -> None:
    worker("elsewhere:7", NetworkState.READY)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        client.get("/healthz")
    assert 0 < len(asked) <= 3
    assert all(query["sql"].lstrip().startswith("SELECT") for query in asked)


def test_a_database_that_does_not_answer_is_told_as_503(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DatabaseError("gone away")

    monkeypatch.setattr("eyes.health.network_status", fail)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "database does not answer"})


def test_the_admin_says_the_same_in_a_sentence(client: Client, mona: User, alice: User) -> None:
    client.force_login(mona)
    assert "No tagging worker is running; 0 photos wait." in client.get("/admin/").text
    worker("elsewhere:7", NetworkState.READY)
    TaggingRequest.objects.create(image=photo(alice, 1))
    assert "The network is ready (1 worker); 1 photo waits." in client.get("/admin/").text
