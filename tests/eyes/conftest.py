"""A whole site in its own folders: the real `manage.py up` with all its processes."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
MODERATOR, PASSWORD = "mona", "mona-secret-9"
START_SECONDS = 180


@dataclass
class RunningSite:
    """Where the site answers, and how to run its commands."""

    address: str
    environment: dict[str, str]
    process: subprocess.Popen[str]
    log: Path

    def manage(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run `manage.py` on this site's database and folders; fail with its messages."""
        result = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert not check or result.returncode == 0, result.stdout + result.stderr
        return result

    def count(self, table: str) -> int:
        """Return how many rows a table of the site's SQLite database has, at once."""
        path = self.environment["DATABASE_URL"].removeprefix("sqlite:///")
        with closing(sqlite3.connect(path, timeout=20)) as database:
            return int(database.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0])


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def running_site(
    request: pytest.FixtureRequest, tmp_path: Path, session_store: Path
) -> Iterator[RunningSite]:
    """Start everything as `make run` does, on an empty gallery; stop it as Ctrl-C does."""
    store = tmp_path / "site" / "models_store"
    store.mkdir(parents=True)
    shutil.copytree(session_store / "backbones", store / "backbones")
    port = free_port()
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("EYES_")},
        "DATABASE_URL": f"sqlite:///{tmp_path / 'site' / 'eyes.sqlite3'}",
        "EYES_STATE_DIR": str(tmp_path / "site" / "var"),
        "EYES_MEDIA_ROOT": str(tmp_path / "site" / "media"),
        "EYES_MODELS_STORE": str(store),
        "EYES_MODERATOR": MODERATOR,
        "EYES_MODERATOR_PASSWORD": PASSWORD,
        "EYES_SAMPLES": "0",
        "PORT": str(port),
        **getattr(request, "param", {}),
    }
    log = tmp_path / "site" / "log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "up"],
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
        site = RunningSite(f"http://localhost:{port}", environment, process, log)
        try:
            wait_for_greeting(site)
            yield site
        finally:
            process.terminate()
            code = process.wait(60)
    assert code == 0, log.read_text()
    assert "Everything is stopped." in log.read_text()


def wait_for_greeting(site: RunningSite) -> None:
    """Return once the site says that it is open; fail with its log otherwise."""
    deadline = time.monotonic() + START_SECONDS
    while not re.search(r"eyes is open:", site.log.read_text()):
        assert site.process.poll() is None, site.log.read_text()
        assert time.monotonic() < deadline, site.log.read_text()
        time.sleep(0.2)


@dataclass
class ApiClient:
    """One person who uses the API of a running site from several threads."""

    site: RunningSite
    token: str

    def upload(self, photo: bytes, name: str = "photo.jpg") -> int:
        """Upload a public photo that teaches; return its id."""
        answer = requests.post(
            f"{self.site.address}/api/v1/images/",
            files={"file": (name, photo)},
            data={"teaches": "true"},
            headers={"Authorization": f"Token {self.token}"},
            timeout=60,
        )
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def suggestions(self, image_id: int) -> list[dict[str, Any]]:
        """Return what the network says of a photo."""
        answer = requests.get(
            f"{self.site.address}/api/v1/images/{image_id}/suggestions/",
            headers={"Authorization": f"Token {self.token}"},
            timeout=60,
        )
        assert answer.status_code == 200, answer.text
        return list(answer.json())


@pytest.fixture
def moderator_api(running_site: RunningSite) -> ApiClient:
    """The moderator's token."""
    answer = requests.post(
        f"{running_site.address}/api/v1/token/",
        json={"username": MODERATOR, "password": PASSWORD},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return ApiClient(running_site, answer.json()["token"])


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 90) -> None:
    """Return once the condition holds; fail with what was waited for."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Waited {seconds} s in vain until {what}."
        time.sleep(0.1)
