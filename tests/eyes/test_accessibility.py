"""axe-core looks at every page, as a stranger, a person and a moderator see it, in both sizes and
both appearances, and finds nothing to complain of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import User
from tests.conftest import be_in_browser
from tests.eyes.every_page import furnish, pages_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LOOKS = (((390, 844), "light"), ((1280, 900), "dark"))
OTHER_LOOKS = (((390, 844), "dark"), ((1280, 900), "light"))
OPTIONS = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
Samples = dict[str, object]


@pytest.fixture
def samples(alice: User, bob: User) -> Samples:
    """A site with something on every page."""
    cache.clear()
    return furnish(alice, bob)


def enter(page: Page, person: User | None, server: LiveServer) -> None:
    page.context.clear_cookies()
    # Nothing moves, so that no colour is looked at on its way to another.
    page.emulate_media(reduced_motion="reduce")
    if person is not None:
        be_in_browser(page, person, server.url)


def complaints_of_axe(page: Page, looks: tuple[tuple[tuple[int, int], str], ...]) -> list[str]:
    """Return a line for each place that axe complains of, as the page looks in each of `looks`."""
    found = []
    for (width, height), scheme in looks:
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
        results = Axe().run(page, options=OPTIONS).response
        for violation in results["violations"]:
            for node in violation["nodes"]:
                place = " ".join(map(str, node["target"]))
                found.append(f"{page.url} {width} {scheme}: {violation['id']} at {place}")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{page.url} {width}: it is {wide} pixels wide")
    return found


@pytest.mark.parametrize("name", ["nobody", "alice", "mona"])
def test_no_page_keeps_anybody_out(
    page: Page, live_server: LiveServer, samples: Samples, alice: User, mona: User, name: str
) -> None:
    person = {"nobody": None, "alice": alice, "mona": mona}[name]
    enter(page, person, live_server)
    pages = pages_for(person, samples)
    assert len(pages) > 10
    found = []
    for address in [*pages.values(), "/no/such/page/"]:
        page.goto(f"{live_server.url}{address}")
        assert page.title().partition(" · ")[0].strip(), f"{address} has no title"
        found += complaints_of_axe(page, LOOKS)
    assert found == [], "\n".join(found)


def test_nor_do_menus_messages_and_forms_with_errors(
    page: Page, live_server: LiveServer, samples: Samples, mona: User
) -> None:
    enter(page, mona, live_server)
    looks = (*LOOKS, *OTHER_LOOKS)

    page.goto(live_server.url)
    page.get_by_label("Your account").click()
    found = complaints_of_axe(page, looks)

    page.goto(f"{live_server.url}/accounts/password/change/")
    page.locator("form.panel [required]").evaluate_all(
        "all => all.forEach(f => f.required = false)"
    )
    page.locator("form.panel button").click()
    expect(page.locator(".errorlist").first).to_be_visible()
    found += complaints_of_axe(page, looks)

    page.goto(f"{live_server.url}/images/{samples['pk']}/edit/")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".message")).to_have_count(1)
    found += complaints_of_axe(page, looks)

    page.goto(f"{live_server.url}/design/")
    page.get_by_role("button", name="Open a dialog").first.click()
    found += complaints_of_axe(page, looks)
    assert found == [], "\n".join(found)


def test_keys_lead_everywhere_and_escape_leads_back(
    page: Page, live_server: LiveServer, samples: Samples, alice: User
) -> None:
    enter(page, alice, live_server)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(live_server.url)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()

    menu = page.locator("details.menu").first
    menu.locator("summary").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("link", name="Your photos")).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Your photos")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="Your photos")).to_be_hidden()
    expect(menu.locator("summary")).to_be_focused()


OUTLINES = """() => [...document.querySelectorAll(
    'a[href], button, input, select, textarea, summary')]
  .filter(e => e.checkVisibility() && !e.disabled && e.type !== 'hidden')
  .filter(e => {
    e.focus({ focusVisible: true });
    if (document.activeElement !== e) return false;
    const seen = [e, e.closest('label'), e.closest('.drop')].filter(Boolean).map(
      one => getComputedStyle(one));
    return !seen.some(style => style.outlineStyle !== 'none' && style.outlineWidth !== '0px'
      || style.borderStyle === 'dashed');
  }).map(e => e.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("address", ["/", "/upload/", "/design/", "/accounts/login/", "/review/"])
def test_what_has_the_focus_can_be_seen(
    page: Page, live_server: LiveServer, samples: Samples, mona: User, address: str
) -> None:
    enter(page, mona, live_server)
    page.goto(f"{live_server.url}{address}")
    assert page.evaluate(OUTLINES) == []


SMALL = """least => [...document.querySelectorAll(
    'nav a, button, summary, .button, .chip, .choice, select')]
  .filter(e => e.checkVisibility() && !e.closest('p, li > p, .message, .link-button'))
  .map(e => [e.getBoundingClientRect(), e])
  .filter(([box]) => box.width > 0 && (box.height < least - 0.5 || box.width < 24))
  .map(([box, e]) => `${Math.round(box.width)}×${Math.round(box.height)} `
    + e.outerHTML.slice(0, 90))"""


def test_fingers_find_what_they_aim_at(
    page: Page, live_server: LiveServer, samples: Samples, mona: User
) -> None:
    context = page.context.browser.new_context(  # type: ignore[union-attr]
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True
    )
    phone = context.new_page()
    enter(phone, mona, live_server)
    for address in ("/", "/upload/", "/accounts/login/", f"/images/{samples['pk']}/"):
        phone.goto(f"{live_server.url}{address}")
        assert phone.evaluate(SMALL, 40) == [], address
    phone.goto(live_server.url)
    phone.get_by_label("Your account").tap()
    assert phone.evaluate(SMALL, 44) == []


def test_light_and_dark_are_a_press_away_and_are_said(
    page: Page, live_server: LiveServer, samples: Samples, complaints: list[str]
) -> None:
    ground: Callable[[], str] = lambda: page.evaluate(  # noqa: E731
        "getComputedStyle(document.body).backgroundColor"
    )
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(f"{live_server.url}/tags/")
    light = ground()
    page.get_by_role("button", name="Dark").click()
    expect(page.locator("#status")).to_have_text("The page is dark.")
    dark = ground()
    assert dark != light
    assert page.locator("meta[name=theme-color]").first.get_attribute("content") == dark
    page.goto(live_server.url)
    assert ground() == dark
    page.get_by_role("button", name="System").click()
    expect(page.locator("#status")).to_have_text("The page looks as your system does.")
    assert ground() == light
    assert complaints == []


def test_a_message_is_said_once_more_and_can_be_put_away(
    page: Page, live_server: LiveServer, samples: Samples, alice: User
) -> None:
    enter(page, alice, live_server)
    page.goto(f"{live_server.url}/images/{samples['pk']}/edit/")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#status")).to_have_text("Your changes are saved.")
    page.get_by_role("button", name="Put this message away").click()
    expect(page.locator(".messages")).to_have_count(0)
    expect(page.locator("main")).to_be_focused()
