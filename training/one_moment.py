"""Reading many tables as they stood at one moment, while people go on working."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction

from tagging.services.advisory_locks import Lock, call_lock


@contextmanager
def seeing_one_moment() -> Iterator[None]:
    """Open a transaction in which all queries see the same moment.

    SQLite's transactions do so anyway; on PostgreSQL each statement would see what was committed
    just before it. Inside another transaction that one decides.
    """
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost and connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


@contextmanager
def holding_the_split() -> Iterator[None]:
    """Do the same, and keep other processes from changing a group or a side meanwhile.

    `hold_twin_groups` takes its lock inside the transaction. Here that would be too late: waiting
    for the lock would already have fixed the moment, and what the other process did before it let
    go would be missed. So PostgreSQL's lock is taken before, for the session.
    """
    if connection.vendor != "postgresql":
        with seeing_one_moment():
            yield
        return
    call_lock("pg_advisory_lock", Lock.TWINS)
    try:
        with seeing_one_moment():
            yield
    finally:
        call_lock("pg_advisory_unlock", Lock.TWINS)
