"""The review page in a real Chromium: keys, undo, a phone, and the grid, without a reload."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, Route, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import Image, User
from gallery.services.images import store_image
from tagging.models import ReviewTask, TagEvent, Vote
from tests.conftest import draw_photo, encode
from tests.tagging.cast import suggest
from tests.tagging.review_cast import ask, wait_for

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NAMES = ("heron", "stork", "reed", "pond", "eel")


@pytest.fixture
def pia(page: Page, live_server: LiveServer) -> User:
    """A person who is logged in, on a site with five photos of somebody else."""
    owner = User.objects.create_user("olaf")
    for seed in range(5):
        store_image(
            owner=owner,
            data=encode(draw_photo(seed, (960, 640))),
            name="photo.jpg",
            visibility="public",
            teaches=True,
            announce=False,
        )
    person = User.objects.create_user("pia", "pia@example.org", "pia-secret-9")
    page.goto(f"{live_server.url}/accounts/login/?next=/tags/")
    page.get_by_label("Login").fill("pia")
    page.get_by_label("Password").fill("pia-secret-9")
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url("**/tags/")
    return person


def current_votes() -> list[tuple[str, str]]:
    return list(Vote.objects.current().order_by("pk").values_list("tag__name", "value"))


def test_keys_answer_undo_and_never_reload(
    page: Page, pia: User, live_server: LiveServer, complaints: list[str]
) -> None:
    images = list(Image.objects.order_by("pk"))
    for image, name in zip(images[:3], NAMES, strict=False):
        ask(pia, image, name)
    wait_for(images[3], "pond")
    page.goto(f"{live_server.url}/review/")
    page.evaluate("window.neverReloaded = true")
    question = page.locator(".card:not([hidden]) h1")
    expect(question).to_have_text("Does this show heron?")
    # The pictures of the questions behind it are there already.
    waiting = page.locator(".card[hidden] img")
    expect(waiting).to_have_count(2)
    page.wait_for_function(
        "[...document.querySelectorAll('.card img')].every(i => i.complete && i.naturalWidth)"
    )

    page.keyboard.press("y")
    expect(question).to_have_text("Does this show stork?")
    expect(page.locator("#status")).to_contain_text("Does this show stork?")
    expect(page.get_by_text("1 of 50 today")).to_be_visible()
    page.keyboard.press("2")
    expect(question).to_have_text("Does this show reed?")
    page.get_by_role("button", name="Not sure").focus()
    page.keyboard.press("Enter")
    expect(question).to_have_text("Does this show pond?")
    expect(page.get_by_role("button", name="Not sure")).to_be_focused()
    expect(page.get_by_text("3 of 50 today")).to_be_visible()
    assert current_votes() == [("heron", "yes"), ("stork", "no"), ("reed", "unsure")]

    page.keyboard.press("z")
    expect(question).to_have_text("Does this show reed?")
    expect(page.locator("#status")).to_contain_text("Undone")
    page.keyboard.press("Control+y")
    page.keyboard.press("Shift+z")
    expect(question).to_have_text("Does this show stork?")
    assert current_votes() == [("heron", "yes")]
    assert page.evaluate("window.neverReloaded") is True
    assert complaints == []


def test_quick_answers_are_all_kept_and_the_end_is_told(
    page: Page, pia: User, live_server: LiveServer
) -> None:
    for image, name in zip(Image.objects.order_by("pk"), NAMES, strict=True):
        ask(pia, image, name)
    page.goto(f"{live_server.url}/review/")
    for _ in range(5):
        expect(page.locator(".card:not([hidden])")).to_have_count(1)
        page.keyboard.press("n")
    expect(page.get_by_role("heading", name="Nothing left to ask")).to_be_visible()
    assert sorted(current_votes()) == sorted((name, "no") for name in NAMES)


def test_an_answer_that_was_not_saved_comes_back(
    page: Page, pia: User, live_server: LiveServer
) -> None:
    for image, name in zip(Image.objects.order_by("pk"), NAMES[:2], strict=False):
        ask(pia, image, name)
    page.goto(f"{live_server.url}/review/")

    def refuse(route: Route) -> None:
        route.abort()

    page.route("**/review/answer/", refuse)
    page.keyboard.press("y")
    expect(page.get_by_role("alert")).to_contain_text("not saved")
    expect(page.locator(".card:not([hidden]) h1")).to_have_text("Does this show heron?")
    page.unroute("**/review/answer/", refuse)
    page.keyboard.press("y")
    expect(page.locator(".card:not([hidden]) h1")).to_have_text("Does this show stork?")
    expect(page.get_by_text("1 of 50 today")).to_be_visible()
    assert current_votes() == [("heron", "yes")]


def test_on_a_phone_everything_is_within_reach_of_one_thumb(
    page: Page, pia: User, live_server: LiveServer
) -> None:
    ask(pia, Image.objects.order_by("pk")[0], "heron")
    page.goto(f"{live_server.url}/review/")
    height = 844
    for name in ("Yes", "No", "Not sure"):
        box = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert box is not None
        assert height / 2 < box["y"] and box["y"] + box["height"] <= height
        assert box["width"] >= 64 and box["height"] >= 60
    photo = page.locator(".card:not([hidden]) .card__stage").bounding_box()
    assert photo is not None and photo["height"] > 350
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_role("button", name="Undo")).to_be_in_viewport()


def test_a_word_is_asked_for_and_a_wrong_one_is_refused(
    page: Page, pia: User, live_server: LiveServer, complaints: list[str]
) -> None:
    images = list(Image.objects.order_by("pk"))
    ask(pia, images[0], "heron")
    ask(pia, images[1], None, "naming")
    ask(pia, images[2], None, "naming")
    page.goto(f"{live_server.url}/review/")
    page.keyboard.press("y")
    field = page.locator(".card:not([hidden])").get_by_label("What does it show?")
    expect(field).to_be_focused()
    expect(page.get_by_role("button", name="Yes", exact=True)).to_be_hidden()
    field.fill("<b>")
    field.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("plain words")
    expect(field).to_have_value("<b>")
    field.fill("axolotl")
    field.press("Enter")
    expect(page.locator("#status")).to_contain_text("You named it “axolotl”.")
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_text("3 of 50 today")).to_be_visible()
    assert current_votes() == [("heron", "yes"), ("axolotl", "yes")]
    assert ReviewTask.objects.open().filter(tag=None).count() == 0
    assert complaints == []


def test_a_grid_is_filled_in_with_keys_and_undone_at_once(
    page: Page, pia: User, live_server: LiveServer, complaints: list[str]
) -> None:
    for image in Image.objects.all():
        suggest(image, "heron")
    page.goto(f"{live_server.url}/review/grid/?tag=heron")
    boxes = page.get_by_role("checkbox")
    expect(boxes).to_have_count(5)
    expect(page.locator("#picks-sum")).to_have_text("All 5 are “heron”?")
    boxes.nth(1).focus()
    page.keyboard.press("Space")
    page.locator(".pick").nth(3).click()
    expect(page.locator("#picks-sum")).to_have_text("2 not “heron”, 3 confirmed.")
    page.get_by_role("button", name="Save all 5").click()
    expect(page.get_by_text("3 yes, 2 no.")).to_be_visible()
    assert [value for _, value in sorted(current_votes())] == ["no"] * 2 + ["yes"] * 3
    page.keyboard.press("z")
    expect(page.get_by_text("5 answers are open again")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(5)
    assert current_votes() == []
    assert not TagEvent.objects.not_undone().exists()
    assert complaints == []


def test_without_scripts_the_same_forms_work(
    page: Page, pia: User, live_server: LiveServer
) -> None:
    for image, name in zip(Image.objects.order_by("pk"), NAMES[:2], strict=False):
        ask(pia, image, name)
    page.route("**/*.js", lambda route: route.abort())
    page.goto(f"{live_server.url}/review/")
    page.get_by_role("button", name="Yes", exact=True).click()
    expect(page.get_by_text("Does this show stork?")).to_be_visible()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Does this show heron?")).to_be_visible()
    assert current_votes() == []
