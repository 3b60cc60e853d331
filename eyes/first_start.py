"""What a fresh installation needs before it can serve, each step safe to repeat."""

from __future__ import annotations

import hashlib
import secrets
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone
from django_q.models import OrmQ

from eyes.env import env_text
from gallery.models import User

Say = Callable[[str], None]


def check_port(bind: str, port: int) -> None:
    """Raise CommandError, with the way out, when nothing may listen on this port."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except PermissionError:
            raise CommandError(
                f"Port {port} needs more rights. Choose one above 1023: PORT=8000 make run"
            ) from None
        except OSError as error:
            raise CommandError(
                f"Port {port} on {bind} cannot be used ({error.strerror}). "
                f"Choose another: PORT={port + 1} make run"
            ) from None


def check_folders() -> None:
    """Make the folders that hold state; raise CommandError that names one we may not write to."""
    for variable, folder in (
        ("EYES_STATE_DIR", settings.STATE_DIR),
        ("EYES_MEDIA_ROOT", settings.MEDIA_ROOT),
        ("EYES_MODELS_STORE", settings.EYES_MODELS_STORE),
    ):
        try:
            Path(folder).mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CommandError(
                f"{folder} cannot be written to ({error.strerror}). "
                f"Make it writable, or name another folder with {variable}."
            ) from None


def prepare_database() -> None:
    """Bring the database to the present tables."""
    call_command("migrate", interactive=False, verbosity=0)


def collect_static_files() -> None:
    """Collect and compress static files when any of them changed since the last time."""
    fingerprint = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            source = Path(storage.path(path))
            status = source.stat()
            fingerprint.update(f"{source}:{status.st_size}:{status.st_mtime_ns}\n".encode())
    marker = Path(settings.STATIC_ROOT).with_suffix(".fingerprint")
    if marker.exists() and marker.read_text() == fingerprint.hexdigest():
        return
    call_command("collectstatic", interactive=False, clear=True, verbosity=0)
    temporary = marker.with_suffix(".tmp")
    temporary.write_text(fingerprint.hexdigest())
    temporary.replace(marker)


def create_moderator(say: Say) -> None:
    """Create the first moderator when there is none, and say name and password this once."""
    if User.objects.filter(is_superuser=True).exists():
        return
    name = env_text("EYES_MODERATOR", "moderator")
    given = env_text("EYES_MODERATOR_PASSWORD")
    password = given or secrets.token_urlsafe(12)
    if User.objects.filter(username=name).exists():
        raise CommandError(
            f"There is no moderator yet, and an ordinary account is already called {name!r}. "
            "Choose another name with EYES_MODERATOR."
        )
    User.objects.create_superuser(name, env_text("EYES_MODERATOR_EMAIL"), password)
    shown = "as set in EYES_MODERATOR_PASSWORD" if given else f"{password}   (shown only now)"
    say(f"First moderator: {name}\n       password: {shown}")


def release_abandoned_jobs() -> int:
    """Hand out again at once what killed workers had taken; return how many jobs that were.

    Called before the workers start, so that nobody waits for the lock of a dead process to
    expire. A job that runs elsewhere after all runs twice, which every job survives.
    """
    present = timezone.now()
    taken = OrmQ.objects.filter(key=settings.Q_CLUSTER["name"], lock__gt=present)
    released: int = taken.update(lock=present)
    return released
