"""Join, log in, log out, and get in again without the password: through the pages."""

from __future__ import annotations

import re

import pytest
from django.core import mail
from django.test import Client

from gallery.models import User


def test_a_newcomer_joins_and_is_logged_in(client: Client, db: None) -> None:
    page = client.get("/accounts/signup/").content.decode()
    assert "Join eyes" in page

    response = client.post(
        "/accounts/signup/",
        {"username": "nora", "email": "nora@example.org", "password1": "a-long-secret-9"},
    )

    assert response["Location"] == "/"
    stream = client.get("/").content.decode()
    assert "Your photos" in stream
    assert User.objects.get(username="nora").offers_photos is True


def test_joining_says_what_is_wrong(client: Client, alice: User) -> None:
    response = client.post(
        "/accounts/signup/", {"username": "alice", "email": "no", "password1": "123"}
    )

    assert {"username", "email", "password1"} <= set(response.context["form"].errors)
    assert "errorlist" in response.content.decode()


@pytest.mark.parametrize("login", ["alice", "alice@example.org"])
def test_a_person_logs_in_by_name_or_address_and_comes_back_to_the_page(
    client: Client, alice: User, login: str
) -> None:
    form = {"login": login, "password": "alice-secret-9", "next": "/upload/"}

    assert client.post("/accounts/login/", form)["Location"] == "/upload/"
    assert client.get("/upload/").status_code == 200


def test_a_wrong_password_is_said_so(client: Client, alice: User) -> None:
    response = client.post("/accounts/login/", {"login": "alice", "password": "wrong"})

    assert response.status_code == 200
    assert "not correct" in response.content.decode()
    assert client.get("/upload/").status_code == 302


def test_logging_out_takes_a_click_on_a_button(client: Client, alice: User) -> None:
    client.force_login(alice)

    assert "Log out?" in client.get("/accounts/logout/").content.decode()
    assert client.get("/upload/").status_code == 200
    assert client.post("/accounts/logout/")["Location"] == "/"
    assert client.get("/upload/").status_code == 302


def test_a_forgotten_password_is_replaced_through_the_mail(client: Client, alice: User) -> None:
    assert client.get("/accounts/password/reset/").status_code == 200
    client.post("/accounts/password/reset/", {"email": "alice@example.org"})
    link = re.search(r"https?://[^/\s]+(/accounts/password/reset/key/\S+)", mail.outbox[0].body)
    assert link is not None

    page = client.get(link.group(1), follow=True)
    address = page.redirect_chain[-1][0]
    assert "site-less" not in address
    answer = client.post(
        address, {"password1": "another-secret-9", "password2": "another-secret-9"}, follow=True
    )

    assert answer.status_code == 200
    assert client.login(username="alice", password="another-secret-9")
    assert "invalid" in Client().get(link.group(1), follow=True).content.decode()


def test_a_person_changes_the_password(client: Client, alice: User) -> None:
    client.force_login(alice)
    page = client.get("/accounts/password/change/").content.decode()
    assert 'class="panel"' in page

    client.post(
        "/accounts/password/change/",
        {
            "oldpassword": "alice-secret-9",
            "password1": "another-secret-9",
            "password2": "another-secret-9",
        },
    )

    alice.refresh_from_db()
    assert alice.check_password("another-secret-9")


@pytest.mark.parametrize(
    "address",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/password/reset/done/",
        "/accounts/password/reset/key/done/",
        "/accounts/confirm-email/",
        "/accounts/inactive/",
    ],
)
def test_every_page_on_the_way_in_looks_like_the_site(
    client: Client, db: None, address: str
) -> None:
    page = client.get(address).content.decode()

    assert 'class="top__logo"' in page
    assert 'class="page page--form"' in page


@pytest.mark.parametrize(
    "address", ["/accounts/email/", "/accounts/password/change/", "/accounts/logout/"]
)
def test_every_page_of_an_account_looks_like_the_site(
    client: Client, alice: User, address: str
) -> None:
    client.force_login(alice)

    page = client.get(address).content.decode()

    assert 'class="top__logo"' in page
    assert 'class="button' in page
