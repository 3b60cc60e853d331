"""Moderators' own pages in a real browser, on a phone: the policy, and taking back a flood."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import User
from tagging.models import Vote
from tagging.services.votes import add_tag
from tests.tagging.cast import make_image

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def admin(page: Page, live_server: LiveServer, mona: User) -> Page:
    """Mona's phone, logged in, on the index of the admin."""
    page.goto(f"{live_server.url}/admin/")
    page.fill("[name=username]", "mona")
    page.fill("[name=password]", "mona-secret-9")
    page.click("[type=submit]")
    return page


def test_the_policy_is_read_from_the_index(admin: Page, complaints: list[str]) -> None:
    admin.click("text=The policy of this site")
    expect(admin.locator("h1").last).to_have_text("The policy of this site")
    expect(admin.locator("#content-main strong").first).to_have_text("community")
    row = admin.locator("tr", has=admin.locator("code", has_text="vote_age_hours"))
    expect(row.locator("td").nth(1)).to_have_text("48")
    admin.click("text=Settle votes anew")
    expect(admin.locator(".messagelist")).to_contain_text("settled anew")
    assert complaints == []


def test_a_flood_is_counted_and_taken_back(
    admin: Page, live_server: LiveServer, alice: User, bob: User, complaints: list[str]
) -> None:
    for number in range(3):
        add_tag(person=bob, image=make_image(alice), name=f"nonsense {number}")
    admin.goto(f"{live_server.url}/admin/gallery/user/{bob.pk}/change/")
    admin.click("text=Undo what they did…")
    expect(admin.locator("td", has_text="3")).to_be_visible()
    admin.click("text=Undo all of this")
    expect(admin.locator(".messagelist")).to_contain_text("3 changes undone.")
    expect(admin.locator("#content-main")).to_contain_text("There is nothing to undo")
    assert not Vote.objects.current().exists()
    assert complaints == []
