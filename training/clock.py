"""How long each part of a run took."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager


class Clock:
    """Seconds per step; a step that raises counts too, and one done twice adds up."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Count what happens until the end of the `with` under this name."""
        started = time.perf_counter()
        try:
            yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def total(self) -> AbstractContextManager[None]:
        """Count everything until the end of the `with`."""
        return self.step("total")
