"""Jobs of this room; both belong on the training cluster."""

from __future__ import annotations

import logging
import subprocess
import sys

from django.conf import settings

from tagging.presets import current_policy
from training.models import RunState, TrainingRun
from training.services import KILLED, finish_run, request_retraining
from training.triggers import reason_to_retrain

logger = logging.getLogger(__name__)

_EXITS_THAT_ARE_FINE = (0, 3)
_KEPT_OF_ERRORS = 4000


class RunFailed(Exception):
    """Raised so that the queue lists the job as failed; the run's row says the rest."""


def run_training(run_id: int) -> str:
    """Carry out a waiting run in a fresh process and return its outcome in words.

    A fresh one, because a process that was forked after its parent ran a network hangs, and
    because only its end gives TensorFlow's memory back. A run that is over is left alone, so the
    job may be handed out twice.
    """
    run = TrainingRun.objects.waiting().filter(pk=run_id).first()
    if run is None:
        return f"Run {run_id} does not wait any more."
    ended = _manage("retrain", "--run", str(run_id))
    run.refresh_from_db()
    if not run.is_over:
        finish_run(run=run, state=RunState.FAILED, reason=KILLED)
    if ended.returncode not in _EXITS_THAT_ARE_FINE:
        raise RunFailed(f"{run.reason}\n{ended.stderr[-_KEPT_OF_ERRORS:]}")
    return f"{run}: {run.reason}"


def draw_learning_curve(dataset_id: int) -> str:
    """Measure the learning curve of a dataset in a fresh process, for the reasons above, and
    return what it says about having labelled enough. Handed out twice it is drawn twice."""
    ended = _manage("learning_curve", "--dataset", str(dataset_id))
    if ended.returncode not in _EXITS_THAT_ARE_FINE:
        raise RunFailed(ended.stderr[-_KEPT_OF_ERRORS:])
    return ended.stdout.strip().splitlines()[-1]


def retrain_if_due() -> str:
    """Ask for a run if people have decided enough since the last one; return why or why not."""
    why = reason_to_retrain(current_policy())
    if why is None:
        return "Nothing new worth learning."
    run = request_retraining(asked_by=None)
    return f"Run {run.pk} asked for: {why}"


def _manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(command, cwd=settings.BASE_DIR, capture_output=True, text=True)
