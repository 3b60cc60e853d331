"""Misconfigurations that would hurt later, told at the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register
def job_times_are_sane(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for each cluster that would hand a long job out twice."""
    return [
        Error(
            f"The job cluster {name!r} repeats a job after {retry} s but lets it run {timeout} s.",
            hint="`retry` must exceed `timeout` in Q_CLUSTER, or a long job runs twice.",
            id="eyes.E001",
        )
        for name, timeout, retry in _cluster_times(settings.Q_CLUSTER)
        if retry <= timeout
    ]


@register(deploy=True)
def public_hosts_are_named(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error when a deployed site would answer to any name."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Error(
            "EYES_HOSTS=* answers to any name, which lets strangers forge links in mails.",
            hint="Name the hosts: EYES_HOSTS=photos.example.org",
            id="eyes.E002",
        )
    ]


def _cluster_times(clusters: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Yield name, timeout and retry in seconds of every cluster, inherited ones included."""
    yield clusters["name"], clusters["timeout"], clusters["retry"]
    for name, changed in clusters.get("ALT_CLUSTERS", {}).items():
        cluster = {**clusters, **changed}
        yield name, cluster["timeout"], cluster["retry"]
