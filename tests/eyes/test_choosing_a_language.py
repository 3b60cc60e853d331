"""Choosing a language: a form without scripts, a cookie, and the person's own row."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from eyes.language import WORDLESS
from gallery.models import User
from tests.eyes.every_page import addresses, furnish

CHOOSE = "/language/setlang/"


def language_of(client: Client, address: str = "/", accept: str = "en") -> str:
    """Return the language in which a page answers."""
    return str(client.get(address, HTTP_ACCEPT_LANGUAGE=accept)["Content-Language"])


def test_a_visitor_chooses_and_stays_on_the_page(db: None, client: Client) -> None:
    page = client.get("/models/?before=1", HTTP_ACCEPT_LANGUAGE="en").content.decode()
    assert '<input type="hidden" name="next" value="/models/?before=1">' in page
    answer = client.post(CHOOSE, {"language": "de", "next": "/models/?before=1"})
    assert answer["Location"] == "/models/?before=1"
    assert language_of(client) == "de"


def test_the_form_says_which_language_is_on(db: None, client: Client) -> None:
    page = client.get("/", HTTP_ACCEPT_LANGUAGE="de").content.decode()
    assert 'value="de" lang="de" aria-pressed="true">Deutsch</button>' in page
    assert 'value="en" lang="en" aria-pressed="false">English</button>' in page


def test_what_a_person_chose_wins_everywhere(alice: User, client: Client) -> None:
    client.force_login(alice)
    assert language_of(client) == "en"
    client.post(CHOOSE, {"language": "de", "next": "/"})
    alice.refresh_from_db()
    assert alice.language == "de"
    elsewhere = Client()
    elsewhere.force_login(alice)
    assert language_of(elsewhere) == "de"


def test_the_api_follows_the_request_alone(alice: User, client: Client) -> None:
    alice.language = "de"
    alice.save()
    client.force_login(alice)
    assert language_of(client, "/api/v1/images/") == "en"


@pytest.mark.parametrize("code", ["xx", "", "de\x00", "d" * 400, "../de"])
def test_a_language_that_does_not_exist_changes_nothing(
    alice: User, client: Client, code: str
) -> None:
    client.force_login(alice)
    answer = client.post(CHOOSE, {"language": code, "next": "/"})
    assert answer.status_code == 302
    alice.refresh_from_db()
    assert alice.language == ""
    assert language_of(client) == "en"


def test_the_way_back_leads_nowhere_else(db: None, client: Client) -> None:
    answer = client.post(CHOOSE, {"language": "de", "next": "https://example.org/"})
    assert answer["Location"] == "/"


def test_reading_the_address_changes_nothing(db: None, client: Client) -> None:
    assert client.get(CHOOSE, {"language": "de"}).status_code == 405


def test_a_language_of_old_that_is_gone_falls_back(alice: User, client: Client) -> None:
    alice.language = "tlh"
    alice.save()
    client.force_login(alice)
    assert language_of(client) == "en"


def test_who_joins_in_german_gets_german_mail(db: None, client: Client) -> None:
    form = {"username": "greta", "email": "greta@example.org", "password1": "greta-secret-9"}
    client.post("/accounts/signup/", form, HTTP_ACCEPT_LANGUAGE="de")
    assert User.objects.get(username="greta").language == "de"


def test_who_joins_in_the_sites_language_follows_the_site(db: None, client: Client) -> None:
    form = {"username": "gina", "email": "gina@example.org", "password1": "gina-secret-9"}
    client.post("/accounts/signup/", form, HTTP_ACCEPT_LANGUAGE="en")
    assert User.objects.get(username="gina").language == ""


def test_what_has_no_words_or_no_reader_asks_no_session(
    alice: User, bob: User, client: Client
) -> None:
    samples = furnish(alice, bob)
    alice.language = "de"
    alice.save(update_fields=["language"])
    client.force_login(alice)
    known = addresses(samples)
    for name in WORDLESS - {"healthz", "set_language", "gallery:favicon"}:
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(known[name])
        assert answer.status_code == 200, name
        assert not [query for query in asked if "session" in query["sql"]], name
        assert "Cookie" not in answer.get("Vary", "").replace("Accept-Language", ""), name
    assert language_of(client, known["gallery:original"]) == "de"
