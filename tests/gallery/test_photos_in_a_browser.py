"""Upload and endless stream in a real Chromium, under the real content policy."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from gallery.models import Image, User
from tests.conftest import draw_photo, encode
from tests.gallery.cast import store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def log_in(page: Page, live_server: LiveServer) -> User:
    """Log a new person in through the page."""
    person = User.objects.create_user("pia", "pia@example.org", "pia-secret-9")
    page.goto(f"{live_server.url}/accounts/login/?next=/upload/")
    page.get_by_label("Login").fill("pia")
    page.get_by_label("Password").fill("pia-secret-9")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Upload photos")).to_be_visible()
    return person


def files_of(folder: Path, *, good: int, bad: int) -> list[str]:
    """Return paths of some photos and of some text files named .jpg."""
    for number in range(good):
        (folder / f"good{number}.jpg").write_bytes(encode(draw_photo(number)))
    for number in range(bad):
        (folder / f"bad{number}.jpg").write_text("Dear diary")
    return sorted(str(path) for path in folder.glob("*.jpg"))


def test_each_file_has_its_own_progress_and_its_own_error(
    page: Page, live_server: LiveServer, tmp_path: Path, complaints: list[str]
) -> None:
    person = log_in(page, live_server)
    page.get_by_text("Only me").click()

    page.set_input_files("#id_photos", files_of(tmp_path, good=3, bad=1))
    page.get_by_role("button", name="Upload 4 photos").click()

    expect(page.get_by_text("This is a text file, not a photo.")).to_have_count(1)
    expect(page.get_by_text("Stored. Look at it")).to_have_count(3)
    expect(page.locator("#status")).to_have_text("3 of 4 photos are stored, 1 failed.")
    assert {image.visibility for image in person.images.all()} == {"private"}
    page.get_by_role("link", name="See your photos").click()
    expect(page.locator(".tile")).to_have_count(3)
    assert complaints == []


def test_one_photo_alone_leads_straight_to_its_page(
    page: Page, live_server: LiveServer, tmp_path: Path, complaints: list[str]
) -> None:
    log_in(page, live_server)

    page.set_input_files("#id_photos", files_of(tmp_path, good=1, bad=0))
    page.get_by_role("button", name="Upload", exact=True).click()

    page.wait_for_url(f"{live_server.url}/images/*/")
    natural_width = page.locator(".stage__photo").evaluate("photo => photo.naturalWidth")
    assert natural_width == 96
    assert complaints == []


def test_a_file_over_the_limit_is_not_even_sent(
    page: Page, live_server: LiveServer, tmp_path: Path, settings: Settings
) -> None:
    settings.EYES_MAX_UPLOAD_BYTES = 1_000_000
    log_in(page, live_server)
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))

    (tmp_path / "large.jpg").write_bytes(encode(draw_photo(1)) + bytes(1_500_000))
    page.set_input_files("#id_photos", str(tmp_path / "large.jpg"))
    page.get_by_role("button", name="Upload", exact=True).click()

    expect(page.get_by_text("The file has 1.5 MB; the limit is 1 MB.")).to_be_visible()
    assert "POST" not in sent
    assert not Image.objects.exists()


def test_a_session_that_ended_is_said_so(
    page: Page, live_server: LiveServer, tmp_path: Path
) -> None:
    log_in(page, live_server)
    page.set_input_files("#id_photos", files_of(tmp_path, good=1, bad=0))
    page.context.clear_cookies(name="sessionid")

    page.get_by_role("button", name="Upload", exact=True).click()

    expect(page.get_by_text("Your session has ended.")).to_be_visible()
    assert not Image.objects.exists()


def test_the_stream_goes_on_by_itself(
    page: Page, live_server: LiveServer, complaints: list[str]
) -> None:
    owner = User.objects.create_user("olga")
    for seed in range(65):
        store(owner, seed)
    page.goto(live_server.url)
    assert page.locator(".grid__item").count() == 30

    for expected in (60, 65):
        page.locator(".grid__more").scroll_into_view_if_needed()
        expect(page.locator(".grid__item")).to_have_count(expected)

    links = page.locator(".tile").evaluate_all("tiles => tiles.map(tile => tile.href)")
    assert len(set(links)) == 65
    expect(page.locator("#status")).to_have_text("More photos loaded.")
    expect(page.locator(".grid__more")).to_have_count(0)
    assert complaints == []


@pytest.mark.parametrize("width", [320, 390, 1360])
def test_no_page_is_wider_than_the_screen(page: Page, live_server: LiveServer, width: int) -> None:
    person = log_in(page, live_server)
    title = "Donaudampfschifffahrtsgesellschaftskapitän" * 3
    image = store(person, size=(900, 600), title=title, visibility="private")
    page.set_viewport_size({"width": width, "height": 800})

    for address in ("/", "/upload/", "/people/pia/", f"/images/{image.pk}/", "/accounts/email/"):
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
