"""Runs a training from its place in the row to its end in the row, whatever happens between."""

from __future__ import annotations

import logging
from collections.abc import Callable

from django.db import DatabaseError

from gallery.full_disk import is_full_disk
from tagging.backbones.prepare import BackboneUnavailable
from tagging.engine import EngineMismatch
from tagging.services.versions import PromotionRefused
from training.heartbeat import Heartbeat
from training.models import RunState, TrainingRun
from training.options import RetrainOptions
from training.pipeline import retrain
from training.progress import Progress, RunLost
from training.report import RetrainReport
from training.services import finish_run, note
from training.tuning.process import TuningFailed

logger = logging.getLogger(__name__)

# Reasons that stand on their own; of anything else the kind of the error is told as well.
_SPEAKING = (
    BackboneUnavailable, EngineMismatch, PromotionRefused, RunLost, LookupError, TuningFailed,
)  # fmt: skip

Show = Callable[[str, float], object]


def carry_out(
    run: TrainingRun,
    options: RetrainOptions,
    show: Show = lambda step, progress: None,
) -> RetrainReport:
    """Return the report of a running run, which is over afterwards.

    An error ends it as failed and is told in the report. Ctrl-C and a stop from outside go on to
    whoever called, who ends the run with `stop_own_run`.
    """
    with Heartbeat(run) as heartbeat:
        progress = Progress(run, is_lost=lambda: heartbeat.is_lost, show=show)
        try:
            report = retrain(run, options, progress)
        except Exception as error:
            logger.debug("Run %s failed.", run.pk, exc_info=True)
            report = RetrainReport(
                state=RunState.FAILED,
                reason=explain(error),
                backbone=run.backbone,
                dry_run=options.dry_run,
            )
            if not isinstance(error, (*_SPEAKING, OSError)):
                logger.exception("Run %s failed.", run.pk)
    try:
        note(run=run, step=run.step, progress=run.progress, line=report.as_text())
        finish_run(run=run, state=report.state, reason=report.reason, report=report.as_json())
    except DatabaseError:
        logger.exception("The end of run %s could not be written down.", run.pk)
    return report


def explain(error: Exception) -> str:
    """Return for people why a run failed."""
    if isinstance(error, OSError) and is_full_disk(error):
        where = f" at {error.filename}" if error.filename else ""
        return f"The disk is full{where}: nothing was published, and the live version stays."
    if isinstance(error, OSError) and error.strerror:
        where = f" {error.filename}" if error.filename else ""
        return f"{error.strerror}:{where}. Nothing was published, and the live version stays."
    if isinstance(error, _SPEAKING):
        return str(error.args[0]) if error.args else str(error)
    return f"{type(error).__name__}: {error}"
