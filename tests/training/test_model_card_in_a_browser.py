"""The card of a version and the notices on a phone, as a real browser shows them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import User
from gallery.notices import tell
from tests.conftest import be_in_browser
from tests.training.test_model_card import RELIABILITY, go_live
from tests.training.test_model_pages import METRICS, add_version

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_notice_leads_to_the_card_and_is_read_on_the_way(
    page: Page, complaints: list[str], live_server: LiveServer, alice: User
) -> None:
    metrics = {**METRICS, "reliability": RELIABILITY, "calibration_error": 0.023}
    go_live(add_version(14, metrics=metrics))
    text = "Version 14 is live. Your 12 answers taught it."
    tell(texts={alice.pk: text}, url="/models/14/#certainty")
    be_in_browser(page, alice, live_server.url)
    page.goto(live_server.url)
    page.get_by_role("link", name="Notices 1 new").click()
    page.get_by_role("link", name=text).click()
    expect(page).to_have_url(re.compile("/models/14/#certainty$"))
    expect(page.get_by_role("img", name="Reliability diagram")).to_be_in_viewport()
    expect(page.get_by_role("link", name="Notices", exact=True)).to_be_visible()
    page.get_by_role("navigation", name="On this page").get_by_text("Limits").click()
    expect(page.get_by_role("heading", name="Where it ends")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert complaints == []


def test_a_moderator_asks_for_a_preview_and_gives_a_reason(
    page: Page, complaints: list[str], live_server: LiveServer, mona: User
) -> None:
    version = add_version(3, state="candidate")
    be_in_browser(page, mona, live_server.url)
    page.goto(f"{live_server.url}/admin/tagging/modelversion/{version.pk}/change/")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_role("status")).to_contain_text("A worker is computing it")
    page.get_by_label("Why (everybody reads it)").fill("It knows herons.")
    page.get_by_role("button", name="Make version 3 the live one").click()
    expect(page.get_by_text("Version 3 cannot go live")).to_be_visible()
    assert complaints == []
