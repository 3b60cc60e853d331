"""One run at a time, and a killed one never in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.models import User
from tests.training.classroom import environment
from training.heartbeat import Heartbeat
from training.models import RunState, TrainingRun
from training.process import is_surely_gone, process_mark
from training.progress import Progress, RunLost
from training.services import (
    KILLED,
    RETAGGING,
    AlreadyRunning,
    begin_run,
    finish_run,
    free_killed_runs,
    request_retraining,
    start_run,
)


def begin() -> TrainingRun:
    return begin_run(backbone="efficientnet_lite0", options={})


@pytest.mark.django_db
def test_the_database_itself_allows_one_running_run() -> None:
    begin()
    with pytest.raises(IntegrityError), transaction.atomic():
        TrainingRun.objects.create(state=RunState.RUNNING)


@pytest.mark.django_db
def test_a_second_start_is_told_who_runs() -> None:
    first = begin()
    with pytest.raises(AlreadyRunning, match=f"Training run {first.pk} is under way since"):
        begin()
    assert TrainingRun.objects.count() == 1


@pytest.mark.django_db
def test_the_place_is_free_after_the_end() -> None:
    first = begin()
    assert finish_run(run=first, state=RunState.REFUSED, reason="Nothing got better.")
    assert begin().state == RunState.RUNNING
    assert not finish_run(run=first, state=RunState.FAILED, reason="too late")
    assert first.state == RunState.REFUSED


@pytest.mark.django_db
def test_a_silent_run_loses_its_place_to_the_next() -> None:
    first = begin()
    long_ago = timezone.now() - timedelta(minutes=2)
    TrainingRun.objects.filter(pk=first.pk).update(heartbeat_at=long_ago, process="")
    second = begin()
    first.refresh_from_db()
    assert (first.state, first.reason) == (RunState.FAILED, KILLED)
    assert second.state == RunState.RUNNING


@pytest.mark.django_db
def test_a_beating_run_of_another_machine_keeps_its_place() -> None:
    first = begin()
    TrainingRun.objects.filter(pk=first.pk).update(process="elsewhere boot pid:[1]|1|1")
    assert free_killed_runs() == 0
    with pytest.raises(AlreadyRunning):
        begin()


@pytest.mark.django_db(transaction=True)
def test_a_run_killed_on_this_machine_frees_its_place_at_once() -> None:
    script = (
        "import django, time; django.setup()\n"
        "from training.services import begin_run\n"
        "print(begin_run(backbone='efficientnet_lite0', options={}).pk, flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=settings.BASE_DIR,
        env=environment(DJANGO_SETTINGS_MODULE="eyes.settings"),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    pk = int(process.stdout.readline())
    with pytest.raises(AlreadyRunning):
        begin()
    process.kill()
    process.wait()
    process.stdout.close()
    assert begin().state == RunState.RUNNING
    assert TrainingRun.objects.get(pk=pk).reason == KILLED


@pytest.mark.django_db
def test_a_run_killed_while_re_tagging_leaves_a_job_that_finishes_it() -> None:
    run = begin()
    TrainingRun.objects.filter(pk=run.pk).update(
        step=RETAGGING, heartbeat_at=timezone.now() - timedelta(minutes=2)
    )
    assert free_killed_runs() == 1
    assert [job.func() for job in OrmQ.objects.all()] == ["tagging.tasks.retag_library"]


def test_this_process_is_not_gone_and_an_ended_one_is() -> None:
    assert not is_surely_gone(process_mark())
    child = subprocess.Popen(["sleep", "60"])
    machine = process_mark().split("|")[0]
    started = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()[19]
    mark = f"{machine}|{child.pid}|{started}"
    assert not is_surely_gone(mark)
    os.kill(child.pid, signal.SIGKILL)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert is_surely_gone(mark), "a zombie is gone, too"
    child.wait()
    assert is_surely_gone(mark)
    assert is_surely_gone(f"{machine}|{os.getpid()}|1"), "a number given to a later process"


@pytest.mark.parametrize("mark", ["", "x", "elsewhere|1|1", "a|b|c|d"])
def test_what_cannot_be_seen_is_not_taken_for_gone(mark: str) -> None:
    assert not is_surely_gone(mark)


@pytest.mark.django_db(transaction=True)
def test_the_heart_beats_while_the_main_thread_is_busy_and_notices_a_loss() -> None:
    run = begin()
    old = timezone.now() - timedelta(seconds=50)
    TrainingRun.objects.filter(pk=run.pk).update(heartbeat_at=old)
    with Heartbeat(run, seconds=0.02) as heartbeat:
        _wait_until(lambda: TrainingRun.objects.get(pk=run.pk).heartbeat_at != old)
        assert not heartbeat.is_lost
        finish_run(run=run, state=RunState.FAILED, reason=KILLED)
        _wait_until(lambda: heartbeat.is_lost)
        progress = Progress(run, is_lost=lambda: heartbeat.is_lost)
        with pytest.raises(RunLost):
            progress.tell("Publishing", 0.8)


def _wait_until(condition: object) -> None:
    for _ in range(500):
        if condition():  # type: ignore[operator]
            return
        time.sleep(0.02)
    pytest.fail("This never happened.")


@pytest.mark.django_db
def test_progress_is_written_for_the_pages() -> None:
    run = begin()
    shown: list[tuple[str, float]] = []
    progress = Progress(run, show=lambda step, share: shown.append((step, share)))
    progress.tell("Embedding photos", 0.1)
    progress.tell("Embedding photos", 0.2)
    progress.within("Teaching", 0.4, 0.8)("", 0.5)
    run.refresh_from_db()
    assert (run.step, run.percent) == ("Teaching", 60)
    assert [line.split(" ", 1)[1] for line in run.log.splitlines()] == [
        "Embedding photos",
        "Teaching",
    ]
    assert len(shown) == 3


@pytest.mark.django_db
def test_asking_twice_waits_once(
    mona: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        first = request_retraining(asked_by=mona)
        assert not OrmQ.objects.exists(), "nothing is queued before the commit"
    with django_capture_on_commit_callbacks(execute=True):
        assert request_retraining(asked_by=None) == first
    assert (first.state, first.asked_by) == (RunState.QUEUED, mona)
    assert {job.key for job in OrmQ.objects.all()} == {"training"}
    assert start_run(run=first).backbone == settings.EYES_BACKBONE
    with pytest.raises(AlreadyRunning, match="was already started"):
        start_run(run=first)
