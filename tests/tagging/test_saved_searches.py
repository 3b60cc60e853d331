"""Searches kept under a name: saving, opening, renaming, deleting, and their limits."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from gallery.models import User
from tagging.models import SavedSearch
from tagging.services import saved_searches
from tagging.services.saved_searches import SavedSearchError, save_search
from tagging.takeouts import SEARCHES, bring_in_searches

SAVED = "/search/saved/"


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def test_a_search_is_saved_and_opened_again(as_alice: Client, alice: User) -> None:
    address = "q=heron+-boat&sort=likes&by=&mark=1_2"
    answer = as_alice.post(SAVED, {"name": "  My   herons ", "address": address}, follow=True)
    assert "The search is saved as “My herons”." in answer.content.decode()
    kept = SavedSearch.objects.get()
    assert (kept.person, kept.name, kept.address) == (
        alice,
        "My herons",
        "q=heron+-boat&sort=likes",
    )
    page = as_alice.get(SAVED).content.decode()
    assert 'href="/search/?q=heron+-boat&amp;sort=likes"' in page


def test_the_same_name_again_replaces_the_search(alice: User, bob: User) -> None:
    save_search(person=bob, name="birds", address="q=duck")
    save_search(person=alice, name="birds", address="q=heron")
    save_search(person=alice, name="birds", address="q=stork")
    assert set(SavedSearch.objects.values_list("person__username", "address")) == {
        ("alice", "q=stork"), ("bob", "q=duck"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("", "q=heron", "Give the search a name."),
        (" \x00 ", "q=heron", "Give the search a name."),
        ("x" * 101, "q=heron", "A name has at most 100 characters; this one has 101."),
        ("birds", "", "There is no question to save."),
        ("birds", "mark=1_2&q=", "There is no question to save."),
        ("birds", "q=" + "x" * 2000, "This question is too long to be saved."),
    ],
)
def test_what_cannot_be_saved_is_refused_and_kept_in_the_form(
    as_alice: Client, name: str, address: str, words: str
) -> None:
    answer = as_alice.post(SAVED, {"name": name, "address": address})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not SavedSearch.objects.exists()


def test_a_hundred_are_the_most(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    assert saved_searches.MOST == 100
    monkeypatch.setattr(saved_searches, "MOST", 2)
    for name in ("one", "two", "two"):
        save_search(person=alice, name=name, address="q=heron")
    with pytest.raises(SavedSearchError, match="You keep 2 searches already"):
        save_search(person=alice, name="three", address="q=heron")


def test_a_search_is_renamed_unless_the_name_is_taken(as_alice: Client, alice: User) -> None:
    one = save_search(person=alice, name="one", address="q=a")
    save_search(person=alice, name="two", address="q=b")
    address = reverse("tagging:rename_search", args=[one.pk])
    answer = as_alice.post(address, {"name": "two"})
    assert answer.status_code == 422
    assert "Another of your searches is called “two”." in answer.content.decode()
    as_alice.post(address, {"name": "three"})
    one.refresh_from_db()
    assert one.name == "three"


def test_a_search_is_deleted_also_when_another_tab_did_so(as_alice: Client, alice: User) -> None:
    kept = save_search(person=alice, name="one", address="q=a")
    address = reverse("tagging:delete_search", args=[kept.pk])
    for _ in range(2):
        assert as_alice.post(address).status_code == 302
    assert not SavedSearch.objects.exists()
    assert as_alice.get(address).status_code == 405


def test_searches_are_nobody_elses(client: Client, as_alice: Client, bob: User) -> None:
    kept = save_search(person=bob, name="secret", address="q=a")
    assert "secret" not in as_alice.get(SAVED).content.decode()
    answer = as_alice.post(reverse("tagging:rename_search", args=[kept.pk]), {"name": "x"})
    assert answer.status_code == 404
    as_alice.post(reverse("tagging:delete_search", args=[kept.pk]))
    assert SavedSearch.objects.get() == kept
    client.logout()
    assert client.get(SAVED).status_code == 302


def test_a_takeout_brings_in_only_searches_that_could_be_saved_here(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saved_searches, "MOST", 3)
    save_search(person=alice, name="birds", address="q=heron")
    told = [
        {"name": " birds ", "address": "q=duck"},
        {"name": "boats", "address": "q=boat&mark=1_2"},
        {"name": "nothing", "address": "mark=1_2"},
    ]
    assert bring_in_searches(alice, {SEARCHES: told}) == {"searches": 1}
    more = [{"name": f"search {number}", "address": "q=x"} for number in range(3)]
    assert bring_in_searches(alice, {SEARCHES: more}) == {"searches": 1}
    kept = SavedSearch.objects.filter(person=alice).order_by("pk")
    assert list(kept.values_list("name", "address"))[:2] == [
        ("birds", "q=heron"),
        ("boats", "q=boat"),
    ]
    assert kept.count() == 3
