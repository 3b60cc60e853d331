"""What a web process and a tagging worker need, at their peak, while the site is used.

Starts the whole site, asks for its pages, uploads photos and waits until they are tagged. Run with

    python -m benchmarks.memory
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from benchmarks.setting import ROOT, peak_megabytes

PHOTOS, ROUNDS = 8, 20
PAGES = ("/", "/upload/", "/tags/", "/models/", "/search/?q=cat", "/accounts/login/", "/admin/")


def main() -> None:
    """Print the peak resident memory of every process of the site, in MB."""
    with tempfile.TemporaryDirectory(prefix="eyes-benchmark-") as name:
        folder = Path(name)
        port = free_port()
        environment = {
            **os.environ,
            "DATABASE_URL": f"sqlite:///{folder / 'eyes.sqlite3'}",
            "EYES_STATE_DIR": str(folder / "var"),
            "EYES_MEDIA_ROOT": str(folder / "media"),
            "EYES_MODELS_STORE": str(folder / "models_store"),
            "EYES_MODERATOR_PASSWORD": "benchmark-secret-9",
            "PORT": str(port),
        }
        command = [sys.executable, str(ROOT / "manage.py"), "up"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as site:
            try:
                use(f"http://localhost:{port}", folder)
                report(site.pid)
            finally:
                site.terminate()


def use(address: str, folder: Path) -> None:
    """Ask for every page, upload photos of 12 megapixels, and wait for their tags."""
    wait_for(f"{address}/healthz")
    for _ in range(ROUNDS):
        for page in PAGES:
            requests.get(address + page, timeout=60).raise_for_status()
    person = {"username": "moderator", "password": "benchmark-secret-9"}
    token = requests.post(f"{address}/api/v1/token/", json=person, timeout=60).json()["token"]
    headers = {"Authorization": f"Token {token}"}
    random = np.random.default_rng(1)
    for _ in range(PHOTOS):
        coarse = random.integers(0, 256, (30, 40, 3), dtype=np.uint8)
        photo = Image.fromarray(coarse).resize((4000, 3000), Image.Resampling.BICUBIC)
        photo.save(folder / "photo.jpg", quality=90)
        with (folder / "photo.jpg").open("rb") as file:
            answer = requests.post(
                f"{address}/api/v1/images/", files={"file": file}, headers=headers, timeout=60
            )
        answer.raise_for_status()
    wait_for_worker(folder / "eyes.sqlite3")


def wait_for(address: str) -> None:
    """Return once the address answers; give up after two minutes."""
    for _ in range(600):
        try:
            requests.get(address, timeout=1).raise_for_status()
        except requests.RequestException:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{address} does not answer.")


def wait_for_worker(database: Path) -> None:
    """Return once no job waits; give up after two minutes."""
    import sqlite3

    for _ in range(600):
        with sqlite3.connect(database) as connection:
            if not connection.execute("SELECT COUNT(*) FROM django_q_ormq").fetchone()[0]:
                return
        time.sleep(0.2)
    raise SystemExit("The worker did not finish.")


def report(pid: int) -> None:
    """Print a line per program of the site with the peak of its largest process."""
    for program in children(pid):
        command = Path(f"/proc/{program}/cmdline").read_text().replace("\0", " ")
        variables = Path(f"/proc/{program}/environ").read_text().split("\0")
        cluster = next((v for v in variables if v.startswith("Q_CLUSTER_NAME=")), "")
        kind = "web process" if "gunicorn" in command else f"{cluster.partition('=')[2]} cluster"
        family = [program, *descendants(program)]
        peaks = ", ".join(f"{peak_megabytes(member):.0f}" for member in family)
        print(f"{kind:17} {max(peak_megabytes(member) for member in family):6.0f} MB   ({peaks})")


def children(pid: int) -> list[int]:
    """Return the processes that this one started."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]


def descendants(pid: int) -> list[int]:
    """Return the processes below this one."""
    return [found for child in children(pid) for found in (child, *descendants(child))]


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    main()
