"""Putting an album in order, by keyboard and by dragging, in a real Chromium."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import Album, User
from gallery.services.albums import add_to_album, make_album
from gallery.services.sharing import make_share_link
from tests.conftest import be_in_browser
from tests.gallery.cast import store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def album_of_four(page: Page, live_server: LiveServer) -> Album:
    """Log Pia in and return her album with the photos A, B, C and D."""
    person = User.objects.create_user("pia", "pia@example.org", "pia-secret-9")
    album = make_album(owner=person, title="Birds")
    images = [
        store(person, seed, title=title, visibility="private") for seed, title in enumerate("ABCD")
    ]
    add_to_album(album=album, images=images, by=person)
    be_in_browser(page, person, live_server.url)
    page.goto(f"{live_server.url}/albums/{album.pk}/arrange/")
    expect(page.locator(".arrange__item")).to_have_count(4)
    return album


def order_on(page: Page) -> str:
    photos = page.locator(".arrange__photo")
    return "".join(photos.evaluate_all("photos => photos.map(photo => photo.alt)"))


def order_of(album: Album) -> str:
    titles = album.places.order_by("position", "pk").values_list("image__title", flat=True)
    return "".join(titles)


def drag(page: Page, grip: Locator, target: Locator, *, to_right: bool) -> None:
    """Drag by the grip onto the left or right part of another photo."""
    start, end = grip.bounding_box(), target.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 10, start["y"] + 10)
    page.mouse.down()
    share = 0.9 if to_right else 0.1
    page.mouse.move(end["x"] + end["width"] * share, end["y"] + end["height"] / 2, steps=8)
    page.mouse.up()


def test_an_album_is_put_in_order_by_keyboard_and_by_dragging(
    page: Page, live_server: LiveServer, complaints: list[str]
) -> None:
    album = album_of_four(page, live_server)

    later = page.get_by_role("button", name="Move “A” later")
    later.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_have_text("Moved: now photo 3 of 4 on this page.")
    assert order_on(page) == order_of(album) == "BCAD"
    expect(later).to_be_focused()

    items = page.locator(".arrange__frame")
    drag(page, items.nth(3), items.nth(0), to_right=False)
    expect(page.locator("#status")).to_have_text("Moved: now photo 1 of 4 on this page.")
    assert order_on(page) == order_of(album) == "DBCA"

    # Another tab takes C out; this one still shows it.
    album.places.filter(image__title="C").delete()
    drag(page, items.nth(2), items.nth(0), to_right=False)
    expect(page.get_by_role("alert")).to_contain_text("not in the album any more")
    assert order_on(page) == "DBCA"
    assert order_of(album) == "DBA"
    assert complaints == []


def test_a_link_is_copied_and_opened_by_a_stranger(page: Page, live_server: LiveServer) -> None:
    album = album_of_four(page, live_server)
    link = make_share_link(by=album.owner, album=album, password="reed")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.goto(f"{live_server.url}/albums/{album.pk}/share/")
    page.get_by_role("button", name="Copy").click()
    expect(page.locator("#status")).to_have_text("Copied")
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == f"{live_server.url}{link.get_absolute_url()}"

    page.context.clear_cookies()
    page.goto(address)
    page.get_by_label("Password").fill("reed")
    page.get_by_role("button", name="Open").click()
    expect(page.get_by_role("heading", name="Birds")).to_be_visible()
    page.locator(".tile").nth(1).click()
    expect(page.get_by_role("heading", name="B")).to_be_visible()
    assert page.locator(".stage__photo").evaluate("photo => photo.naturalWidth") == 96
