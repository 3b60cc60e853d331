"""What goes wrong is said in the site's own words, with the right status and what to do."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from django.core.cache import cache
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.test import Client
from django.urls import path
from pytest_django import Settings
from pytest_django.asserts import assertContains

from eyes.urls import handler400, handler500
from eyes.urls import urlpatterns as addresses_of_the_site
from gallery.models import User
from gallery.rate import limit_rate

__all__ = ["handler400", "handler500"]
FAILURES = {
    "forbidden": PermissionDenied,
    "strange": SuspiciousOperation,
    "large": RequestDataTooBig,
    "broken": RuntimeError,
}


@pytest.fixture(autouse=True)
def forget_counts() -> Iterator[None]:
    """Whoever was too quick here is not in the tests that follow."""
    cache.clear()
    yield
    cache.clear()


def fail(request: HttpRequest, how: str) -> HttpResponse:
    raise FAILURES[how]("secret <words>")


@limit_rate("knocking", "2/min")
def knock(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Come in.")


urlpatterns = [
    path("fail/<str:how>/", fail),
    path("knock/", knock),
    *addresses_of_the_site,
]


@pytest.fixture
def failing_site(client: Client, settings: Settings, db: None) -> Client:
    """A visitor of a site with views that fail."""
    settings.ROOT_URLCONF = __name__
    client.raise_request_exception = False
    return client


@pytest.mark.parametrize(
    ("how", "status", "heading"),
    [
        ("forbidden", 403, "This is not yours to do"),
        ("strange", 400, "We could not read that request"),
        ("large", 413, "That was too much at once"),
        ("broken", 500, "Something broke on our side"),
        ("nothing", 500, "Something broke on our side"),
    ],
)
def test_failures_have_pages(failing_site: Client, how: str, status: int, heading: str) -> None:
    page = failing_site.get(f"/fail/{how}/")
    assertContains(page, f"<h1>{heading}</h1>", status_code=status, html=True)
    assertContains(page, 'class="button"', status_code=status)
    assert b"secret" not in page.content


def test_an_unknown_address_offers_ways_on(client: Client, db: None) -> None:
    page = client.get("/no/such/page/")
    assertContains(page, "<h1>There is nothing here</h1>", status_code=404, html=True)
    assertContains(page, 'href="/search/"', status_code=404)


def test_an_expired_form_says_that_nothing_was_changed(alice: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    page = client.post("/upload/", {})
    assertContains(page, "<h1>The form has expired</h1>", status_code=403, html=True)


def test_too_many_files_are_a_413_for_pages_and_for_scripts(
    client: Client, alice: User, settings: Settings
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FILES = 1
    client.force_login(alice)

    def send(**headers: str) -> HttpResponse:
        files = [SimpleUploadedFile(f"{number}.jpg", b"x") for number in range(2)]
        return client.post("/upload/", {"photos": files}, headers=headers)  # type: ignore[return-value]

    assertContains(send(), "<h1>That was too much at once</h1>", status_code=413, html=True)
    answer = send(accept="application/json")
    assert answer.status_code == 413
    assert "fewer or smaller" in json.loads(answer.content)["errors"]["photos"][0]


def test_the_page_of_a_500_needs_nobody_and_no_database() -> None:
    # Without the `db` fixture any query fails this test.
    html = render_to_string("500.html")
    assert "<form" not in html and "Log in" not in html


def test_a_500_is_answered_even_where_its_page_cannot_be_written(
    failing_site: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> str:
        raise ValueError("no such file in the manifest")

    monkeypatch.setattr("eyes.errors.render_to_string", refuse)
    page = failing_site.get("/fail/broken/")
    assertContains(page, "Something broke on our side", status_code=500)


def test_who_is_too_quick_is_asked_to_wait(failing_site: Client, alice: User) -> None:
    assert [failing_site.post("/knock/").status_code for _ in range(2)] == [200, 200]
    page = failing_site.post("/knock/")
    assertContains(page, "<h1>That was a little too quick</h1>", status_code=429, html=True)
    assert 1 <= int(page["Retry-After"]) <= 60
    assert failing_site.get("/knock/").status_code == 200  # Reading is not counted.

    failing_site.force_login(alice)  # A person has a count of their own.
    assert failing_site.post("/knock/").status_code == 200


def test_guessing_passwords_ends_at_the_same_page(client: Client, alice: User) -> None:
    wrong = {"login": "alice", "password": "guess"}
    for _ in range(40):
        page = client.post("/accounts/login/", wrong)
        if page.status_code == 429:
            break
    assertContains(page, "<h1>That was a little too quick</h1>", status_code=429, html=True)
