"""Words do not change their meaning while somebody says something with them.

A merge or a new name concerns every photo of a tag, and whoever votes has read the tag a moment
before. So whoever changes words waits until all who speak have finished, and holds up new ones.
SQLite has one writer at a time anyway; on PostgreSQL an advisory lock does the same, shared among
those who speak. It always comes before the locks on photos, so that nobody waits crosswise.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from tagging.services.advisory_locks import Lock, call_lock


@contextmanager
def hold_words() -> Iterator[None]:
    """Open a transaction in which nobody else changes a word or says anything about a photo."""
    with transaction.atomic():
        call_lock("pg_advisory_xact_lock", Lock.WORDS)
        yield


def keep_words() -> None:
    """Let no word change its meaning from here to the end of the present transaction."""
    call_lock("pg_advisory_xact_lock_shared", Lock.WORDS)
