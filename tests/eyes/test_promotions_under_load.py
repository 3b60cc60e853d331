"""A swap is felt by nobody: pages and uploads go on while versions change."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.conftest import draw_photo, encode
from tests.eyes.conftest import ApiClient, RunningSite, wait_until
from tests.eyes.textures import write_texture_folders

PAGES, UPLOADS, PROMOTIONS = 500, 50, 10


@pytest.mark.network
def test_ten_promotions_during_500_pages_and_50_uploads_fail_nobody(
    running_site: RunningSite, moderator_api: ApiClient, tmp_path: Path
) -> None:
    folder = write_texture_folders(tmp_path / "textures")
    running_site.manage(
        "import_folder", str(folder), "--owner", "ada", "--tags-from-folders", "--curated"
    )
    running_site.manage("retrain")
    session = threading.local()
    first_photo = moderator_api.upload(encode(draw_photo(999)))
    addresses = ["/", "/tags/", "/models/", f"/images/{first_photo}/", "/search/?q=brick"]

    def ask_page(number: int) -> int:
        if not hasattr(session, "http"):
            session.http = requests.Session()
        page = running_site.address + addresses[number % len(addresses)]
        return int(session.http.get(page, timeout=60).status_code)

    def promote(number: int) -> None:
        running_site.manage("models", "promote", str((number + 1) % 2))

    with ThreadPoolExecutor(6) as pool:
        promotions = pool.submit(lambda: [promote(number) for number in range(PROMOTIONS)])
        uploads = pool.map(
            moderator_api.upload, [encode(draw_photo(seed)) for seed in range(UPLOADS)]
        )
        codes = list(pool.map(ask_page, range(PAGES)))
        photos = list(uploads)
        promotions.result()

    assert set(codes) == {200}
    assert len(set(photos)) == UPLOADS
    wait_until(lambda: running_site.count("django_q_ormq") == 0, "every job had run", 180)
    assert running_site.count("django_q_task WHERE NOT success") == 0
    shown = "(SELECT DISTINCT sha256 FROM gallery_image)"
    seen = "(SELECT DISTINCT content_id FROM tagging_embedding)"
    assert running_site.count(seen) == running_site.count(shown)
