"""Everything about oneself is reached from the settings, and each page of them shows the menu."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from gallery.models import User

PAGES = {
    "/settings/": "Profile",
    "/settings/notices/": "Notices",
    "/accounts/email/": "Email addresses",
    "/accounts/password/change/": "Password",
    "/settings/look/": "Appearance and language",
    "/takeout/": "Takeout",
    "/leave/": "Leave for good",
}


def menu_of(page: str) -> str:
    return page.partition('class="tabs tabs--wrap"')[2].partition("</nav>")[0]


@pytest.mark.parametrize("address", PAGES)
def test_each_page_shows_the_menu_and_where_one_is(
    client: Client, alice: User, address: str
) -> None:
    client.force_login(alice)
    page = client.get(address).content.decode()
    assert re.findall(r'href="([^"]+)"', menu_of(page)) == list(PAGES)
    (current,) = re.findall(r'href="([^"]+)" aria-current="page"', menu_of(page))
    assert current == address
    assert page.count("<h1>") == 1


def test_appearance_and_language_are_chosen_there(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = client.get("/settings/look/").content.decode()
    section = page.partition('id="content"')[2].partition("</main>")[0]
    assert 'action="/appearance/"' in section
    assert 'action="/language/setlang/"' in section
    form = {"language": "de", "next": "/settings/look/"}
    assert "Sprache" in client.post("/language/setlang/", form, follow=True).content.decode()
    alice.refresh_from_db()
    assert alice.language == "de"


def test_the_profile_leads_to_takeout_trash_and_leaving(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = client.get("/settings/").content.decode().partition('id="content"')[2]
    for address in ("/takeout/", "/trash/", "/leave/"):
        assert f'href="{address}"' in page


def test_strangers_are_sent_to_log_in(client: Client, db: None) -> None:
    for address in PAGES:
        assert client.get(address)["Location"].startswith("/accounts/login/")


def test_the_search_box_of_every_page_completes_and_takes_long_questions(
    client: Client, db: None
) -> None:
    page = client.get("/").content.decode()
    box = page.partition('id="search-words"')[2].partition(">")[0]
    assert 'maxlength="1999"' in box
    assert 'hx-get="/search/completions/"' in box
    assert client.get("/search/completions/?q=her").status_code == 200
