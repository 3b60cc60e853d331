"""What happens by itself, when, on which queue, and whether it is worth it."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.utils import timezone
from django.utils.module_loading import import_string
from django_q.models import OrmQ, Schedule
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings

from gallery.models import User
from tagging.models import ImageTag
from tagging.policy import COMMUNITY
from tagging.services.curation import reject_tags
from tagging.services.vocabulary import rename_tag
from tests.tagging.cast import make_tag
from tests.training.classroom import BACKBONE, teach_world
from training.checks import check_times_of_day, check_training_cluster
from training.models import RunState, TrainingRun
from training.schedules import JOBS, SPREAD, next_time, register_schedules, time_of_day
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


RETRAIN = "training.tasks.retrain_if_due"
FINE_TUNE = "training.tasks.fine_tune_if_due"


def minutes_of_day(schedule: Schedule) -> int:
    told = timezone.localtime(schedule.next_run)
    return told.hour * 60 + told.minute


def test_every_job_is_registered_once() -> None:
    assert register_schedules() == len(JOBS)
    assert register_schedules() == 0
    stored = Schedule.objects.values_list("name", "func", "cluster", "schedule_type")
    assert set(stored) == {(job.name, job.function, job.cluster, job.rhythm) for job in JOBS}
    limits = {"I": timedelta(minutes=10), "H": timedelta(hours=1)}
    limits |= {"D": timedelta(days=1), "W": timedelta(days=7)}
    for schedule in Schedule.objects.all():
        wait = schedule.next_run - timezone.now()
        assert timedelta(0) < wait <= limits[schedule.schedule_type], schedule.name


@pytest.mark.parametrize("function", sorted({job.function for job in JOBS}))
def test_every_scheduled_function_is_there(function: str) -> None:
    assert callable(import_string(function))


def test_tags_are_settled_anew_every_day() -> None:
    register_schedules()
    schedule = Schedule.objects.get(func="tagging.tasks.settle_undecided")
    assert (schedule.schedule_type, schedule.cluster) == (Schedule.DAILY, None)


def test_retraining_comes_due_within_the_half_hour_after_the_time_in_the_setting(
    settings: Settings,
) -> None:
    settings.EYES_RETRAIN_AT = "04:15"
    register_schedules()
    schedule = Schedule.objects.get(func=RETRAIN)
    assert schedule.cluster == "training"
    assert 4 * 60 + 15 <= minutes_of_day(schedule) < 4 * 60 + 15 + SPREAD


def test_a_late_time_comes_due_after_midnight(settings: Settings) -> None:
    settings.EYES_RETRAIN_AT = "23:59"
    job = next(job for job in JOBS if job.function == RETRAIN)
    due = next_time(job, time(23, 59))
    assert timedelta(0) < due - timezone.now() <= timedelta(days=1)
    assert (timezone.localtime(due) - job.offset).time() == time(23, 59)


def test_sites_and_jobs_wake_at_different_minutes(settings: Settings) -> None:
    offsets = set()
    for site in range(40):
        settings.SECRET_KEY = f"the key of site {site}"
        job = next(job for job in JOBS if job.function == RETRAIN)
        assert job.offset == job.offset, "a restart moves nothing"
        assert timedelta(0) <= job.offset < timedelta(minutes=SPREAD)
        offsets.add(job.offset)
    assert len(offsets) > 15
    assert len({job.offset for job in JOBS}) > 4


def test_weekly_jobs_come_due_on_a_monday() -> None:
    register_schedules()
    weekly = Schedule.objects.filter(schedule_type=Schedule.WEEKLY)
    assert {each.func for each in weekly} == {"training.tasks.read_drift", FINE_TUNE}
    assert {timezone.localtime(each.next_run).weekday() for each in weekly} == {0}


def test_fine_tuning_comes_due_before_the_nightly_run_and_can_be_switched_off(
    settings: Settings,
) -> None:
    register_schedules()
    weekly = Schedule.objects.get(func=FINE_TUNE)
    assert weekly.cluster == "training"
    assert minutes_of_day(weekly) < minutes_of_day(Schedule.objects.get(func=RETRAIN))
    settings.EYES_FINE_TUNE = "never"
    assert register_schedules() == 1
    assert not Schedule.objects.filter(func=FINE_TUNE).exists()
    settings.EYES_FINE_TUNE = "weekly"
    assert register_schedules() == 1
    settings.EYES_RETRAIN_AT = "off"
    register_schedules()
    assert not Schedule.objects.filter(func=FINE_TUNE).exists(), "nothing is taught by itself"


def test_the_training_cluster_gives_a_fine_tuning_the_time_it_takes(settings: Settings) -> None:
    cluster = settings.Q_CLUSTER["ALT_CLUSTERS"]["training"]
    assert cluster["retry"] > cluster["timeout"] >= 4 * 3600
    assert cluster["max_attempts"] == 1


def test_a_restart_does_not_put_off_a_run_that_is_due(settings: Settings) -> None:
    settings.EYES_RETRAIN_AT = "04:15"
    register_schedules()
    due = {}
    for schedule in Schedule.objects.all():
        whole_steps = {"I": timedelta(minutes=20), "H": timedelta(hours=2)}
        whole_steps |= {"D": timedelta(days=2), "W": timedelta(days=14)}
        schedule.next_run -= whole_steps[schedule.schedule_type]
        schedule.save()
        due[schedule.pk] = schedule.next_run
    assert register_schedules() == 0
    assert dict(Schedule.objects.values_list("pk", "next_run")) == due


def test_a_changed_time_moves_it_and_off_removes_it(settings: Settings) -> None:
    settings.EYES_RETRAIN_AT = "04:15"
    register_schedules()
    before = minutes_of_day(Schedule.objects.get(func=RETRAIN))
    settings.EYES_RETRAIN_AT = "05:15"
    assert register_schedules() == 1
    assert minutes_of_day(Schedule.objects.get(func=RETRAIN)) == before + 60
    settings.EYES_RETRAIN_AT = "off"
    assert register_schedules() == 2
    assert not Schedule.objects.filter(func__in=[RETRAIN, FINE_TUNE]).exists()
    assert Schedule.objects.count() == len(JOBS) - 2


def test_a_schedule_that_somebody_changed_is_put_right() -> None:
    register_schedules()
    Schedule.objects.filter(func=RETRAIN).update(cluster=None, repeats=3)
    extra = Schedule.objects.get(func=RETRAIN)
    extra.pk = None
    extra.save()
    assert register_schedules() == 1
    schedule = Schedule.objects.get(func=RETRAIN)
    assert (schedule.cluster, schedule.repeats) == ("training", -1)


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
    rows = ImageTag.objects.filter(image__in=photos["cat"]).order_by("pk")
    reject_tags(moderator=mona, image_tags=rows[:4])
    assert reason_to_retrain(COMMUNITY) is None
    photos["dog"][0].teaches = False
    photos["dog"][0].save()
    reject_tags(moderator=mona, image_tags=photos["dog"][0].image_tags.all())
    assert reason_to_retrain(COMMUNITY) is None, "a withheld photo is no reason"
    reject_tags(moderator=mona, image_tags=rows[4:5])
    assert reason_to_retrain(COMMUNITY) == "5 new decisions of people."


def test_after_a_week_anything_new_is_due(alice: User, mona: User, settings: Settings) -> None:
    settings.EYES_RETRAIN_AFTER = 1000
    photos = teach_world(alice, ["cat", "dog"])
    run = judged_run()
    run.started_at = timezone.now() - timedelta(days=8)
    run.save()
    ImageTag.objects.update(changed_at=run.started_at)
    assert reason_to_retrain(COMMUNITY) is None, "a week alone is no reason"
    reject_tags(moderator=mona, image_tags=photos["cat"][0].image_tags.all())
    assert reason_to_retrain(COMMUNITY) == "1 new decision of people in 7 days or more."
    run.started_at = timezone.now() - timedelta(days=6)
    run.save()
    assert reason_to_retrain(COMMUNITY) is None


def test_a_newly_learnable_tag_is_due(alice: User, settings: Settings) -> None:
    settings.EYES_RETRAIN_AFTER = 1000
    teach_world(alice, ["cat", "dog"])
    judged_run({"heron": "14 of 20 curated photos"})
    assert reason_to_retrain(COMMUNITY) is None
    teach_world(alice, ["heron"], each=20, world="birds")
    assert reason_to_retrain(COMMUNITY) == "newly learnable: heron."


def test_a_new_name_is_nothing_to_learn(alice: User, mona: User, settings: Settings) -> None:
    settings.EYES_RETRAIN_AFTER = 1000
    teach_world(alice, ["cat", "dog"])
    judged_run({})
    rename_tag(moderator=mona, tag=make_tag("cat"), name="house cat")
    assert reason_to_retrain(COMMUNITY) is None


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
