"""Several workers on the same photos: one vector per file, and sound groups."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from django.db import connections

from gallery.models import User
from tagging.models import Content, Embedding, Suggestion, TwinGroup
from tagging.services.embeddings import embed_images
from tagging.tasks import tag_image
from tests.tagging.network_cast import altered, bundled, upload

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]


def at_once(*jobs: Callable[[], object]) -> list[BaseException]:
    """Run the jobs in threads that start together; return what they raised."""
    failures: list[BaseException] = []
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], object]) -> None:
        try:
            gate.wait()
            job()
        except BaseException as error:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=[job]) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return failures


def test_two_workers_embed_the_same_photos(alice: User, bob: User, network_store: Path) -> None:
    coffee, cat = bundled("coffee.png"), bundled("chelsea.png")
    photos = [coffee, cat, *(altered(data, lambda picture: picture) for data in (coffee, cat))]
    hers = [upload(alice, data).pk for data in photos]
    his = [upload(bob, data).pk for data in reversed(photos)]
    failures = at_once(
        lambda: embed_images(image_ids=hers),
        lambda: embed_images(image_ids=his),
        lambda: embed_images(image_ids=[*his, *hers]),
    )
    assert failures == []
    assert Content.objects.count() == Embedding.objects.count() == 4
    assert TwinGroup.objects.count() == 2


def test_the_same_job_handed_out_twice_writes_each_suggestion_once(
    alice: User, network_store: Path
) -> None:
    image = upload(alice, bundled("coffee.png"))
    failures = at_once(*[lambda: tag_image(image.pk)] * 3)
    assert failures == []
    assert Suggestion.objects.filter(image=image, tag__name="coffee").count() == 1
