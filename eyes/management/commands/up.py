"""Start everything: prepare what is missing, then web server and both job clusters."""

from __future__ import annotations

import http.client
import io
import sys
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from eyes import first_start
from eyes.env import env_number, env_text
from eyes.supervisor import Child, Supervisor
from gallery.samples import add_samples
from tagging.backbones.prepare import BackboneUnavailable, prepare_backbone
from training.schedules import register_schedules

# glibc keeps the large buffers of photos for later unless told to hand them back, and does so once
# per thread: 138 MB instead of 155 for a web process that takes in photos of 12 megapixels.
FRUGAL = {"MALLOC_ARENA_MAX": "2", "MALLOC_MMAP_THRESHOLD_": "262144"}


class Command(BaseCommand):
    help = "Prepare and start eyes: the site and its workers, until Ctrl-C."

    def handle(self, *args: Any, **options: Any) -> None:
        """Prepare, then serve; raises CommandError with one clear line when it cannot."""
        bind = env_text("EYES_BIND", "127.0.0.1")
        port = env_number("PORT", 8000, least=1)
        first_start.check_port(bind, port)
        first_start.check_folders()
        self.prepare()
        code = Supervisor(self.programs(bind, port), self.say).run(
            when_ready=lambda: is_answering(bind, port),
            ready_message=self.greeting(port),
        )
        if code:
            sys.exit(code)

    def prepare(self) -> None:
        """Bring database, network, pages and schedules to the state that serving needs."""
        self.say("Preparing the database …")
        first_start.prepare_database()
        first_start.collect_static_files()
        self.say(f"Preparing the network {settings.EYES_BACKBONE} …")
        try:
            prepare_backbone(settings.EYES_BACKBONE, settings.EYES_MODELS_STORE)
        except BackboneUnavailable as error:
            raise CommandError(str(error)) from error
        first_start.create_moderator(self.say)
        register_schedules()
        first_start.release_abandoned_jobs()
        if settings.EYES_SAMPLES and (added := add_samples()):
            self.say(f"Added {added} sample photos; remove them with: manage.py samples remove")
        call_command("check", deploy=settings.HTTPS, stdout=io.StringIO())

    def programs(self, bind: str, port: int) -> list[Child]:
        """Return the web server and the two clusters."""
        jobs = [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"]
        address = f"[{bind}]:{port}" if ":" in bind else f"{bind}:{port}"
        web = [sys.executable, "-m", "gunicorn", "eyes.wsgi:application", "--bind", address]
        web += ["--workers", str(env_number("EYES_WEB_PROCESSES", 2, least=1)), "--threads", "4"]
        web += ["--chdir", str(settings.BASE_DIR), "--log-level", "warning", "--timeout", "60"]
        return [
            Child("The web server", web, FRUGAL),
            Child("The tagging worker", jobs, {"Q_CLUSTER_NAME": "default", **FRUGAL}),
            Child("The training worker", jobs, {"Q_CLUSTER_NAME": "training"}),
        ]

    def greeting(self, port: int) -> str:
        """Return where to click."""
        site = f"http://localhost:{port}"
        return f"\neyes is open:  {site}/\nModerators:    {site}/admin/\nStop it with Ctrl-C.\n"

    def say(self, sentence: str) -> None:
        """Print at once, also where the output goes into a pipe."""
        self.stdout.write(sentence)
        self.stdout.flush()


def is_answering(bind: str, port: int) -> bool:
    """Return whether the site answers its health check."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(bind, bind)
    # A site that allows only its public name must be asked by that name.
    name = settings.ALLOWED_HOSTS[0].replace("*", "localhost").lstrip(".")
    connection = http.client.HTTPConnection(host, port, timeout=1)
    try:
        connection.request("GET", "/healthz", headers={"Host": name})
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
