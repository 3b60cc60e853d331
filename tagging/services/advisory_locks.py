"""PostgreSQL's advisory locks, for matters that no row stands for."""

from __future__ import annotations

from enum import IntEnum

from django.db import connection


class Lock(IntEnum):
    """What is locked. Any fixed numbers will do: the locks are told apart by them."""

    TWINS = 7_301_994
    WORDS = 7_301_995


def call_lock(function: str, lock: Lock) -> None:
    """Call one of PostgreSQL's functions on a lock, such as `pg_advisory_xact_lock`.

    Nothing happens on SQLite, whose transactions have one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {function}(%s)", [lock.value])
