"""Like, write, change and delete by keyboard in a real Chromium, under the real content policy."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from gallery.models import Comment, Image, Like, User
from gallery.services.conversation import write_comment
from tests.conftest import be_in_browser
from tests.gallery.cast import store

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def image(alice: User, bob: User, page: Page, live_server: LiveServer) -> Image:
    """A photo of Alice's whose page Bob has opened."""
    image = store(alice, title="A hill")
    be_in_browser(page, bob, live_server.url)
    page.goto(f"{live_server.url}{image.get_absolute_url()}")
    return image


def test_a_photo_is_liked_and_commented_by_keyboard(
    page: Page, image: Image, complaints: list[str]
) -> None:
    heart = page.get_by_role("button", name="Like")
    heart.focus()
    page.keyboard.press("Enter")
    expect(heart).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("link", name="1 like")).to_be_visible()
    expect(heart).to_be_focused()
    expect(page.locator("#status")).to_have_text("You like this photo.")

    page.get_by_label("Write a comment").focus()
    page.keyboard.type("A fine hill.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="1 comment")).to_be_focused()
    expect(page.locator(".comment__text")).to_have_text("A fine hill.")
    expect(page.get_by_label("Write a comment")).to_have_value("")

    page.get_by_role("button", name="Edit your comment").focus()
    page.keyboard.press("Enter")
    words = page.locator(".comment textarea")
    expect(words).to_be_focused()
    words.press("Control+a")
    page.keyboard.type("The finest hill.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".comment__text")).to_have_text("The finest hill.")
    expect(page.locator(".comment")).to_be_focused()

    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete the comment by bob").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="0 comments")).to_be_focused()
    assert (Like.objects.count(), Comment.objects.count()) == (1, 0)
    assert complaints == []


def test_refusals_are_shown_and_no_word_is_lost(
    page: Page, image: Image, complaints: list[str]
) -> None:
    page.get_by_label("Write a comment").fill("One word")
    page.get_by_role("button", name="Send").click()
    page.get_by_role("button", name="Edit your comment").click()
    page.locator(".comment textarea").fill("Another word")
    Comment.objects.all().delete()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert").first).to_contain_text("This comment has been deleted.")
    expect(page.get_by_label("Your words")).to_have_value("Another word")

    Image.objects.update(comments_open=False)
    page.get_by_label("Write a comment").fill("Late words")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#comment-problem")).to_contain_text("are closed")
    expect(page.get_by_label("Write a comment")).to_have_value("Late words")
    assert complaints == []


def test_older_comments_come_into_the_page(
    page: Page, image: Image, bob: User, monkeypatch: pytest.MonkeyPatch, complaints: list[str]
) -> None:
    monkeypatch.setattr("gallery.conversing.COMMENTS_ON_PAGE", 2)
    for number in range(3):
        write_comment(author=bob, image=image, text=f"Number {number}")
    page.reload()
    expect(page.locator(".comment__text")).to_have_text(["Number 1", "Number 2"])
    page.get_by_role("link", name="Older comments").click()
    expect(page.locator(".comment__text")).to_have_text(["Number 0", "Number 1", "Number 2"])
    expect(page.locator("#status")).to_have_text("Older comments loaded.")
    assert complaints == []
