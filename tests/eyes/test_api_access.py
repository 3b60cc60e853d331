"""Tokens, rates and the schema of the API."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from rest_framework.authtoken.models import Token
from rest_framework.test import APIClient

from gallery.models import User

REPOSITORY = Path(__file__).resolve().parents[2]
TOKEN = "/api/v1/token/"
ALICE = {"username": "alice", "password": "alice-secret-9"}


@pytest.fixture(autouse=True)
def fresh_rates(db: None) -> Iterator[None]:
    """Every test starts with nobody having asked for anything."""
    cache.clear()
    yield
    cache.clear()


def test_a_password_buys_a_token_that_works_until_it_is_taken_back(alice: User) -> None:
    token = APIClient().post(TOKEN, ALICE, format="json").json()["token"]
    assert APIClient().post(TOKEN, ALICE).json()["token"] == token
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {token}")
    assert program.delete(TOKEN).status_code == 204
    answer = program.get("/api/v1/images/")
    assert answer.status_code == 401
    assert answer.json()["code"] == "authentication_failed"
    assert answer.headers["WWW-Authenticate"] == "Token"


@pytest.mark.parametrize(
    "body", [{}, {**ALICE, "password": "wrong"}, {**ALICE, "username": "nobody"}, [1], "text"]
)
def test_nothing_else_buys_one(alice: User, body: object) -> None:
    answer = APIClient().post(TOKEN, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"]
    assert not Token.objects.exists()


def test_a_person_who_was_shut_out_gets_none_and_the_old_one_ends(alice: User) -> None:
    token = Token.objects.create(user=alice)
    alice.is_active = False
    alice.save()
    assert APIClient().post(TOKEN, ALICE, format="json").status_code == 400
    program = APIClient()
    program.credentials(HTTP_AUTHORIZATION=f"Token {token.key}")
    assert program.get("/api/v1/images/").status_code == 401


def test_guessing_is_slowed_down_by_address_and_by_name(alice: User) -> None:
    wrong = {**ALICE, "password": "wrong"}
    for _ in range(10):
        assert APIClient().post(TOKEN, wrong, format="json").status_code == 400
    answer = APIClient().post(TOKEN, ALICE, format="json")
    assert answer.status_code == 429
    assert answer.json()["code"] == "throttled"
    elsewhere = APIClient(REMOTE_ADDR="203.0.113.7")
    assert elsewhere.post(TOKEN, ALICE, format="json").status_code == 429
    bob = {"username": "bob", "password": "x"}
    assert elsewhere.post(TOKEN, bob, format="json").status_code == 400


def test_an_address_that_is_only_claimed_does_not_escape_the_count(alice: User) -> None:
    statuses = [
        APIClient(HTTP_X_FORWARDED_FOR=f"203.0.113.{number}")
        .post(TOKEN, {"username": f"name{number}", "password": "x"}, format="json")
        .status_code
        for number in range(11)
    ]
    assert statuses == [400] * 10 + [429]


def test_a_session_needs_the_forgery_token(alice: User) -> None:
    browser = APIClient(enforce_csrf_checks=True)
    assert browser.login(username="alice", password="alice-secret-9")
    answer = browser.post("/api/v1/images/", {})
    assert answer.status_code == 403
    assert answer.json()["code"] == "permission_denied"


def test_the_schema_is_served_and_valid_without_a_warning() -> None:
    assert b"/api/v1/images/{id}/vote/" in APIClient().get("/api/schema/").content
    done = subprocess.run(
        [sys.executable, "manage.py", "spectacular", "--validate", "--fail-on-warn"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
