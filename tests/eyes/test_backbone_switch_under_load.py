"""Another backbone goes live while people upload: one decision, nothing lost, and a way back."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tagging.backbones.cards import get_card
from tagging.backbones.weights import fetched_weights_path, file_sha256
from tests.conftest import encode
from tests.eyes.conftest import ApiClient, RunningSite, wait_until
from tests.eyes.textures import TEXTURES, crops, write_texture_folders
from tests.tagging.network_cast import bundled

LEAST_UPLOADS = 4
RETAG = "from tagging.tasks import retag_library; print(retag_library())"


def ask(site: RunningSite, query: str) -> list[tuple[Any, ...]]:
    """Return the rows of a query to the site's database."""
    path = site.environment["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=20)) as database:
        return database.execute(query).fetchall()


@contextmanager
def uploads_going_on(api: ApiClient) -> Iterator[list[int]]:
    """Upload one photo after the other until the end of the block; a failure fails the test."""
    photos: list[int] = []
    failures: list[BaseException] = []
    enough = threading.Event()
    unseen = [encode(crop) for name in TEXTURES for crop in crops(name, left=False)[::6]]

    def upload() -> None:
        try:
            for photo in unseen:
                photos.append(api.upload(photo))
                if enough.wait(1.5):
                    return
        except BaseException as failure:  # noqa: BLE001 - told where the test looks
            failures.append(failure)

    thread = threading.Thread(target=upload)
    thread.start()
    try:
        wait_until(lambda: bool(photos or failures), "the first photo was uploaded")
        yield photos
        wait_until(
            lambda: len(photos) >= LEAST_UPLOADS or bool(failures), "some photos were uploaded"
        )
    finally:
        enough.set()
        thread.join()
    assert failures == []


@pytest.mark.network
def test_a_backbone_is_switched_while_people_upload(
    running_site: RunningSite, moderator_api: ApiClient, session_vgg16: Path, tmp_path: Path
) -> None:
    weights = fetched_weights_path(get_card("vgg16"), session_vgg16)
    running_site.manage(
        "fetch_backbone", "vgg16", "--from", str(weights), "--sha256", file_sha256(weights)
    )
    folder = write_texture_folders(tmp_path / "textures")
    for number, crop in enumerate(sorted(folder.rglob("*.png"))):
        # VGG16 takes its time; half of them are enough to learn from.
        if number % 2:
            crop.unlink()
    running_site.manage(
        "import_folder", str(folder), "--owner", "ada", "--tags-from-folders", "--curated"
    )
    coffee = moderator_api.upload(bundled("coffee.png"), "coffee.png")
    wait_until(lambda: bool(moderator_api.suggestions(coffee)), "the first day spoke")

    with uploads_going_on(moderator_api):
        ended = running_site.manage("retrain", "--backbone", "vgg16", "--json", "-")
    report = json.loads(ended.stdout)
    assert (report["state"], report["version"]) == ("promoted", 1), report["reason"]
    wait_until(lambda: running_site.count("django_q_ormq") == 0, "every job had run", 300)

    assert running_site.count("django_q_task WHERE NOT success") == 0
    assert ask(running_site, "SELECT state, backbone FROM training_trainingrun") == [
        ("promoted", "vgg16")
    ]
    assert running_site.count("tagging_promotion") == 1
    stored = running_site.count("(SELECT DISTINCT sha256 FROM gallery_image)")
    for backbone in ("vgg16", "efficientnet_lite0"):
        assert running_site.count(f"tagging_embedding WHERE backbone = '{backbone}'") == stored
    assert ask(
        running_site,
        "SELECT DISTINCT v.number FROM tagging_suggestion "
        "JOIN tagging_modelversion v ON v.id = version_id WHERE source = 'trained'",
    ) == [(1,)]
    # What stands on every photo, uploads included, is to the last digit what the new version says.
    assert (
        "0 suggestions came, 0 went, 0 changed" in running_site.manage("shell", "-c", RETAG).stdout
    )
    first_day = [each["tag"] for each in moderator_api.suggestions(coffee)]
    assert "coffee" in first_day, "the first day's words are not lost"

    assert "Version 0 is live" in running_site.manage("models", "rollback").stdout
    wait_until(lambda: running_site.count("django_q_ormq") == 0, "every job had run", 300)
    assert running_site.count("tagging_suggestion WHERE source = 'trained'") == 0
    assert running_site.count("django_q_task WHERE NOT success") == 0
