"""Both presets of the policy on one page of the admin, as the code explains them."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from django.conf import settings as project
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ
from pytest_django import Settings

from gallery.models import User
from tagging.policy import COMMUNITY, Policy
from tagging.policy_in_words import in_words, read_passages

ADDRESS = "tagging:policy"


@pytest.fixture
def as_mona(client: Client, mona: User) -> Client:
    client.force_login(mona)
    return client


def test_every_number_has_its_section_and_its_words() -> None:
    passages = read_passages()
    names = [name for passage in passages for name in passage.names]
    assert names == [field.name for field in fields(Policy) if field.name != "name"]
    assert all(passage.section and passage.words for passage in passages)
    (age,) = (passage for passage in passages if "vote_age_hours" in passage.names)
    assert (age.section, age.names) == ("Votes", ["vote_age_hours"])
    assert age.words.startswith("Time for others to look")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (True, "yes"),
        (False, "no"),
        (48, "48"),
        (2 / 3, "0.667"),
        (0.001, "0.001"),
        (((0, 0.4), (10, 0.3)), "40% from 0, 30% from 10"),
    ],
)
def test_values_are_written_as_people_write_them(value: object, words: str) -> None:
    assert in_words(value) == words


def test_the_page_shows_both_presets_and_which_is_in_force(
    as_mona: Client, settings: Settings
) -> None:
    settings.EYES_POLICY = "public"
    page = as_mona.get(reverse(ADDRESS)).content.decode()
    assert "<strong>public</strong>" in page
    assert "EYES_POLICY" in page
    for field in fields(COMMUNITY):
        if field.name != "name":
            assert f"<code>{field.name}</code>" in page
    words, number = next(
        group.split("</th>", 1) for group in page.split("<tbody>") if "vote_age_hours" in group
    )
    assert "Time for others to look" in words
    assert "<td>0</td><td>48</td>" in number


def test_the_page_is_linked_from_the_index(as_mona: Client) -> None:
    assert f'href="{reverse(ADDRESS)}"' in as_mona.get(reverse("admin:index")).content.decode()


def test_votes_are_settled_anew_at_the_press_of_a_button(as_mona: Client) -> None:
    answer = as_mona.post(reverse(ADDRESS), follow=True)
    assert "settled anew" in answer.content.decode()
    assert OrmQ.objects.get().task["func"] == "tagging.tasks.settle_undecided"


def test_moderators_alone_see_it(client: Client, alice: User) -> None:
    client.force_login(alice)
    assert client.get(reverse(ADDRESS)).status_code == 302
    assert client.post(reverse(ADDRESS)).status_code == 302
    assert not OrmQ.objects.exists()


def test_the_page_in_docs_says_what_the_code_says(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("policy")
    written = Path(project.BASE_DIR, "docs", "policy.md").read_text()
    assert capsys.readouterr().out == written, "run: manage.py policy > docs/policy.md"
