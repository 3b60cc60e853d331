"""What happens by itself, when, on which queue, and whether it is worth it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from gallery.models import User
from tagging.models import ImageTag
from tagging.policy import COMMUNITY
from tagging.services.curation import reject_tags
from tests.training.classroom import BACKBONE, teach_world
from training.checks import check_times_of_day, check_training_cluster
from training.models import RunState, TrainingRun
from training.schedules import register_schedules, time_of_day
from training.snapshot import WITHOUT_NEGATIVES, store_snapshot
from training.tasks import retrain_if_due, run_training
from training.triggers import reason_to_retrain

pytestmark = pytest.mark.django_db


def judged_run(missing: dict[str, str] | None = None) -> TrainingRun:
    """Return a run that has just learnt what there was."""
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    return TrainingRun.objects.create(
        state=RunState.PROMOTED,
        dataset=dataset,
        started_at=timezone.now(),
        report={"missing": missing or {}},
    )


def test_the_nightly_job_is_registered_once_on_the_training_cluster(settings: Settings) -> None:
    settings.EYES_RETRAIN_AT = "04:15"
    assert register_schedules() == 1
    assert register_schedules() == 0
    schedule = Schedule.objects.get()
    assert (schedule.func, schedule.cluster) == ("training.tasks.retrain_if_due", "training")
    told = timezone.localtime(schedule.next_run)
    assert (told.hour, told.minute) == (4, 15)
    assert timezone.now() < schedule.next_run <= timezone.now() + timedelta(days=1)


def test_a_restart_does_not_put_off_a_run_that_is_due(settings: Settings) -> None:
    settings.EYES_RETRAIN_AT = "04:15"
    register_schedules()
    due = Schedule.objects.get().next_run - timedelta(days=2)
    Schedule.objects.update(next_run=due)
    assert register_schedules() == 0
    assert Schedule.objects.get().next_run == due


def test_a_changed_time_moves_it_and_off_removes_it(settings: Settings) -> None:
    settings.EYES_RETRAIN_AT = "04:15"
    register_schedules()
    settings.EYES_RETRAIN_AT = "05:00"
    assert register_schedules() == 1
    assert timezone.localtime(Schedule.objects.get().next_run).hour == 5
    settings.EYES_RETRAIN_AT = "off"
    assert register_schedules() == 1
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("text", ["25:00", "4", "soon", "03:30:10"])
def test_a_time_no_clock_shows_is_said_at_start(settings: Settings, text: str) -> None:
    settings.EYES_RETRAIN_AT = text
    with pytest.raises(ImproperlyConfigured, match="EYES_RETRAIN_AT"):
        time_of_day("EYES_RETRAIN_AT")
    (problem,) = check_times_of_day(None)
    assert problem.id == "training.E002"


def test_a_missing_training_cluster_is_said_at_start(settings: Settings) -> None:
    assert check_training_cluster(None) == []
    settings.Q_CLUSTER = {**settings.Q_CLUSTER, "ALT_CLUSTERS": {}}
    (problem,) = check_training_cluster(None)
    assert problem.id == "training.E001"


def test_nothing_is_due_on_an_empty_site() -> None:
    assert reason_to_retrain(COMMUNITY) is None
    assert retrain_if_due() == "Nothing new worth learning."
    assert not TrainingRun.objects.exists()


def test_the_first_learnable_tags_are_due(
    alice: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    teach_world(alice, ["cat", "dog"])
    with django_capture_on_commit_callbacks(execute=True):
        assert "nothing was taught yet" in retrain_if_due()
    assert TrainingRun.objects.get().state == RunState.QUEUED
    assert [job.key for job in OrmQ.objects.all()] == ["training"]


def test_enough_new_decisions_are_due(alice: User, mona: User, settings: Settings) -> None:
    settings.EYES_RETRAIN_AFTER = 5
    photos = teach_world(alice, ["cat", "dog"])
    judged_run()
    rows = ImageTag.objects.filter(image__in=photos["cat"])
    reject_tags(moderator=mona, image_tags=rows[:4])
    assert reason_to_retrain(COMMUNITY) is None
    photos["dog"][0].teaches = False
    photos["dog"][0].save()
    reject_tags(moderator=mona, image_tags=photos["dog"][0].image_tags.all())
    assert reason_to_retrain(COMMUNITY) is None, "a withheld photo is no reason"
    reject_tags(moderator=mona, image_tags=rows[4:5])
    assert reason_to_retrain(COMMUNITY) == "5 new decisions of people."


def test_a_newly_learnable_tag_is_due(alice: User, settings: Settings) -> None:
    settings.EYES_RETRAIN_AFTER = 1000
    teach_world(alice, ["cat", "dog"])
    judged_run({"heron": "14 of 20 curated photos"})
    assert reason_to_retrain(COMMUNITY) is None
    teach_world(alice, ["heron"], each=20, world="birds")
    assert reason_to_retrain(COMMUNITY) == "newly learnable: heron."


def test_a_tag_that_was_left_out_for_good_reason_is_not_due_every_night(
    alice: User, settings: Settings
) -> None:
    settings.EYES_RETRAIN_AFTER = 1000
    teach_world(alice, ["cat", "dog"])
    teach_world(alice, ["sunset"], world="evening")
    judged_run({"sunset": WITHOUT_NEGATIVES})
    assert reason_to_retrain(COMMUNITY) is None


def test_a_job_for_a_run_that_is_over_does_nothing() -> None:
    run = TrainingRun.objects.create(state=RunState.REFUSED)
    assert run_training(run.pk) == f"Run {run.pk} does not wait any more."
    assert run_training(99_999) == "Run 99999 does not wait any more."
