"""A worker that dies in the middle of a photo loses nothing and doubles nothing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.conftest import draw_photo, encode
from tests.eyes.conftest import ApiClient, RunningSite, wait_until

PHOTOS = 3


@pytest.mark.network
@pytest.mark.parametrize("running_site", [{"EYES_JOB_TIMEOUT": "5"}], indirect=True)
def test_a_photo_whose_worker_was_killed_is_tagged_by_the_next_one(
    running_site: RunningSite, moderator_api: ApiClient
) -> None:
    photos = [
        moderator_api.upload(encode(draw_photo(seed, (4000, 3000)))) for seed in range(PHOTOS)
    ]
    taken = "django_q_ormq WHERE lock > strftime('%Y-%m-%d %H:%M:%f', 'now')"
    wait_until(lambda: running_site.count(taken) > 0, "a worker had taken a job")
    killed = kill_tagging_workers(running_site)
    assert killed

    wait_until(
        lambda: running_site.count("tagging_embedding") == PHOTOS, "every photo had been seen"
    )
    wait_until(lambda: running_site.count("django_q_ormq") == 0, "no job was left")
    assert running_site.count("tagging_content") == PHOTOS
    assert running_site.count("tagging_embedding") == PHOTOS
    doubles = "(SELECT 1 FROM tagging_suggestion GROUP BY image_id, tag_id HAVING COUNT(*) > 1)"
    assert running_site.count(doubles) == 0
    assert running_site.count("gallery_image") == len(photos)


def kill_tagging_workers(site: RunningSite) -> list[int]:
    """Kill the processes that run jobs of the `default` cluster; return their ids.

    A cluster is a program whose sentinel started the workers, so workers are its grandchildren.
    """
    killed = []
    for cluster in children(site.process.pid):
        environment = Path(f"/proc/{cluster}/environ").read_bytes()
        if b"Q_CLUSTER_NAME=default" in environment:
            for sentinel in children(cluster):
                for worker in children(sentinel):
                    os.kill(worker, signal.SIGKILL)
                    killed.append(worker)
    return killed


def children(pid: int) -> list[int]:
    """Return the ids of the processes that this one started."""
    return [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
