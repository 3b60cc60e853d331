"""What happens by itself: one list, registered at every start without harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from training.services import TRAINING_CLUSTER

NEVER = "off"


@dataclass(frozen=True)
class DailyJob:
    """A function that the queue calls once a day, at the local time that a setting names."""

    name: str
    function: str
    setting: str
    cluster: str


DAILY_JOBS = (
    DailyJob(
        name="Retrain when there is enough new curation",
        function="training.tasks.retrain_if_due",
        setting="EYES_RETRAIN_AT",
        cluster=TRAINING_CLUSTER,
    ),
)


def register_schedules() -> int:
    """Bring the schedules of the database in line with the list; return how many changed.

    A schedule that stands as it should keeps its next run, so that a restart just before it does
    not put it off. `off` in the setting removes it.
    """
    return sum(_register(job) for job in DAILY_JOBS)


def time_of_day(name: str) -> time | None:
    """Return the time in this setting, None for `off`; raises ImproperlyConfigured."""
    text = str(getattr(settings, name))
    if text.lower() == NEVER:
        return None
    try:
        return datetime.strptime(text, "%H:%M").time()
    except ValueError:
        raise ImproperlyConfigured(
            f"{name}={text!r} is neither a time such as 03:30 nor {NEVER}."
        ) from None


def _register(job: DailyJob) -> bool:
    at = time_of_day(job.setting)
    with transaction.atomic():
        present = Schedule.objects.filter(name=job.name).order_by("pk")
        if at is None:
            return bool(present.delete()[0])
        schedule = present.first()
        if schedule is not None:
            present.exclude(pk=schedule.pk).delete()
            if _is_as_it_should(schedule, job, at):
                return False
        schedule = schedule or Schedule(name=job.name)
        schedule.func, schedule.cluster = job.function, job.cluster
        schedule.schedule_type, schedule.repeats = Schedule.DAILY, -1
        schedule.next_run = next_time(at)
        schedule.save()
    return True


def next_time(at: time) -> datetime:
    """Return the next moment at which clocks here show this time."""
    now = timezone.localtime()
    moment = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
    return moment if moment > now else moment + timedelta(days=1)


def _is_as_it_should(schedule: Schedule, job: DailyJob, at: time) -> bool:
    told = timezone.localtime(schedule.next_run)
    return (
        schedule.func == job.function
        and schedule.cluster == job.cluster
        and schedule.schedule_type == Schedule.DAILY
        and schedule.repeats == -1
        and (told.hour, told.minute) == (at.hour, at.minute)
    )
