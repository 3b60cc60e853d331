"""Settings of this room that would do harm without an error: said at start."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from tagging.clusters import TRAINING_CLUSTER
from training.schedules import JOBS
from training.tuning.wishes import devices_here, switched_off_here


@register()
def check_training_cluster(
    app_configs: Sequence[AppConfig] | None, **_kwargs: Any
) -> list[CheckMessage]:
    """Report where no cluster would ever take a training job."""
    clusters: dict[str, Any] = settings.Q_CLUSTER
    if TRAINING_CLUSTER in clusters.get("ALT_CLUSTERS", {}):
        return []
    return [
        Error(
            f"Q_CLUSTER has no cluster {TRAINING_CLUSTER!r} among its ALT_CLUSTERS.",
            hint="Without it nobody would ever take a training job.",
            id="training.E001",
        )
    ]


@register()
def check_times_of_day(
    app_configs: Sequence[AppConfig] | None, **_kwargs: Any
) -> list[CheckMessage]:
    """Report a time in the settings that no clock shows."""
    problems: list[CheckMessage] = []
    for job in JOBS:
        try:
            _ = job.time_of_day
        except ImproperlyConfigured as error:
            problems.append(Error(str(error), id="training.E002"))
    return problems


@register()
def check_fine_tuning(
    app_configs: Sequence[AppConfig] | None, **_kwargs: Any
) -> list[CheckMessage]:
    """Report a kind of variation that does not exist, which would never be switched off, and
    devices that no machine has, on which nothing would ever be taught."""
    problems: list[CheckMessage] = []
    for number, read in (("E003", switched_off_here), ("E004", devices_here)):
        try:
            read()
        except ImproperlyConfigured as error:
            problems.append(Error(str(error), id=f"training.{number}"))
    return problems
