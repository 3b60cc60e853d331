"""Misconfigurations that would hurt later, told at the start."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from tagging.engines.interface import thread_count
from tagging.engines.openvino_engine import HOW_TO_INSTALL, openvino_is_installed

ENGINES = ("auto", "onnx", "keras", "openvino")
AUTO = "EYES_ENGINE=auto takes what this machine has; `manage.py devices` shows it."


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


@register
def mails_lead_somewhere(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for an address that is none, a warning where mails stay off without one."""
    address = settings.EYES_ADDRESS
    if address:
        parts = urlsplit(address)
        if parts.scheme in {"http", "https"} and parts.netloc and not parts.path:
            return []
        return [
            Error(
                f"EYES_ADDRESS={address!r} is not the address of a site.",
                hint="It has a scheme and a host, such as https://photos.example.org",
                id="eyes.E006",
            )
        ]
    if not settings.EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        return []
    return [
        Warning(
            "Mails can be sent, but EYES_ADDRESS is not set: no notice is mailed.",
            hint="Say where the site stands: EYES_ADDRESS=https://photos.example.org",
            id="eyes.W001",
        )
    ]


@register
def engine_can_be_opened(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Return an error for an engine that is unknown or not installed, and for its threads.

    Looks for packages and imports none: a check must not run what a fork would inherit.
    """
    errors: list[CheckMessage] = []
    choice = settings.EYES_ENGINE
    if choice not in ENGINES:
        known = ", ".join(ENGINES)
        errors.append(
            Error(f"EYES_ENGINE={choice!r} is not one of: {known}.", hint=AUTO, id="eyes.E003")
        )
    elif choice == "openvino" and not openvino_is_installed():
        errors.append(
            Error(
                "EYES_ENGINE=openvino needs a package that is not installed.",
                hint=f"{HOW_TO_INSTALL}. {AUTO}",
                id="eyes.E004",
            )
        )
    try:
        thread_count()
    except ValueError as error:
        hint = "Leave it empty to use the cores in reach."
        errors.append(Error(str(error), hint=hint, id="eyes.E005"))
    return errors


def _cluster_times(clusters: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Yield name, timeout and retry in seconds of every cluster, inherited ones included."""
    yield clusters["name"], clusters["timeout"], clusters["retry"]
    for name, changed in clusters.get("ALT_CLUSTERS", {}).items():
        cluster = {**clusters, **changed}
        yield name, cluster["timeout"], cluster["retry"]
