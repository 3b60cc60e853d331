"""What happens by itself: one list, registered at every start without harm."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django_q.models import Schedule

from tagging.clusters import TRAINING_CLUSTER

NEVER = "off"
# Each site adds so many minutes at most to a time of day, always the same ones: many sites on one
# machine, and many jobs of one site, do not all wake at once.
SPREAD = 30
MONDAY = 0
# A job that runs often runs every so many minutes.
OFTEN_MINUTES = 10


class Rhythm(StrEnum):
    """How often a job runs; the values are those of the queue's own table."""

    OFTEN = Schedule.MINUTES
    HOURLY = Schedule.HOURLY
    DAILY = Schedule.DAILY
    WEEKLY = Schedule.WEEKLY


@dataclass(frozen=True)
class ScheduledJob:
    """A function that the queue calls again and again.

    `at` is a local time (weekly jobs run on Mondays): the job comes due within the half hour after
    it. It is a clock's time or the name of the setting that holds one. An hourly job has none; it
    comes due at a minute of the site's own, one that runs often every ten minutes from then on.
    Without a cluster the default one takes it. `unless`
    names settings any of which switches the job off by saying `off` or `never`.
    """

    name: str
    function: str
    rhythm: Rhythm
    at: time | str = time(0)
    cluster: str | None = None
    unless: tuple[str, ...] = ()

    @property
    def time_of_day(self) -> time | None:
        """Return the time, None for never; raises ImproperlyConfigured for a wrong setting."""
        if any(str(getattr(settings, name)).lower() in (NEVER, "never") for name in self.unless):
            return None
        return time_of_day(self.at) if isinstance(self.at, str) else self.at

    @property
    def offset(self) -> timedelta:
        """Return how much later this site's job comes due; the same at every start."""
        digest = salted_hmac("training.schedules", self.function, algorithm="sha256").digest()
        spread = {Rhythm.HOURLY: 60, Rhythm.OFTEN: OFTEN_MINUTES}.get(self.rhythm, SPREAD)
        return timedelta(minutes=int.from_bytes(digest[:4], "big") % spread)


JOBS = (
    ScheduledJob(
        name="Retrain when there is enough new curation",
        function="training.tasks.retrain_if_due",
        rhythm=Rhythm.DAILY,
        at="EYES_RETRAIN_AT",
        cluster=TRAINING_CLUSTER,
    ),
    # Before the nightly run of the same night, which then finds nothing new; whoever wants nothing
    # to be taught by itself says so once.
    ScheduledJob(
        name="Teach the network itself when there is enough new curation",
        function="training.tasks.fine_tune_if_due",
        rhythm=Rhythm.WEEKLY,
        at=time(1, 45),
        cluster=TRAINING_CLUSTER,
        unless=("EYES_FINE_TUNE", "EYES_RETRAIN_AT"),
    ),
    # Every day, also without any run: what a killed one left, and its sheet, hold copies of photos.
    ScheduledJob(
        name="Remove left fine-tunings",
        function="training.tasks.tidy_fine_tunings",
        rhythm=Rhythm.DAILY,
        at=time(4, 30),
        cluster=TRAINING_CLUSTER,
    ),
    ScheduledJob(
        name="Remove the files of old versions",
        function="tagging.tasks.prune_versions",
        rhythm=Rhythm.DAILY,
        at=time(5, 0),
        cluster=TRAINING_CLUSTER,
    ),
    ScheduledJob(
        name="Fill the review queue",
        function="training.tasks.fill_review_queue",
        rhythm=Rhythm.DAILY,
        at=time(5, 30),
        cluster=TRAINING_CLUSTER,
    ),
    ScheduledJob(
        name="Go on filling embedding spaces",
        function="tagging.tasks.resume_filling",
        rhythm=Rhythm.HOURLY,
    ),
    ScheduledJob(
        name="Forget old sightings",
        function="tagging.tasks.forget_old_sightings",
        rhythm=Rhythm.DAILY,
        at=time(2, 0),
    ),
    # A large library takes longer than a job of the photos' cluster may last.
    ScheduledJob(
        name="Bring the files of vectors in line",
        function="tagging.tasks.tend_vectors",
        rhythm=Rhythm.DAILY,
        at=time(3, 0),
        cluster=TRAINING_CLUSTER,
    ),
    ScheduledJob(
        name="Forget old notices",
        function="gallery.tasks.prune_notices",
        rhythm=Rhythm.DAILY,
        at=time(2, 30),
    ),
    ScheduledJob(
        name="Complete photos that lack renditions",
        function="gallery.tasks.complete_photos",
        rhythm=Rhythm.DAILY,
        at=time(2, 15),
    ),
    ScheduledJob(
        name="Delete what has been in the trash for thirty days",
        function="gallery.tasks.empty_expired_trash",
        rhythm=Rhythm.DAILY,
        at=time(3, 30),
        cluster=TRAINING_CLUSTER,
    ),
    ScheduledJob(
        name="Remove takeouts that were not fetched",
        function="gallery.tasks.sweep_transfers",
        rhythm=Rhythm.DAILY,
        at=time(2, 15),
    ),
    ScheduledJob(
        name="Forget uploads that nobody finished",
        function="gallery.tasks.forget_expired_uploads",
        rhythm=Rhythm.HOURLY,
    ),
    ScheduledJob(
        name="Go on with takeouts and imports",
        function="gallery.tasks.resume_transfers",
        rhythm=Rhythm.HOURLY,
    ),
    ScheduledJob(
        name="Delete what people who left had here",
        function="gallery.tasks.finish_leavings",
        rhythm=Rhythm.DAILY,
        at=time(3, 15),
        cluster=TRAINING_CLUSTER,
    ),
    ScheduledJob(
        name="Count votes that have come of age",
        function="tagging.tasks.count_votes_of_age",
        rhythm=Rhythm.HOURLY,
    ),
    # Pages of many tags show these numbers; counting them takes about a second.
    ScheduledJob(
        name="Count the photos of tags",
        function="tagging.tasks.count_tags",
        rhythm=Rhythm.OFTEN,
    ),
    ScheduledJob(
        name="Tag photos whose jobs were lost",
        function="tagging.tasks.tag_waiting",
        rhythm=Rhythm.HOURLY,
    ),
    # Skills of voters and the devices they share become known later, and presets change.
    ScheduledJob(
        name="Settle undecided tags anew",
        function="tagging.tasks.settle_undecided",
        rhythm=Rhythm.DAILY,
        at=time(4, 0),
    ),
    ScheduledJob(
        name="Watch the live version",
        function="training.tasks.watch_live_version",
        rhythm=Rhythm.HOURLY,
    ),
    ScheduledJob(
        name="Measure last week's drift",
        function="training.tasks.read_drift",
        rhythm=Rhythm.WEEKLY,
        at=time(1, 0),
        cluster=TRAINING_CLUSTER,
    ),
)


def register_schedules() -> int:
    """Bring the schedules of the database in line with the list; return how many changed.

    A schedule that stands as it should keeps its next run, so that a restart just before it does
    not put it off. `off` in the setting removes it.
    """
    return sum(_register(job) for job in JOBS)


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


def next_time(job: ScheduledJob, at: time) -> datetime:
    """Return the next moment at which this job comes due here, by local clocks."""
    now = timezone.localtime()
    if job.rhythm in (Rhythm.HOURLY, Rhythm.OFTEN):
        first, step = now.replace(minute=0, second=0, microsecond=0), timedelta(hours=1)
    else:
        first = now.replace(hour=at.hour, minute=at.minute, second=0, microsecond=0)
        step = timedelta(days=1)
    if job.rhythm == Rhythm.OFTEN:
        step = timedelta(minutes=OFTEN_MINUTES)
    moment = first - step + job.offset
    while moment <= now or (job.rhythm == Rhythm.WEEKLY and moment.weekday() != MONDAY):
        moment += step
    return moment


def _register(job: ScheduledJob) -> bool:
    at = job.time_of_day
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
        schedule.schedule_type, schedule.repeats = str(job.rhythm), -1
        schedule.minutes = OFTEN_MINUTES if job.rhythm == Rhythm.OFTEN else None
        schedule.next_run = next_time(job, at)
        schedule.save()
    return True


def _is_as_it_should(schedule: Schedule, job: ScheduledJob, at: time) -> bool:
    return (
        schedule.func == job.function
        and schedule.cluster == job.cluster
        and schedule.schedule_type == job.rhythm
        and schedule.repeats == -1
        and (schedule.minutes == OFTEN_MINUTES or job.rhythm != Rhythm.OFTEN)
        and _clock(schedule.next_run, job) == _clock(next_time(job, at), job)
    )


def _clock(moment: datetime, job: ScheduledJob) -> tuple[int, ...]:
    """Return what a clock shows at this moment, as far as this job goes by it."""
    local = timezone.localtime(moment)
    if job.rhythm == Rhythm.HOURLY:
        return (local.minute,)
    if job.rhythm == Rhythm.OFTEN:
        return (local.minute % OFTEN_MINUTES,)
    is_weekly = job.rhythm == Rhythm.WEEKLY
    return (local.weekday() if is_weekly else 0, local.hour, local.minute)
