"""The whole site: the network is there when a photo comes, its memory is back a while later."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
import requests

from tests.conftest import draw_photo, encode
from tests.eyes.conftest import ApiClient, RunningSite, wait_until
from tests.eyes.test_killed_worker import members

pytestmark = [
    pytest.mark.network,
    # Three seconds of silence.
    pytest.mark.parametrize("running_site", [{"EYES_UNLOAD_AFTER": "0.05"}], indirect=True),
]

# The embedded network holds well over 50 MB beside what its libraries keep.
COMES_BACK = 40


def test_a_worker_loads_for_photos_rests_after_them_and_heals_after_a_kill(
    running_site: RunningSite, moderator_api: ApiClient
) -> None:
    def network() -> str:
        return str(requests.get(f"{running_site.address}/healthz", timeout=60).json()["network"])

    wait_until(lambda: network() == "unloaded", "the worker was there")
    for seed in range(2):
        photo = moderator_api.upload(encode(draw_photo(seed, (1200, 900))))
        wait_until(lambda: network() == "ready", "the network was loaded")
        wait_until(lambda seen=seed + 1: running_site.count("tagging_embedding") == seen, "seen")
        assert isinstance(moderator_api.suggestions(photo), list)
        loaded = resident_megabytes(members(running_site)[0])
        wait_until(lambda: network() == "unloaded", "the network was let go")
        wait_until(
            lambda before=loaded: (
                resident_megabytes(members(running_site)[0]) < before - COMES_BACK
            ),
            "its memory was back",
        )
    os.kill(members(running_site)[0], signal.SIGKILL)
    moderator_api.upload(encode(draw_photo(7)))
    wait_until(lambda: network() == "ready", "the next worker had loaded it")
    answer = requests.get(f"{running_site.address}/healthz", timeout=60).json()
    assert answer["workers"] == 1, "the row of the killed one does not count"


def resident_megabytes(pid: int) -> float:
    """Return the memory that a process holds now, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1000
    raise ValueError(f"Process {pid} has no VmRSS.")
