"""Choosing many photos by mouse and keyboard in a real Chromium, and taking a deletion back."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import Image, User
from tests.conftest import be_in_browser
from tests.gallery.cast import store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def open_selection(page: Page, live_server: LiveServer, person: User) -> None:
    """Open the person's own photos, to be chosen."""
    be_in_browser(page, person, live_server.url)
    page.goto(f"{live_server.url}/people/{person.username}/")
    page.get_by_role("link", name="Select photos").click()
    expect(page.locator("#picked-count")).to_have_text("Nothing chosen")


def test_a_range_by_shift_a_deletion_by_key_and_back_again(
    page: Page, live_server: LiveServer, alice: User, complaints: list[str]
) -> None:
    for seed in range(1, 9):
        store(alice, seed)
    open_selection(page, live_server, alice)
    tiles, count = page.locator(".tile"), page.locator("#picked-count")

    tiles.nth(1).click()
    expect(count).to_have_text("1 photo chosen")
    tiles.nth(4).click(modifiers=["Shift"])
    expect(count).to_have_text("4 photos chosen")
    expect(page.locator("#status")).to_have_text("4 photos chosen")
    page.keyboard.press("Delete")
    expect(tiles).to_have_count(4)
    assert Image.objects.count() == 4
    page.get_by_role("button", name="Undo").click()

    expect(page.locator(".message").get_by_text("4 photos are back.")).to_be_visible()
    expect(tiles).to_have_count(8)
    assert complaints == []


def test_the_keyboard_alone_chooses_and_tags(
    page: Page, live_server: LiveServer, alice: User, complaints: list[str]
) -> None:
    for seed in range(1, 9):
        store(alice, seed)
    open_selection(page, live_server, alice)
    boxes, count = page.locator(".pick__box"), page.locator("#picked-count")

    boxes.nth(0).focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowRight")
    expect(boxes.nth(1)).to_be_focused()
    page.keyboard.press("Shift+ArrowRight")
    expect(count).to_have_text("3 photos chosen")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("End")
    expect(boxes.nth(7)).to_be_focused()
    page.keyboard.press("Escape")
    expect(count).to_have_text("Nothing chosen")
    page.keyboard.press("Control+a")
    expect(count).to_have_text("8 photos chosen")

    expect(page.locator("#picked-word")).to_be_hidden()
    page.get_by_label("What to do with them").select_option("tag-add")
    page.get_by_label("Tag", exact=True).fill("lake")
    page.get_by_role("button", name="Apply").click()

    expect(page.get_by_text("8 photos changed.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Select photos")).to_be_visible()
    assert complaints == []
