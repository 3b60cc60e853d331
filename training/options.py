"""What whoever asks for a run wants of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from training.models import TrainingRun
from training.tuning.wishes import TuningWish


@dataclass(frozen=True)
class RetrainOptions:
    """What the person who asked wants: `dry_run` keeps nothing at all, not even the dataset."""

    dry_run: bool = False
    promote: bool = True
    # Naming a backbone is consent to its speed; one that changed by itself has to be as fast.
    backbone_was_named: bool = False
    # The network itself is taught as well, before the head.
    tuning: TuningWish | None = None
    # A file for the photos as they will teach; only somebody at a terminal has one.
    contact_sheet: str = ""

    @classmethod
    def of(cls, run: TrainingRun) -> RetrainOptions:
        """Return the options a run's row remembers."""
        return cls(
            dry_run=bool(run.options.get("dry_run", False)),
            promote=bool(run.options.get("promote", True)),
            backbone_was_named=bool(run.options.get("backbone_was_named", False)),
            tuning=TuningWish.of_json(told) if (told := run.options.get("tuning")) else None,
        )

    def as_json(self) -> dict[str, Any]:
        """Return the options as a run's row keeps them."""
        told = {name: value for name, value in vars(self).items() if value not in (None, "")}
        return told | ({"tuning": self.tuning.as_json()} if self.tuning else {})
