"""A job cluster any of whose processes dies loses nothing, doubles nothing and goes on."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

from tests.conftest import draw_photo, encode
from tests.eyes.conftest import ApiClient, RunningSite, wait_until

PHOTOS = 2
# A PNG of 40 megapixels keeps a worker busy for a good part of a second.
LARGE = (8000, 5000)

# A job that was under way is handed out again after a time that follows from this limit.
pytestmark = [
    pytest.mark.network,
    pytest.mark.parametrize("running_site", [{"EYES_JOB_TIMEOUT": "5"}], indirect=True),
]


def test_a_photo_whose_worker_was_killed_is_tagged_by_the_next_one(
    running_site: RunningSite, moderator_api: ApiClient
) -> None:
    files = [encode(draw_photo(seed, LARGE), "PNG", compress_level=1) for seed in range(PHOTOS)]
    worker = members(running_site)[0]
    os.kill(worker, signal.SIGSTOP)
    photos = [moderator_api.upload(file, "photo.png") for file in files]
    os.kill(worker, signal.SIGCONT)
    time.sleep(0.1)
    os.kill(worker, signal.SIGKILL)
    assert running_site.count("tagging_embedding") == 0, "it was to be killed before the end"

    wait_until(
        lambda: running_site.count("tagging_embedding") == PHOTOS, "every photo had been seen"
    )
    wait_until(lambda: running_site.count("django_q_ormq") == 0, "no job was left")
    assert running_site.count("tagging_content") == PHOTOS
    doubles = "(SELECT 1 FROM tagging_suggestion GROUP BY image_id, tag_id HAVING COUNT(*) > 1)"
    assert running_site.count(doubles) == 0
    assert running_site.count("gallery_image") == len(set(photos))


def test_an_idle_cluster_any_of_whose_processes_was_killed_still_tags(
    running_site: RunningSite, moderator_api: ApiClient
) -> None:
    for number in range(len(members(running_site))):
        present = members(running_site)
        os.kill(present[number], signal.SIGKILL)
        moderator_api.upload(encode(draw_photo(number)))
        wait_until(
            lambda seen=number + 1: running_site.count("tagging_embedding") == seen,
            f"a photo was tagged after process {number} had been killed",
        )
        wait_until(lambda: running_site.count("django_q_ormq") == 0, "no job was left")


def members(site: RunningSite) -> list[int]:
    """Return the processes of the `default` cluster: its worker, its monitor and its pusher.

    A cluster is a program whose sentinel started these, so they are its grandchildren.
    """
    for cluster in children(site.process.pid):
        environment = Path(f"/proc/{cluster}/environ").read_bytes()
        if b"Q_CLUSTER_NAME=default" in environment:
            return [member for sentinel in children(cluster) for member in children(sentinel)]
    raise AssertionError("The site has no job cluster for photos.")


def children(pid: int) -> list[int]:
    """Return the ids of the processes that this one started, in the order of their start."""
    return sorted(
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    )
