"""Where a run stands: written to its row for the pages, and to a terminal's progress bar."""

from __future__ import annotations

import time
from collections.abc import Callable

from training.models import TrainingRun
from training.services import note

# Pages ask every other second; writing more often would only cost.
_SECONDS_BETWEEN_WRITES = 1.0


class RunLost(Exception):
    """Raised when the run was taken for dead and ended by another process."""


class Progress:
    """Takes what a run does now, and passes it on: a new step at once, its progress in moderation.

    `is_lost` is asked each time, so that a run that lost its place stops before it publishes.
    """

    def __init__(
        self,
        run: TrainingRun,
        *,
        is_lost: Callable[[], bool] = lambda: False,
        show: Callable[[str, float], object] = lambda step, progress: None,
    ) -> None:
        self._run = run
        self._is_lost = is_lost
        self._show = show
        self._start, self._end = 0.0, 1.0
        self._step = ""
        self._written_at = 0.0

    def tell(self, step: str, progress: float) -> None:
        """Note what happens now and how far it is, 0 to 1; raises RunLost."""
        if self._is_lost():
            raise RunLost("Another process took this run for dead and ended it.")
        progress = self._start + (self._end - self._start) * progress
        self._show(step, progress)
        now = time.monotonic()
        is_new = step != self._step
        if is_new or now - self._written_at >= _SECONDS_BETWEEN_WRITES:
            note(run=self._run, step=step, progress=progress, line=step if is_new else "")
            self._step, self._written_at = step, now

    def within(self, prefix: str, start: float, end: float) -> Callable[[str, float], None]:
        """Return a listener for a part of the run that itself counts from 0 to 1."""
        return lambda step, share: self.tell(step or prefix, start + (end - start) * share)

    def counting(self, step: str, start: float, end: float) -> Callable[[int, int], None]:
        """Return a listener for a part of the run that counts photos: (done, in all)."""
        return lambda done, total: self.tell(step, start + (end - start) * done / max(1, total))

    def narrowed(self, start: float, end: float) -> Progress:
        """Return the progress of a part of the run, from `start` to `end` of this one."""
        part = Progress(self._run, is_lost=self._is_lost, show=self._show)
        width = self._end - self._start
        part._start, part._end = self._start + width * start, self._start + width * end
        return part
