"""What each process of the site needs: at rest, while the site is used, and afterwards.

Starts the whole site, asks for its pages, uploads photos of 12 megapixels, waits until they are
tagged and until the network is let go again, and runs a lesson. Run with

    python -m benchmarks.memory
"""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import requests
from PIL import Image

from benchmarks.setting import ROOT, peak_megabytes, resident_megabytes
from benchmarks.throughput import different
from benchmarks.written import WriteUp

PHOTOS, ROUNDS = 8, 20
TAUGHT = 40
PAGES = ("/", "/upload/", "/tags/", "/models/", "/search/?q=cat", "/accounts/login/", "/admin/")
# The members of a cluster in the order in which its sentinel starts them.
MEMBERS = ("worker", "monitor", "pusher")

Figures = dict[str, float]


def main() -> None:
    """Write down the memory of every process of the site, in MB."""
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
            "EYES_UNLOAD_AFTER": "0.2",
            "EYES_SAMPLES": "0",
            "PORT": str(port),
        }
        command = [sys.executable, str(ROOT / "manage.py"), "up"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL) as site:
            try:
                figures = use(f"http://localhost:{port}", folder, site.pid)
            finally:
                site.terminate()
        figures["a lesson on its own (`retrain`), at its peak"] = teach(folder, environment)
    page = WriteUp("memory", "Memory", "python -m benchmarks.memory", dict(figures))
    page.say("Resident memory of each process in MB, on SQLite with the embedded network.")
    page.table(["process", "MB"], [[name, f"{each:.0f}"] for name, each in figures.items()])
    page.save()


def use(address: str, folder: Path, pid: int) -> Figures:
    """Return the memory of each process after it did what it is there for."""

    def network_is(state: str) -> Callable[[], bool]:
        return lambda: requests.get(f"{address}/healthz", timeout=60).json()["network"] == state

    wait_for(f"{address}/healthz")
    wait_until(network_is("unloaded"))
    worker = cluster_members(pid, "default")["worker"]
    figures = {"tagging worker before its first photo": resident_megabytes(worker)}
    for _ in range(ROUNDS):
        for page in PAGES:
            requests.get(address + page, timeout=60).raise_for_status()
    upload(address, folder)
    wait_until(lambda: not waiting_jobs(folder / "eyes.sqlite3"))
    figures["tagging worker with the network loaded"] = resident_megabytes(worker)
    figures["tagging worker at its peak"] = peak_megabytes(worker)
    wait_until(network_is("unloaded"))
    time.sleep(1)
    figures["tagging worker after letting the network go"] = resident_megabytes(worker)
    figures["web process at its peak"] = max(
        peak_megabytes(member) for member in descendants(program(pid, "gunicorn"))
    )
    for cluster in ("default", "training"):
        for name, member in cluster_members(pid, cluster).items():
            if (cluster, name) != ("default", "worker"):
                figures[f"{cluster} cluster: {name}"] = resident_megabytes(member)
    everybody = [pid, *descendants(pid)]
    figures["all processes at rest, shared pages counted once"] = sum(map(own_share, everybody))
    return figures


def upload(address: str, folder: Path) -> None:
    """Upload photos of 12 megapixels."""
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


def teach(folder: Path, environment: dict[str, str]) -> float:
    """Return the peak of the process that learns two tags of a few dozen photos each."""
    from skimage import data

    random = np.random.default_rng(2)
    for tag in ("coffee", "cat"):
        picture = Image.fromarray(getattr(data, {"cat": "chelsea"}.get(tag, tag))())
        (folder / "taught" / tag).mkdir(parents=True)
        for number in range(TAUGHT):
            different(picture, random).save(folder / "taught" / tag / f"{number}.jpg")
    manage = [sys.executable, str(ROOT / "manage.py")]
    options = ["--owner", "ada", "--tags-from-folders", "--curated", "--verbosity", "0"]
    subprocess.run(
        [*manage, "import_folder", str(folder / "taught"), *options], env=environment, check=True
    )
    process = subprocess.Popen([*manage, "retrain"], env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    if os.waitstatus_to_exitcode(status) not in (0, 3):
        raise SystemExit("The lesson failed.")
    return usage.ru_maxrss / 1000


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


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; give up after two minutes."""
    for _ in range(600):
        if condition():
            return
        time.sleep(0.2)
    raise SystemExit("The worker did not finish.")


def waiting_jobs(database: Path) -> int:
    """Return how many jobs wait."""
    with sqlite3.connect(database) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM django_q_ormq").fetchone()[0])


def program(pid: int, sign: str) -> int:
    """Return the program of the site whose command or environment holds this."""
    for child in children(pid):
        told = (
            Path(f"/proc/{child}/cmdline").read_bytes()
            + Path(f"/proc/{child}/environ").read_bytes()
        )
        if sign.encode() in told:
            return child
    raise SystemExit(f"The site has no program {sign}.")


def cluster_members(pid: int, name: str) -> dict[str, int]:
    """Return the processes of a job cluster by what they are there for."""
    starter = program(pid, f"Q_CLUSTER_NAME={name}")
    (sentinel,) = children(starter)
    members = dict(zip(MEMBERS, sorted(children(sentinel)), strict=True))
    return {"starter": starter, "sentinel": sentinel, **members}


def own_share(pid: int) -> float:
    """Return what a process holds, pages shared with others divided among them, in MB."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1000
    raise ValueError(f"Process {pid} has no Pss.")


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
