"""What pages show of a fine-tuning: where it is, how it went, and what was switched off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from training.curve_plot import CurvePlot
from training.learning.fine_tuning.task import BrokenTask, TuningSettings
from training.learning.wording import enumerate_words
from training.models import TrainingRun, Tuning
from training.tuning.plot import plot_losses, plot_shares
from training.tuning.story import time_left
from training.tuning.wishes import SWITCHED_OFF, switched_off


@dataclass(frozen=True)
class TuningView:
    """A fine-tuning in figures and words; it knows of no photo."""

    tuning: Tuning
    epochs: int
    rows: list[dict[str, Any]]
    losses: CurvePlot | None
    shares: CurvePlot | None
    blocks: str
    variations: str

    @property
    def epoch(self) -> int:
        """Return the epoch that is under way, or the last one."""
        return int(self.tuning.history[-1]["epoch"]) if self.tuning.history else 0

    @property
    def time_left(self) -> str:
        """Return for example `8 min left`; "" where nobody knows or nothing is left."""
        left = self.tuning.seconds_left
        is_over = self.tuning.finished_at is not None or self.tuning.run.is_over
        return "" if left is None or is_over else time_left(left)


def view_of(run: TrainingRun | None) -> TuningView | None:
    """Return what is to be shown of a run's fine-tuning; None for a run that has none."""
    tuning = Tuning.objects.filter(run=run).select_related("run").first() if run else None
    return view_of_tuning(tuning) if tuning else None


def view_of_tuning(tuning: Tuning) -> TuningView:
    """Return what is to be shown of this fine-tuning."""
    try:
        told = TuningSettings.of_json(tuning.settings)
    except BrokenTask:
        told = TuningSettings()
    return TuningView(
        tuning=tuning,
        epochs=told.epochs,
        rows=[point for point in tuning.history if point["judged_loss"] is not None],
        losses=plot_losses(tuning.history, told.epochs),
        shares=plot_shares(tuning.history, told.epochs),
        blocks=_blocks(told.blocks),
        variations=_variations(switched_off(told)),
    )


def _blocks(number: int | None) -> str:
    if number is None:
        return _("all blocks learn")
    return _("the top %(number)d learn") % {"number": number}


def _variations(off: list[str]) -> str:
    on = [name for name in SWITCHED_OFF if name not in off]
    if not on:
        return _("Photos teach as they are, without any variation.")
    told = {"on": enumerate_words(on), "off": enumerate_words(off)}
    if off:
        return _("Photos are varied by %(on)s; switched off: %(off)s.") % told
    return _("Photos are varied by %(on)s.") % told
