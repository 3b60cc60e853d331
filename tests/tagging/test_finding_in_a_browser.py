"""The endless grid's way back and the completions of the search box, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import User
from tagging.services.tag_figures import count_tags
from tagging.services.votes import add_tag
from tests.tagging.cast import make_image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_back_button_returns_to_the_same_place(
    page: Page, live_server: LiveServer, complaints: list[str]
) -> None:
    owner = User.objects.create_user("pia")
    for number in range(100):
        make_image(owner, title=f"Photo number {number}", width=30, height=40)
    page.goto(live_server.url)
    tiles = page.locator("#photos .tile")
    expect(tiles).to_have_count(30)
    # The keyboard goes on where it was: the link gives way to the first photo it brought.
    page.get_by_role("link", name="Older photos").focus()
    expect(tiles).to_have_count(60)
    expect(page.locator("#status")).to_have_text("More photos loaded.")
    expect(tiles.nth(30)).to_be_focused()
    tiles.nth(59).scroll_into_view_if_needed()
    page.mouse.wheel(0, 900)
    expect(tiles).to_have_count(90)
    tile = tiles.nth(75)
    tile.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    before = page.evaluate("scrollY")
    address = tile.get_attribute("href")
    tile.click()
    page.wait_for_url(f"**{address}")

    page.go_back()
    expect(page.locator(f'#photos a[href="{address}"]')).to_be_focused()
    expect(tiles).to_have_count(90)
    assert abs(page.evaluate("scrollY") - before) < 5
    page.mouse.wheel(0, 3000)
    expect(tiles).to_have_count(100)
    expect(page.get_by_role("link", name="Older photos")).to_have_count(0)
    assert complaints == []


def test_typing_offers_completions_and_a_search_without_them_works(
    page: Page, live_server: LiveServer, complaints: list[str]
) -> None:
    owner = User.objects.create_user("pia")
    photo = make_image(owner)
    add_tag(person=owner, image=photo, name="grey heron")
    count_tags()  # Others' words are told once they are counted as public.
    page.goto(f"{live_server.url}/search/")
    box = page.get_by_label("What are you looking for?")
    box.press_sequentially("by:pia gre")
    offered = page.locator("#search-completions option")
    # While one types, others are offered before.
    expect(offered).to_have_attribute("value", 'by:pia "grey heron"')
    box.fill('by:pia "grey heron"')
    box.press("Enter")
    expect(page.locator("#photos .tile")).to_have_count(1)
    expect(page.get_by_text("1 photo", exact=True)).to_be_visible()
    page.get_by_role("link", name="Without by:pia").click()
    expect(page).to_have_title('"grey heron" · eyes')
    assert complaints == []
