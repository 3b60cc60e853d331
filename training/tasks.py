"""Jobs of this room. Each may run twice without harm."""

from __future__ import annotations

import logging

from tagging.fresh_process import run_manage
from tagging.models import Promotion
from tagging.presets import current_policy
from tagging.registry import live_version
from tagging.version_files import DamagedVersion
from training import contributors, drift, watch
from training.models import RunState, TrainingRun
from training.services import KILLED, finish_run, free_killed_runs, request_retraining
from training.triggers import reason_to_retrain
from training.tuning.due import reason_to_fine_tune
from training.tuning.folders import tidy_folders
from training.tuning.sheets import forget_sheets
from training.tuning.wishes import wish_of_this_site

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
    ended = run_manage("retrain", "--run", str(run_id))
    run.refresh_from_db()
    if not run.is_over:
        finish_run(run=run, state=RunState.FAILED, reason=KILLED)
    if ended.returncode not in _EXITS_THAT_ARE_FINE:
        raise RunFailed(f"{run.reason}\n{ended.stderr[-_KEPT_OF_ERRORS:]}")
    return f"{run}: {run.reason}"


def draw_learning_curve(dataset_id: int) -> str:
    """Measure the learning curve of a dataset in a fresh process, for the reasons above, and
    return what it says about having labelled enough. Handed out twice it is drawn twice."""
    ended = run_manage("learning_curve", "--dataset", str(dataset_id))
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


def fine_tune_if_due() -> str:
    """Ask for a run that teaches the network itself, if it is worth it; return why or why not."""
    why = reason_to_fine_tune(current_policy())
    if why is None:
        return "Too little new to teach the network itself."
    run = request_retraining(asked_by=None, tuning=wish_of_this_site().as_json())
    return f"Run {run.pk} asked for: {why}"


def tidy_fine_tunings() -> str:
    """Remove what killed fine-tunings left and nobody can go on with, and old contact sheets; say
    how many that were. A run that was killed holds its place, and its copies of photos, until
    somebody looks."""
    free_killed_runs()
    return f"{tidy_folders()} left fine-tunings and {forget_sheets()} contact sheets removed."


def tell_contributors(promotion_id: int) -> str:
    """Tell those who taught a version that it is live; return in words how many that were."""
    promotion = Promotion.objects.select_related("version").filter(pk=promotion_id).first()
    if promotion is None:
        return f"Promotion {promotion_id} is gone."
    told = contributors.tell_contributors(promotion=promotion)
    return f"{told} people were told of version {promotion.version.number}."


def watch_live_version() -> str:
    """Roll back a live version that people accept less often than the one before; say so."""
    return watch.watch_live_version()


def read_drift() -> str:
    """Measure last week's photos with the live version; return the finding in words."""
    version, week = live_version(), drift.last_full_week()
    if version.is_bootstrap:
        return "Version 0 is live; it was not taught here, so nothing can drift away from it."
    try:
        reading = drift.read_drift(version=version, week=week)
    except (drift.TooFewPhotos, DamagedVersion) as reason:
        return str(reason)
    level = drift.level_of(reading.stability_index, current_policy())
    return f"{reading}: {reading.stability_index:.3f} on {reading.photos} photos, {level}."


def fill_review_queue() -> str:
    """Compute anew what the review page may ask; return in words what the queue holds."""
    from training.review_queue import fill_queue

    text = str(fill_queue())
    logger.info(text)
    return text
