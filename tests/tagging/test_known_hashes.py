"""Hashes that a process keeps from one job to the next never say what the database does not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from tagging.models import Content, TwinGroup
from tagging.services import known_hashes
from tagging.services.known_hashes import keep_known_hashes, take_known_hashes
from tagging.services.twin_groups import TwinIndex, hold_twin_groups
from tests.tagging.test_twin_groups import groups

pytestmark = pytest.mark.django_db(transaction=True)

FEATURES = 16


@pytest.fixture(autouse=True)
def nothing_kept() -> Iterator[None]:
    """Begin and end like a process that has only just started."""
    take_known_hashes()
    yield
    take_known_hashes()


class Refused(Exception):
    """Something later in the job went wrong."""


def job(*bits: int, fails: bool = False) -> list[Content]:
    """Place contents with so many bits set, as one job of a worker does."""
    index = TwinIndex("efficientnet_lite0", FEATURES, take_known_hashes())
    vector = np.zeros(FEATURES, np.float16)
    with hold_twin_groups():
        index.refresh()
        placed = [
            index.place(sha256=f"{each:064x}", dhash=f"{(1 << each) - 1:064x}", vector=vector)
            for each in bits
        ]
        if fails:
            raise Refused
    keep_known_hashes(index.known)
    return placed


def by_another_worker(*bits: int) -> list[Content]:
    """Place contents in a process that keeps hashes of its own."""
    kept, known_hashes._kept[:] = list(known_hashes._kept), []
    placed = job(*bits)
    known_hashes._kept[:] = kept
    return placed


def test_the_next_job_reads_only_what_has_come_since() -> None:
    job(0, 100)
    with CaptureQueriesContext(connection) as queries:
        (newcomer,) = job(8)
    read = [each["sql"] for each in queries if "dhash" in each["sql"] and "SELECT" in each["sql"]]
    assert len(read) == 1
    assert 'id" >=' in read[0]
    assert newcomer.group == Content.objects.get(sha256=f"{0:064x}").group


def test_what_another_worker_placed_meanwhile_is_seen() -> None:
    job(0)
    by_another_worker(16)
    job(8)
    by_another_worker(100, 200)
    job(108)
    assert groups() == {frozenset({0, 8, 16}), frozenset({100, 108}), frozenset({200})}


def test_what_was_deleted_is_nobodys_twin() -> None:
    first, last = job(0, 100)
    group_ids = {first.group_id, last.group_id}
    Content.objects.all().delete()
    TwinGroup.objects.all().delete()
    placed = job(8, 108)
    assert not {content.group_id for content in placed} & group_ids
    assert groups() == {frozenset({8}), frozenset({108})}


def test_what_was_rolled_back_is_not_kept_where_its_id_is_given_again() -> None:
    job(0)
    with pytest.raises(Refused):
        job(100, 200, fails=True)
    by_another_worker(50, 200)
    job(108)
    assert groups() == {frozenset({each}) for each in (0, 50, 108, 200)}


def test_a_rolled_back_transaction_around_the_job_keeps_nothing() -> None:
    job(0)
    with pytest.raises(Refused), transaction.atomic():
        job(100, 200)
        raise Refused
    assert not known_hashes._kept
    by_another_worker(50, 200)
    job(108)
    assert groups() == {frozenset({each}) for each in (0, 50, 108, 200)}


def test_an_earlier_database_that_was_put_back_is_read_again() -> None:
    before = job(0)[0]
    job(100, 200)
    Content.objects.exclude(pk=before.pk).delete()
    ids = range(before.pk + 1, before.pk + 3)
    for pk, bits in zip(ids, (50, 200), strict=True):
        Content.objects.create(
            pk=pk,
            sha256=f"{bits:064x}",
            dhash=f"{(1 << bits) - 1:064x}",
            group=TwinGroup.objects.create(),
        )
    job(208)
    assert frozenset({200, 208}) in groups()
    by_another_worker(70)
    job(78)
    assert frozenset({70, 78}) in groups()
    assert frozenset({50}) in groups()


def test_many_more_than_there_was_room_for() -> None:
    job(0)
    group = TwinGroup.objects.create()
    Content.objects.bulk_create(
        Content(sha256=f"f{each:063x}", dhash="f" * 64, group=group) for each in range(300)
    )
    (newcomer,) = job(8)
    assert len(take_known_hashes().bits) == 302
    assert newcomer.group == Content.objects.get(sha256=f"{0:064x}").group
