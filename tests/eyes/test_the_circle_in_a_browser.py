"""The whole loop as people live it: a real browser on a real site with all its processes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from gallery.samples import samples_directory
from tests.eyes.conftest import MODERATOR, PASSWORD, RunningSite
from tests.eyes.textures import crops, write_texture_folders

pytestmark = [pytest.mark.browser, pytest.mark.network]
WORKER_MILLISECONDS = 60_000
LESSON_MILLISECONDS = 240_000


@pytest.fixture(autouse=True)
def patience() -> Iterator[None]:
    """Give a busy machine time."""
    expect.set_options(timeout=WORKER_MILLISECONDS)
    yield
    expect.set_options(timeout=5_000)


def visit(browser: Browser, site: RunningSite) -> Page:
    """Return the page of somebody new, on a phone."""
    page = browser.new_page(viewport={"width": 390, "height": 844}, base_url=site.address)
    page.set_default_timeout(WORKER_MILLISECONDS)
    return page


def upload(page: Page, photo: Path) -> None:
    """Upload one photo through the page, which leads to its own page."""
    page.goto("/upload/")
    page.set_input_files("#id_photos", str(photo))
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(re.compile(r"/images/\d+/$"))


def suggestion(page: Page, tag: str) -> object:
    """Return the chip with which the network says a tag."""
    return page.get_by_role("list", name="Suggestions of the network").get_by_role(
        "link", name=tag, exact=True
    )


def test_a_newcomer_teaches_the_network_a_word_it_did_not_know(
    running_site: RunningSite, browser: Browser, tmp_path: Path
) -> None:
    photos = prepare_photos(tmp_path)
    ines, mona = visit(browser, running_site), visit(browser, running_site)

    # Sign up, upload, and the tags arrive by themselves.
    ines.goto("/")
    ines.get_by_role("link", name="Join", exact=True).click()
    ines.get_by_label("Username").fill("ines")
    ines.get_by_label("Email").fill("ines@example.org")
    ines.get_by_label("Password").fill("a-walk-on-gravel-9")
    ines.get_by_role("button", name="Join").click()
    expect(ines.get_by_role("link", name="Upload", exact=True)).to_be_visible()
    upload(ines, photos["motorcycle"])
    ines.evaluate("window.sameDocument = true")
    expect(suggestion(ines, "motorcycle")).to_be_visible()

    # Reject one, confirm one, add one; undo and do it again.
    ines.get_by_role("button", name="Reject “scooter”").click()
    expect(ines.get_by_text("Not here: 1")).to_be_visible()
    expect(suggestion(ines, "scooter")).to_have_count(0)
    ines.get_by_role("button", name="Confirm “motorcycle”").click()
    by_people = ines.get_by_role("list", name="Tags by people")
    expect(by_people.get_by_role("link", name="motorcycle")).to_be_visible()
    ines.get_by_role("button", name="Undo").click()
    expect(suggestion(ines, "motorcycle")).to_be_visible()
    ines.get_by_role("button", name="Confirm “motorcycle”").click()
    ines.get_by_label("Add a tag").fill("Garage")
    ines.get_by_role("button", name="Add", exact=True).click()
    expect(by_people.get_by_role("link", name="garage")).to_be_visible()
    assert ines.evaluate("window.sameDocument") is True

    # A word that is new to the network: its twentieth photo.
    upload(ines, photos["first brick"])
    expect(ines.get_by_text("The network is looking…")).to_have_count(0, timeout=90_000)
    expect(suggestion(ines, "brick")).to_have_count(0)
    ines.get_by_label("Add a tag").fill("brick")
    ines.get_by_role("button", name="Add", exact=True).click()
    expect(by_people.get_by_role("link", name="brick")).to_be_visible()

    # The moderator approves it in the admin and asks for a lesson.
    running_site.manage(
        "import_folder", str(photos["folders"]), "--owner", "ada", "--tags-from-folders",
        "--curated",
    )  # fmt: skip
    mona.goto("/admin/login/")
    mona.get_by_label("Username").fill(MODERATOR)
    mona.get_by_label("Password").fill(PASSWORD)
    mona.get_by_role("button", name="Log in").click()
    mona.goto("/admin/tagging/imagetag/")
    mona.get_by_role("button", name="Approve “brick”").click()
    expect(mona.get_by_text("1 tag approved.")).to_be_visible()
    mona.goto("/tags/brick/")
    expect(mona.get_by_text("brick: 20 of 20")).to_be_visible()
    mona.goto("/admin/training/trainingrun/")
    mona.get_by_role("button", name="Retrain now").click()

    # The new version goes live by itself.
    mona.goto("/models/")
    expect(mona.get_by_role("link", name="Version 1").first).to_be_visible(
        timeout=LESSON_MILLISECONDS
    )
    mona.goto("/models/")
    expect(mona.locator(".live-version")).to_have_text("Version 1", timeout=LESSON_MILLISECONDS)

    # The next upload carries the new tag, by itself.
    upload(ines, photos["next brick"])
    expect(suggestion(ines, "brick")).to_be_visible()
    # What was rejected stays away although the library was read again.
    ines.goto("/search/?q=motorcycle")
    ines.locator(".tile a, a.tile").first.click()
    expect(suggestion(ines, "scooter")).to_have_count(0)


def prepare_photos(folder: Path) -> dict[str, Path]:
    """Write what is uploaded: a motorcycle, two pieces of a wall, and folders to import.

    The folder of bricks holds nineteen photos, one less than makes a tag learnable.
    """
    with Image.open(samples_directory() / "motorcycle_left.png") as motorcycle:
        motorcycle.convert("RGB").save(folder / "motorcycle.jpg", quality=90)
    crops("brick", left=False)[7].save(folder / "first brick.png")
    crops("brick", left=False)[43].save(folder / "next brick.png")
    folders = write_texture_folders(folder / "textures")
    bricks = sorted((folders / "brick").iterdir())
    kept = bricks[::3][:19]
    for brick in bricks:
        if brick not in kept:
            brick.unlink()
    return {
        "motorcycle": folder / "motorcycle.jpg",
        "first brick": folder / "first brick.png",
        "next brick": folder / "next brick.png",
        "folders": folders,
    }
