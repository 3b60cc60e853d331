"""`manage.py check` tells misconfigurations that would hurt later."""

import importlib.util
from copy import deepcopy

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from eyes import checks
from eyes.env import site_address
from tagging.engine import ENGINE_CHOICES


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


def test_an_unknown_engine_is_an_error_that_names_the_known_ones(settings: Settings) -> None:
    settings.EYES_ENGINE = "tpu"
    (error,) = (message for message in run_checks() if message.id == "eyes.E003")
    assert error.msg == "EYES_ENGINE='tpu' is not one of: auto, onnx, keras, openvino."


def test_an_engine_that_is_not_installed_is_an_error_that_says_how(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.EYES_ENGINE = "openvino"
    assert found(settings) == set()
    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "openvino" else find(name)
    )
    (error,) = (message for message in run_checks() if message.id == "eyes.E004")
    assert error.hint is not None and "requirements-openvino.txt" in error.hint


@pytest.mark.parametrize("wish", ["many", "0", "-2", "1.5"])
def test_a_number_of_threads_that_is_none_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, wish: str
) -> None:
    monkeypatch.setenv("EYES_ENGINE_THREADS", wish)
    assert found(settings) == {"eyes.E005"}


def test_checks_and_engines_know_the_same_names() -> None:
    assert checks.ENGINES == ENGINE_CHOICES


SMTP = "django.core.mail.backends.smtp.EmailBackend"


def test_mails_without_an_address_of_the_site_are_a_warning(settings: Settings) -> None:
    settings.EMAIL_BACKEND, settings.EYES_ADDRESS = SMTP, ""
    assert found(settings) == {"eyes.W001"}
    settings.EYES_ADDRESS = "https://photos.example.org"
    assert found(settings) == set()


@pytest.mark.parametrize("address", ["photos.example.org", "ftp://a.b", "https://", "https://a/b"])
def test_an_address_that_is_none_is_an_error(settings: Settings, address: str) -> None:
    settings.EYES_ADDRESS = address
    assert found(settings) == {"eyes.E006"}


@pytest.mark.parametrize(
    ("https", "hosts", "address"),
    [
        (True, ["photos.example.org", "other"], "https://photos.example.org"),
        (True, ["*"], ""),
        (True, [".example.org"], ""),
        (True, [], ""),
        (False, ["localhost"], ""),
    ],
)
def test_a_site_with_https_and_a_name_knows_where_it_stands(
    https: bool, hosts: list[str], address: str
) -> None:
    assert site_address(https, hosts) == address
