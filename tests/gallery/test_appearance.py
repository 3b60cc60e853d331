"""Light or dark by choice: written into the page by the server, so that nothing flashes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects


@pytest.fixture(autouse=True)
def forget_counts() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.mark.django_db
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_choice_holds_for_every_page(client: Client, theme: str) -> None:
    answer = client.post("/appearance/", {"appearance": theme, "next": "/tags/?page=1"})
    assertRedirects(answer, "/tags/?page=1")
    for address in ("/", "/tags/", "/accounts/login/"):
        page = client.get(address)
        assertContains(page, f'<html lang="en" data-theme="{theme}">')
        assertContains(page, f'<meta name="color-scheme" content="{theme}">', html=True)
        assertContains(page, 'name="theme-color"', count=1)
    assertContains(client.get("/"), f'value="{theme}" aria-pressed="true"')


@pytest.mark.django_db
def test_following_the_system_needs_no_cookie(client: Client) -> None:
    client.post("/appearance/", {"appearance": "dark"})
    client.post("/appearance/", {"appearance": "system"})
    assert client.cookies["appearance"].value == ""
    page = client.get("/")
    assertNotContains(page, "data-theme")
    assertContains(page, 'name="theme-color"', count=2)


@pytest.mark.django_db
@pytest.mark.parametrize("cookie", ["sepia", '"><script>', "", "dark light"])
def test_a_cookie_that_says_something_else_is_nothing(client: Client, cookie: str) -> None:
    client.cookies["appearance"] = cookie
    assertNotContains(client.get("/"), "data-theme")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "target", ["https://elsewhere.example/", "//elsewhere.example", "javascript:x", "", "\x00"]
)
def test_nobody_is_led_elsewhere(client: Client, target: str) -> None:
    answer = client.post("/appearance/", {"appearance": "dark", "next": target})
    assert (answer.status_code, answer["Location"]) == (302, "/")


@pytest.mark.django_db
def test_what_cannot_be_chosen_changes_nothing(client: Client) -> None:
    for sent in ({}, {"appearance": "sepia"}):
        answer = client.post("/appearance/", sent)
        assertContains(answer, "Choose one of: system, light, dark.", status_code=400)
        assert "appearance" not in answer.cookies
    assert client.get("/appearance/").status_code == 405


@pytest.mark.django_db
def test_a_loop_is_stopped(client: Client) -> None:
    statuses = [client.post("/appearance/", {"appearance": "dark"}).status_code for _ in range(61)]
    assert (statuses[0], statuses[-1]) == (302, 429)
