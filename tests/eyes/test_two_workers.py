"""Two workers share what waits; when one is killed, the photos that it had in hand are tagged."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from tests.conftest import draw_photo, encode
from tests.eyes.conftest import ApiClient, RunningSite, wait_until
from tests.eyes.test_killed_worker import members

PHOTOS = 16


@pytest.mark.network
@pytest.mark.parametrize("running_site", [{"EYES_WORKERS": "2"}], indirect=True)
def test_no_photo_waits_for_the_second_time_of_its_job_when_a_worker_is_killed(
    running_site: RunningSite, moderator_api: ApiClient
) -> None:
    first = members(running_site)[0]
    os.kill(first, signal.SIGSTOP)
    files = [encode(draw_photo(seed, (1600, 1200))) for seed in range(PHOTOS)]
    with ThreadPoolExecutor(4) as threads:
        photos = list(threads.map(moderator_api.upload, files))
    os.kill(first, signal.SIGCONT)
    os.kill(first, signal.SIGKILL)

    # A job that was handed out comes again after 150 seconds; nobody has to wait for that.
    wait_until(
        lambda: running_site.count("tagging_embedding") == PHOTOS, "every photo had been seen", 90
    )
    waiting = "tagging_taggingrequest WHERE NOT is_done"
    wait_until(lambda: running_site.count(waiting) == 0, "none waited any more")
    assert running_site.count("tagging_content") == PHOTOS
    doubles = "(SELECT 1 FROM tagging_suggestion GROUP BY image_id, tag_id HAVING COUNT(*) > 1)"
    assert running_site.count(doubles) == 0
    assert len(set(photos)) == PHOTOS

    def workers() -> int:
        return int(requests.get(f"{running_site.address}/healthz", timeout=60).json()["workers"])

    wait_until(lambda: workers() == 2, "both workers were there again")
