"""What people are told: once, counted on their own row, and gone after half a year."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from gallery.models import Notice, User
from gallery.notices import mark_read, tell, tell_moderators
from gallery.tasks import prune_notices
from gallery.views.notices import NOTICES_ON_PAGE

pytestmark = pytest.mark.django_db


def unread(person: User) -> int:
    person.refresh_from_db()
    return person.unread_notices


def test_everybody_is_told_their_own_words(alice: User, bob: User) -> None:
    assert tell(texts={alice.pk: "Hello Alice.", bob.pk: "Hello Bob."}, url="/models/1/") == 2
    assert Notice.objects.get(person=bob).text == "Hello Bob."
    assert (unread(alice), unread(bob)) == (1, 1)


def test_the_same_address_is_told_once_and_another_one_again(alice: User, bob: User) -> None:
    tell(texts={alice.pk: "Look."}, url="/models/1/")
    assert tell(texts={alice.pk: "Look.", bob.pk: "Look."}, url="/models/1/") == 1
    assert tell(texts={alice.pk: "Look."}, url="/models/2/") == 1
    assert unread(alice) == 2
    assert tell(texts={alice.pk: "Without an address."}) == 1
    assert tell(texts={alice.pk: "Without an address."}) == 1


@pytest.mark.django_db(transaction=True)
def test_two_jobs_at_the_same_moment_tell_once(alice: User) -> None:
    start = threading.Barrier(4)
    told: list[int] = []

    def tell_alice() -> None:
        try:
            start.wait()
            told.append(tell(texts={alice.pk: "Version 2 is live."}, url="/models/2/"))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=tell_alice) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == [0, 0, 0, 1]
    assert (Notice.objects.count(), unread(alice)) == (1, 1)


def test_people_who_are_gone_stop_nobody(alice: User, bob: User) -> None:
    gone = bob.pk
    bob.delete()
    alice.is_active = False
    alice.save()
    carol = User.objects.create_user("carol")
    assert tell(texts={gone: "Bob?", alice.pk: "Alice?", carol.pk: "Carol!"}) == 1
    assert [notice.person for notice in Notice.objects.all()] == [carol]
    assert tell(texts={}) == 0


def test_the_notices_of_a_person_go_with_the_person(alice: User) -> None:
    tell(texts={alice.pk: "Hello."})
    alice.delete()
    assert not Notice.objects.exists()


def test_an_over_long_text_is_cut(alice: User) -> None:
    tell(texts={alice.pk: "long " * 200})
    text = Notice.objects.get().text
    assert len(text) == 500 and text.endswith("…")


def test_only_moderators_hear_what_is_for_moderators(alice: User, mona: User) -> None:
    assert tell_moderators(text="A version was rolled back.") == 1
    assert (unread(alice), unread(mona)) == (0, 1)


def test_opening_the_page_reads_and_new_ones_stand_out_that_once(
    alice: User, bob: User, client: Client
) -> None:
    tell(texts={alice.pk: "Version 2 is <live>.", bob.pk: "For Bob alone."}, url="/models/2/")
    client.force_login(alice)
    assertContains(client.get("/"), '1<span class="sr-only"> new</span>')
    page = client.get("/notices/")
    assertContains(page, '<a href="/models/2/">Version 2 is &lt;live&gt;.</a>', html=True)
    assertContains(page, "notice--new")
    assertNotContains(page, "For Bob alone.")
    assert (unread(alice), unread(bob)) == (0, 1)
    assertNotContains(client.get("/notices/"), "notice--new")
    assertNotContains(client.get("/"), '<span class="sr-only"> new</span>')


def test_a_look_ahead_of_the_browser_does_not_read(alice: User, client: Client) -> None:
    tell(texts={alice.pk: "Hello."})
    client.force_login(alice)
    assert client.head("/notices/").status_code == 200
    assert client.post("/notices/").status_code == 405
    assert unread(alice) == 1


def test_strangers_are_asked_to_log_in(client: Client, db: None) -> None:
    assertRedirects(client.get("/notices/"), "/accounts/login/?next=/notices/")


def test_nothing_to_tell_is_said(alice: User, client: Client) -> None:
    client.force_login(alice)
    assertContains(client.get("/notices/"), "Nothing to tell yet")


def test_many_notices_come_a_page_at_a_time(alice: User, client: Client) -> None:
    for number in range(NOTICES_ON_PAGE + 1):
        tell(texts={alice.pk: f"Notice number {number}."})
    client.force_login(alice)
    assertNotContains(client.get("/notices/"), "Notice number 0.")
    assertContains(client.get("/notices/?page=2"), "Notice number 0.")
    assert client.get("/notices/?page=many").status_code == 200


def test_no_page_asks_another_table_for_news(
    alice: User, client: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(alice)
    client.get("/people/alice/")
    with django_assert_num_queries(8):  # session, user, person, photos, three figures, albums
        client.get("/people/alice/")
    tell(texts={alice.pk: "Hello."})
    with django_assert_num_queries(8):
        client.get("/people/alice/")


def test_old_notices_go_and_the_count_stays_true(alice: User, bob: User) -> None:
    tell(texts={alice.pk: "Old and never read.", bob.pk: "Old and read."})
    mark_read(person=bob)
    Notice.objects.update(created_at=timezone.now() - timedelta(days=181))
    tell(texts={alice.pk: "New.", bob.pk: "New."})
    assert prune_notices() == "2 old notices deleted."
    assert prune_notices() == "0 old notices deleted."
    assert (unread(alice), unread(bob)) == (1, 1)
    assert set(Notice.objects.values_list("text", flat=True)) == {"New."}
