"""The large view in a real Chromium: by keyboard, by finger, through the list one came from."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import Image, User
from tests.gallery.cast import store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def photos(alice: User, bob: User) -> list[Image]:
    """Three photos on show, the newest first: Alice's, Bob's, Alice's."""
    return [
        store(owner, seed, size=(900, 600), title=title)
        for seed, owner, title in ((1, alice, "First"), (2, bob, "Second"), (3, alice, "Third"))
    ][::-1]


def test_arrows_lead_through_the_list_one_came_from(
    page: Page, live_server: LiveServer, photos: list[Image], complaints: list[str]
) -> None:
    page.goto(live_server.url)
    page.get_by_role("link", name="Third").click()
    page.get_by_role("link", name="Enlarge").click()
    caption = page.locator("#lightbox-caption")
    expect(caption).to_have_text("Third · 1 / 3")

    page.keyboard.press("ArrowRight")
    expect(caption).to_have_text("Second · 2 / 3")
    page.keyboard.press("ArrowRight")
    expect(caption).to_have_text("First · 3 / 3")
    page.keyboard.press("ArrowRight")
    expect(caption).to_have_text("First · 3 / 3")
    page.keyboard.press("Escape")

    # The view is left where one has arrived, and the focus is on its photo again.
    expect(page).to_have_url(f"{live_server.url}/images/{photos[2].pk}/")
    expect(page.locator("[data-lightbox]")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(f"{live_server.url}/images/{photos[1].pk}/")
    assert complaints == []


def test_without_a_list_the_owners_photos_are_the_neighbours(
    page: Page, live_server: LiveServer, photos: list[Image]
) -> None:
    page.goto(f"{live_server.url}/images/{photos[0].pk}/")
    page.get_by_role("link", name="Next photo").click()

    expect(page).to_have_url(f"{live_server.url}/images/{photos[2].pk}/")


def test_the_way_back_closes_the_view_and_the_focus_returns(
    page: Page, live_server: LiveServer, photos: list[Image]
) -> None:
    page.goto(f"{live_server.url}/images/{photos[0].pk}/")
    page.get_by_role("link", name="Enlarge").press("Enter")
    dialog = page.get_by_role("dialog", name="Large view")
    expect(dialog).to_be_visible()
    expect(page.get_by_role("button", name="Close")).to_be_focused()
    page.go_back()

    expect(dialog).to_be_hidden()
    expect(page).to_have_url(f"{live_server.url}/images/{photos[0].pk}/")
    expect(page.get_by_role("link", name="Enlarge")).to_be_focused()


def test_a_neighbour_that_was_deleted_is_told(
    page: Page, live_server: LiveServer, photos: list[Image]
) -> None:
    page.goto(live_server.url)
    page.get_by_role("link", name="Third").click()
    expect(page.get_by_role("link", name="Enlarge")).to_be_visible()
    Image.objects.filter(pk=photos[1].pk).delete()
    page.get_by_role("link", name="Enlarge").click()
    expect(page.locator("#lightbox-caption")).to_have_text("Third · 1 / 3")
    page.keyboard.press("ArrowRight")

    expect(page.locator("#lightbox-caption")).to_have_text("This photo cannot be loaded now.")
