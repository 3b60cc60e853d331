"""The life of a training run as rows: asked for, started, ended, and freed when killed."""

from __future__ import annotations

from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.tasks import async_task

from gallery.models import User
from tagging.clusters import TRAINING_CLUSTER
from tagging.registry import live_backbone
from training.models import HEARTBEAT_LIMIT, DatasetVersion, RunState, TrainingRun
from training.process import is_surely_gone, process_mark

RETAGGING = "Re-tagging the library"
KILLED = "Killed: it stopped giving signs of life before it came to an end."
# What is kept of a run's own words; the newest count.
LONGEST_LOG = 200_000


class AlreadyRunning(Exception):
    """Raised when another run holds the only place; the message says which and since when."""


def request_retraining(
    *,
    asked_by: User | None,
    backbone: str | None = None,
    promote: bool = True,
    tuning: dict[str, Any] | None = None,
) -> TrainingRun:
    """Return a waiting run and hand it to the training cluster once this transaction commits.

    `tuning` is the wish to teach the network itself, as JSON (`TuningWish`). While the same is
    waiting already, that one is returned instead of a second. Its job is put in the
    queue again, since the first may be lost with a queue; a run starts only once anyway.
    """
    options: dict[str, Any] = {"promote": promote}
    if backbone:
        # As at a terminal: who names a backbone knows how fast it is.
        options["backbone_was_named"] = True
    if tuning:
        options["tuning"] = tuning
    with transaction.atomic():
        waiting = TrainingRun.objects.waiting().filter(backbone=backbone or "")
        run = next((each for each in waiting if each.options == options), None)
        if run is None:
            run = TrainingRun.objects.create(
                backbone=backbone or "", options=options, asked_by=asked_by
            )
        run_id = run.pk
        transaction.on_commit(
            lambda: async_task(
                "training.tasks.run_training",
                run_id,
                cluster=TRAINING_CLUSTER,
                task_name=f"training run {run_id}",
            )
        )
    return run


def request_learning_curve(*, dataset: DatasetVersion) -> None:
    """Hand the drawing of a dataset's learning curve to the training cluster after the commit.

    Asked twice it is drawn twice, with the same result.
    """
    dataset_id = dataset.pk
    transaction.on_commit(
        lambda: async_task(
            "training.tasks.draw_learning_curve",
            dataset_id,
            cluster=TRAINING_CLUSTER,
            task_name=f"learning curve of dataset {dataset_id}",
        )
    )


def begin_run(*, backbone: str, options: dict[str, Any]) -> TrainingRun:
    """Return a new running run of this process; raises AlreadyRunning."""
    run = TrainingRun.objects.create(backbone=backbone, options=options)
    try:
        return start_run(run=run)
    except AlreadyRunning:
        # Nobody asked for this row to be kept waiting: the person at the terminal is told.
        run.delete()
        raise


def start_run(*, run: TrainingRun) -> TrainingRun:
    """Return the run, now holding the only place; raises AlreadyRunning.

    A run whose process is gone is ended first, so that a kill never blocks the next attempt.
    """
    free_killed_runs()
    now = timezone.now()
    try:
        with transaction.atomic():
            started = TrainingRun.objects.waiting().filter(pk=run.pk)
            won = started.update(
                state=RunState.RUNNING, started_at=now, heartbeat_at=now, process=process_mark()
            )
    except IntegrityError:
        raise AlreadyRunning(_who_is_running()) from None
    run.refresh_from_db()
    if not won:
        raise AlreadyRunning(f"Run {run.pk} was already started; it is {run.state}.")
    if not run.backbone:
        run.backbone = live_backbone()
        run.save(update_fields=["backbone"])
    return run


def finish_run(
    *, run: TrainingRun, state: RunState, reason: str, report: dict[str, Any] | None = None
) -> bool:
    """End a run that is waiting or running; return False when somebody else ended it before."""
    open_states = [RunState.QUEUED, RunState.RUNNING]
    ended = TrainingRun.objects.filter(pk=run.pk, state__in=open_states).update(
        state=state,
        reason=reason,
        report=report or {},
        finished_at=timezone.now(),
        **({} if state == RunState.FAILED else {"progress": 1.0}),
    )
    run.refresh_from_db()
    return bool(ended)


def stop_own_run() -> int:
    """End the run of this process, which was told to stop; return whether there was one."""
    mine = TrainingRun.objects.running().filter(process=process_mark())
    return mine.update(state=RunState.FAILED, reason="Stopped by hand.", finished_at=timezone.now())


def free_killed_runs() -> int:
    """End running rows whose process is gone, and return how many there were."""
    gone = {run.pk for run in TrainingRun.objects.silent()}
    gone |= {run.pk for run in TrainingRun.objects.running() if is_surely_gone(run.process)}
    freed = TrainingRun.objects.running().filter(pk__in=gone)
    if freed.filter(step=RETAGGING).exists():
        # Its version is live already, and nobody else knows that photos still wait for it.
        async_task("tagging.tasks.retag_library")
    return freed.update(state=RunState.FAILED, reason=KILLED, finished_at=timezone.now())


def note(*, run: TrainingRun, step: str, progress: float, line: str = "") -> None:
    """Write down what a run does now, for the admin and the public page."""
    run.step, run.progress = step[:40], min(1.0, max(0.0, progress))
    if line:
        run.log = f"{run.log}{timezone.localtime():%H:%M:%S} {line}\n"[-LONGEST_LOG:]
    run.save(update_fields=["step", "progress", "log"])


def _who_is_running() -> str:
    run = TrainingRun.objects.running().first()
    if run is None or run.started_at is None or run.heartbeat_at is None:
        return "Another training run has just ended. Please try again."
    silence = int((timezone.now() - run.heartbeat_at).total_seconds())
    left = max(0, int(HEARTBEAT_LIMIT.total_seconds()) - silence)
    return (
        f"Training run {run.pk} is under way since {timezone.localtime(run.started_at):%H:%M:%S} "
        f"({run.percent} %, {run.step or 'starting'}). Only one runs at a time. Its last sign of "
        f"life is {silence} s old; should it be dead, its place is free in {left} s."
    )
