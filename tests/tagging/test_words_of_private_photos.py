"""A word that stands on nothing but private photos is told to nobody else."""

from __future__ import annotations

import pytest
from django.test import Client

from gallery.models import User
from tagging.services.tag_figures import count_tags
from tagging.services.votes import add_tag
from tests.gallery.cast import client_of, store
from tests.tagging.cast import make_tag

pytestmark = pytest.mark.django_db

PLACES = (
    "/tags/autocomplete/?name=divo",
    "/search/completions/?q=divo",
    "/search/completions/?q=tag:divo",
    "/search/?q=divorce%20lawyeer",
    "/search/?q=tag:divorce-lawyr",
    "/api/v1/tags/?starts=divo",
)


@pytest.fixture(autouse=True)
def secret(alice: User) -> None:
    add_tag(person=alice, image=store(alice, 1, visibility="private"), name="divorce lawyer")
    make_tag("heron")
    count_tags()


@pytest.mark.parametrize("address", PLACES)
def test_it_is_neither_completed_nor_suggested_nor_listed(bob: User, address: str) -> None:
    for client in (Client(), client_of(bob)):
        assert "divorce lawyer" not in client.get(address).content.decode().replace(
            "divorce lawyeer", ""
        )


def test_whoever_said_it_first_is_helped_to_spell_it(alice: User) -> None:
    answer = client_of(alice).get("/search/completions/?q=divo").content.decode()

    assert "divorce lawyer" in answer


def test_moderators_see_every_word(mona: User) -> None:
    assert "divorce lawyer" in client_of(mona).get("/api/v1/tags/?starts=divo").content.decode()


def test_on_a_photo_that_everybody_sees_it_is_everybodys_word(alice: User, bob: User) -> None:
    add_tag(person=alice, image=store(alice, 2), name="divorce lawyer")
    count_tags()

    for address in PLACES[:3]:
        assert "divorce lawyer" in client_of(bob).get(address).content.decode(), address


def test_words_that_nobody_made_up_are_everybodys() -> None:
    assert "heron" in Client().get("/search/completions/?q=her").content.decode()
