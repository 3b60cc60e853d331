"""`manage.py check` tells misconfigurations that would hurt later."""

from copy import deepcopy

from django.core.checks import run_checks
from pytest_django import Settings


def found(settings: Settings, deploy: bool = False) -> set[str]:
    return {
        message.id or ""
        for message in run_checks(include_deployment_checks=deploy)
        if (message.id or "").startswith(("eyes.", "training."))
    }


def test_the_settings_as_shipped_pass(settings: Settings) -> None:
    assert found(settings) == set()


def test_a_cluster_that_would_run_long_jobs_twice_is_an_error(settings: Settings) -> None:
    clusters = deepcopy(settings.Q_CLUSTER)
    clusters["ALT_CLUSTERS"]["training"]["retry"] = 10
    settings.Q_CLUSTER = clusters
    assert found(settings) == {"eyes.E001"}


def test_a_missing_training_cluster_is_an_error(settings: Settings) -> None:
    clusters = deepcopy(settings.Q_CLUSTER)
    del clusters["ALT_CLUSTERS"]["training"]
    settings.Q_CLUSTER = clusters
    assert found(settings) == {"training.E001"}


def test_a_public_site_must_name_its_hosts(settings: Settings) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    assert "eyes.E002" in found(settings, deploy=True)
