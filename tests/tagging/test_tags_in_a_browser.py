"""The tags panel in a real Chromium, under the real content policy: nothing reloads."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import Image, User
from gallery.services.images import store_image
from tagging.models import ImageTag, TagEvent
from tests.conftest import draw_photo, encode
from tests.tagging.cast import make_tag, suggest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def photo(page: Page, live_server: LiveServer) -> Image:
    """A stored photo of a person who is logged in and looks at it."""
    person = User.objects.create_user("pia", "pia@example.org", "pia-secret-9")
    stored = store_image(
        owner=person,
        data=encode(draw_photo(1)),
        name="pond.jpg",
        visibility="public",
        teaches=True,
        announce=False,
    )
    address = stored.image.get_absolute_url()
    page.goto(f"{live_server.url}/accounts/login/?next={address}")
    page.get_by_label("Login").fill("pia")
    page.get_by_label("Password").fill("pia-secret-9")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"**{address}")
    page.evaluate("window.neverReloaded = true")
    return stored.image


def test_tags_arrive_by_themselves_and_leave_what_one_types_alone(
    page: Page, photo: Image, complaints: list[str]
) -> None:
    expect(page.get_by_text("The network is looking…")).to_be_visible()
    page.get_by_label("Add a tag").fill("half a wo")
    suggest(photo, "heron", 0.93)
    expect(page.get_by_text("almost certain · 93")).to_be_visible()
    expect(page.locator("#status")).to_have_text("The network suggests: heron.")
    expect(page.get_by_label("Add a tag")).to_have_value("half a wo")
    assert page.evaluate("window.neverReloaded") is True
    assert complaints == []


def test_answers_additions_and_undoing_stay_on_the_page(
    page: Page, photo: Image, complaints: list[str]
) -> None:
    for name in ("heron", "stork"):
        suggest(photo, name)
    make_tag("pond weed")
    page.get_by_role("button", name="Reject “stork”").click()
    expect(page.get_by_text("Not here: 1")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.get_by_role("button", name="Confirm “heron”").click()
    people = page.get_by_role("list", name="Tags by people")
    expect(people.get_by_role("link")).to_have_text(["heron"])
    # The answer brings its own focus a moment later; typing before it would be cut short.
    expect(page.get_by_role("button", name="Undo")).to_be_focused()

    field = page.get_by_label("Add a tag")
    field.press_sequentially("pon")
    expect(page.locator("#tag-names option[value='pond weed']")).to_have_count(1)
    field.fill("  Кувшинка 🪷 ")
    field.press("Enter")
    expect(people.get_by_role("link")).to_have_text(["heron", "кувшинка 🪷"])
    expect(field).to_have_value("")
    expect(field).to_be_focused()
    field.fill("<b>bold</b>")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("plain words")

    for left in (2, 1, 0):
        page.get_by_role("button", name="Undo").click()
        expect(page.locator("#status")).to_contain_text("Undone: You said")
        expect(page.get_by_role("button", name="Undo")).to_have_count(min(left, 1))
        page.locator("#status").evaluate("element => { element.textContent = '' }")
    expect(page.get_by_role("list", name="Suggestions")).to_contain_text("stork")
    assert page.evaluate("window.neverReloaded") is True
    assert not ImageTag.objects.exists()
    assert not TagEvent.objects.not_undone().exists()
    assert complaints == []


def test_quick_answers_in_a_row_are_all_kept(page: Page, photo: Image) -> None:
    names = ["heron", "stork", "reed", "pond"]
    for name in names:
        suggest(photo, name)
    expect(page.get_by_role("button", name="Confirm “pond”")).to_be_visible()
    page.evaluate("document.querySelectorAll('#network-tags .act--yes').forEach(b => b.click())")
    people = page.get_by_role("list", name="Tags by people")
    expect(people.get_by_role("link")).to_have_count(len(names))
    assert ImageTag.objects.filter(state="confirmed").count() == len(names)
