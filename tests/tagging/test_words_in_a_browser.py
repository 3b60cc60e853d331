"""Ordering the words in a real Chromium, under the real content policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import User
from tagging.models import Tag
from tagging.services.votes import add_tag
from tests.tagging.cast import make_image, make_tag

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def moderator(page: Page, live_server: LiveServer) -> User:
    """A moderator without permissions of their own, who has logged in."""
    person = User.objects.create_user("max", "max@example.org", "max-secret-9", is_staff=True)
    page.goto(f"{live_server.url}/admin/login/")
    page.get_by_label("Username").fill("max")
    page.get_by_label("Password").fill("max-secret-9")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Moderation")).to_be_visible()
    return person


def test_a_word_is_named_put_below_another_merged_and_set_apart(
    page: Page, live_server: LiveServer, moderator: User, complaints: list[str]
) -> None:
    gray, grey = make_tag("gray heron"), make_tag("grey heron")
    make_tag("wader")
    add_tag(person=moderator, image=make_image(moderator), name="gray heron")
    page.goto(f"{live_server.url}/admin/tagging/tag/{grey.pk}/change/")

    page.get_by_label("A further name").fill("ardea")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_text("“ardea” now means “grey heron”.")).to_be_visible()

    page.locator(".field-parents .select2-selection").click()
    page.locator(".select2-search__field").first.fill("wad")
    page.get_by_role("option", name="wader").click()
    page.get_by_role("button", name="Save and continue editing").click()
    expect(page.get_by_text("wader (as set here)")).to_be_visible()

    page.goto(f"{live_server.url}/admin/tagging/tag/{gray.pk}/change/")
    page.get_by_label("Merge into").fill("Ardea")
    page.get_by_role("button", name="Look at what would move").click()
    expect(page.get_by_text("1 photo and 1 vote move.")).to_be_visible()
    page.get_by_role("button", name="Merge “gray heron” into “grey heron”").click()
    said = "“gray heron” was merged into “grey heron”: 1 photo, 1 vote."
    expect(page.locator(".messagelist").get_by_text(said)).to_be_visible()
    assert grey.image_tags.count() == 1
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= page.evaluate("window.innerWidth"), "it fits a phone"

    page.get_by_role("button", name=f"Undo: {said}").click()
    expect(page.locator(".messagelist").get_by_text("Undone:")).to_be_visible()
    assert Tag.objects.get(pk=gray.pk).image_tags.count() == 1
    assert complaints == []
