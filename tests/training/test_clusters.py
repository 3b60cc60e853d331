"""Which queue does which job, shown with real `qcluster` processes."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.utils import timezone
from django_q.models import OrmQ, Schedule, Task

from gallery.models import User
from gallery.signals import image_published
from tests.training.classroom import add_photo, manage
from training.models import RunState, TrainingRun
from training.schedules import register_schedules
from training.services import request_retraining

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 60
OF_THE_PHOTO = {"tagging.tasks.tag_image", "gallery.tasks.make_renditions"}


@contextmanager
def cluster(name: str) -> Iterator[subprocess.Popen[str]]:
    """Run the queue processes of this cluster until the block ends."""
    process = manage("qcluster", Q_CLUSTER_NAME=name, EYES_LOG_LEVEL="WARNING")
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE)


def wait_for(function: str) -> Task:
    """Return the finished job that ran this function."""
    for _ in range(PATIENCE * 10):
        done = Task.objects.filter(func=function).first()
        if done is not None:
            return done
        time.sleep(0.1)
    pytest.fail(f"{function} was never done; waiting: {waiting()}")


def wait_until_gone(function: str) -> None:
    """Return once no job of this function waits any more."""
    for _ in range(PATIENCE * 10):
        if function not in waiting():
            return
        time.sleep(0.1)
    pytest.fail(f"{function} was never done; waiting: {waiting()}")


def waiting() -> set[str]:
    return {job.func() for job in OrmQ.objects.all()}


def ask_for_both(owner: User) -> TrainingRun:
    """Publish a photo that is gone before its job runs, and ask for a run with nothing to do."""
    image = add_photo(owner, "passing")
    image_published.send_robust(sender=type(image), image_id=image.pk)
    image.delete()
    run = request_retraining(asked_by=None)
    assert waiting() == {*OF_THE_PHOTO, "training.tasks.run_training"}
    return run


def test_the_training_cluster_trains_and_leaves_photos_alone(alice: User) -> None:
    run = ask_for_both(alice)
    with cluster("training"):
        done = wait_for("training.tasks.run_training")
    assert (done.cluster, done.success) == ("training", True), done.result
    assert waiting() == OF_THE_PHOTO
    run.refresh_from_db()
    assert run.state == RunState.NOTHING, "a process of its own carried it out"


def test_the_default_cluster_tags_and_leaves_training_alone(alice: User) -> None:
    run = ask_for_both(alice)
    with cluster("default"):
        for job in OF_THE_PHOTO:
            wait_until_gone(job)
    assert not Task.objects.exists(), "it leaves a row only where it fails"
    assert waiting() == {"training.tasks.run_training"}
    run.refresh_from_db()
    assert run.state == RunState.QUEUED


@pytest.mark.parametrize(("name", "queued"), [("default", set()), ("training", {"training"})])
def test_the_nightly_job_comes_due_on_the_training_cluster_alone(
    name: str, queued: set[str]
) -> None:
    register_schedules()
    nightly = Schedule.objects.filter(func="training.tasks.retrain_if_due")
    nightly.update(next_run=timezone.now())
    # What each cluster does every half minute, without waiting for it.
    look = "from django_q.scheduler import scheduler; scheduler()"
    process = manage("shell", "-c", look, Q_CLUSTER_NAME=name)
    _, errors = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, errors
    assert {job.key for job in OrmQ.objects.all()} == queued
    assert (nightly.get().next_run > timezone.now()) is (name == "training")
