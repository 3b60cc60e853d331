"""The steps of a first start: one clear line when something is in the way."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from eyes import first_start
from gallery.models import User


def test_a_taken_port_is_named_with_a_free_way_out() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(CommandError, match=f"Port {port} .*PORT={port + 1} make run"):
            first_start.check_port("127.0.0.1", port)


def test_a_folder_that_cannot_be_written_is_named_with_its_variable(
    settings: Settings, tmp_path: Path
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    settings.STATE_DIR = tmp_path / "state"
    settings.MEDIA_ROOT = blocked / "media"
    with pytest.raises(CommandError, match="EYES_MEDIA_ROOT"):
        first_start.check_folders()


@pytest.mark.django_db
def test_the_first_moderator_is_created_once_and_the_password_works(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("EYES_MODERATOR_PASSWORD", raising=False)
    said: list[str] = []
    first_start.create_moderator(said.append)
    first_start.create_moderator(said.append)
    moderator = User.objects.get(is_superuser=True)
    assert len(said) == 1
    password = said[0].split("password: ")[1].split()[0]
    assert moderator.username == "moderator"
    assert moderator.check_password(password)


@pytest.mark.django_db
def test_name_and_password_of_the_moderator_can_be_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EYES_MODERATOR", "greta")
    monkeypatch.setenv("EYES_MODERATOR_PASSWORD", "a-long-given-one")
    said: list[str] = []
    first_start.create_moderator(said.append)
    assert User.objects.get(username="greta").check_password("a-long-given-one")
    assert "a-long-given-one" not in said[0]


@pytest.mark.django_db
def test_an_ordinary_account_is_never_made_a_moderator(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EYES_MODERATOR", "alice")
    with pytest.raises(CommandError, match="already called 'alice'"):
        first_start.create_moderator(print)
    alice.refresh_from_db()
    assert not alice.is_staff


@pytest.mark.django_db
def test_jobs_that_a_killed_worker_held_are_handed_out_again() -> None:
    later = timezone.now() + timedelta(minutes=2)
    OrmQ.objects.create(key="default", payload="held", lock=later)
    OrmQ.objects.create(key="training", payload="held", lock=later)
    assert first_start.release_abandoned_jobs() == 1
    assert OrmQ.objects.get(key="default").lock <= timezone.now()
    assert OrmQ.objects.get(key="training").lock == later
