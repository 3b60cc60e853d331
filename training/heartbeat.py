"""The sign of life of a run, given by a thread of its own with a connection of its own."""

from __future__ import annotations

import logging
import threading
from types import TracebackType

from django.db import DatabaseError, connection
from django.utils import timezone

from training.models import TrainingRun

logger = logging.getLogger(__name__)

# Well below the limit after which a silent run loses its place.
SECONDS_BETWEEN_BEATS = 5.0


class Heartbeat:
    """Beats from `with` to its end, also while one long step keeps the main thread busy.

    `is_lost` turns true when the run no longer holds its place: somebody took it for dead.
    """

    def __init__(self, run: TrainingRun, seconds: float = SECONDS_BETWEEN_BEATS) -> None:
        self._run_id = run.pk
        self._seconds = seconds
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._beat_on, name="heartbeat", daemon=True)

    @property
    def is_lost(self) -> bool:
        """Return whether the run was ended by somebody else."""
        return self._lost.is_set()

    def __enter__(self) -> Heartbeat:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat_on(self) -> None:
        try:
            while not self._over.wait(self._seconds) and not self.is_lost:
                self._beat()
        finally:
            connection.close()

    def _beat(self) -> None:
        try:
            mine = TrainingRun.objects.running().filter(pk=self._run_id)
            if not mine.update(heartbeat_at=timezone.now()):
                self._lost.set()
        except DatabaseError:
            # One missed beat is no harm; a database that stays away fails the run elsewhere.
            logger.warning("The heartbeat of run %s could not be written.", self._run_id)
