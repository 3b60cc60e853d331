"""Following: once, never oneself, and a feed of what the followed share."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from gallery.models import Follow, Image, User
from gallery.paging import PAGE_SIZE
from gallery.services.following import FollowRefused, follow_person, unfollow_person
from gallery.views.answering import PEOPLE_ON_PAGE
from tests.gallery.cast import client_of, store
from tests.gallery.test_likes import copy_of

pytestmark = pytest.mark.django_db


def test_the_button_follows_and_stops(alice: User, bob: User) -> None:
    client = client_of(bob)
    assertContains(client.get("/people/alice/"), "<b>0</b> followers")
    assertRedirects(client.post("/people/alice/follow/", {"follow": "yes"}), "/people/alice/")
    client.post("/people/alice/follow/", {"follow": "yes"})
    page = client.get("/people/alice/")
    assertContains(page, "<b>1</b> follower<")
    assertContains(page, "Following</button>")
    assertContains(client.get("/people/bob/"), "<b>1</b> following")
    assertContains(client.get("/people/alice/followers/"), "bob")
    assertContains(client.get("/people/bob/following/"), "alice")
    client.post("/people/alice/follow/", {"follow": "no"})
    client.post("/people/alice/follow/", {"follow": "no"})
    assert not Follow.objects.exists()


def test_htmx_gets_the_button_alone(alice: User, bob: User) -> None:
    answer = client_of(bob).post("/people/alice/follow/", HTTP_HX_REQUEST="true")
    assertContains(answer, 'aria-pressed="true"')
    assertNotContains(answer, "<html")


def test_nobody_follows_themselves_or_who_left(alice: User, bob: User) -> None:
    client_of(bob).post("/people/bob/follow/")
    assert client_of(bob).post("/people/bob/follow/", HTTP_HX_REQUEST="true").status_code == 409
    with pytest.raises(FollowRefused):
        follow_person(follower=bob, followed=bob)
    alice.left_at = timezone.now()
    alice.save()
    with pytest.raises(FollowRefused):
        follow_person(follower=bob, followed=alice)
    assert client_of(bob).post("/people/alice/follow/").status_code == 404
    assert client_of(bob).post("/people/nobody/follow/").status_code == 404
    assert client_of(bob).get("/people/bob/follow/").status_code == 405
    assert not Follow.objects.exists()


@pytest.mark.parametrize("page", ["", "followers/", "following/", "photos.atom"])
def test_people_who_left_have_no_page(alice: User, client: Client, page: str) -> None:
    assert client.get(f"/people/alice/{page}").status_code == 200
    alice.left_at = timezone.now()
    alice.save()
    assert client.get(f"/people/alice/{page}").status_code == 404
    assert client.get(f"/people/al%00ice/{page}").status_code == 404


def test_strangers_are_asked_to_log_in(alice: User, client: Client) -> None:
    assertRedirects(client.post("/people/alice/follow/"), "/accounts/login/?next=/people/alice/")
    assertRedirects(client.get("/feed/"), "/accounts/login/?next=/feed/")


def test_the_lists_come_a_page_at_a_time_in_as_many_queries(alice: User, client: Client) -> None:
    numbers = []
    for more in (1, PEOPLE_ON_PAGE):
        start = User.objects.count()
        for number in range(start, start + more):
            follow_person(follower=User.objects.create_user(f"p{number:03}"), followed=alice)
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/people/alice/followers/")
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]
    assertNotContains(page, "p001")
    older = client.get(f"/people/alice/followers/{page.context['people'].older_url}")
    assertContains(older, "p001")


def test_the_feed_shows_what_followed_people_share_and_nothing_else(
    alice: User, bob: User, mona: User
) -> None:
    follow_person(follower=bob, followed=alice)
    shown = [
        store(alice, seed=1, visibility="public"),
        store(alice, seed=2, visibility="followers"),
    ]
    store(alice, seed=3, visibility="private")
    store(alice, seed=4, visibility="unlisted")
    store(mona, seed=5)
    hidden = store(alice, seed=6)
    Image.objects.filter(pk=hidden.pk).update(hidden_at=timezone.now())
    in_trash = store(alice, seed=7)
    Image.objects.filter(pk=in_trash.pk).update(deleted_at=timezone.now())

    found = client_of(bob).get("/feed/").context["page"].images
    assert [image.pk for image in found] == [shown[1].pk, shown[0].pk]
    unfollow_person(follower=bob, followed=alice)
    assert client_of(bob).get("/feed/").context["page"].images == []


def test_a_longer_feed_goes_on_and_costs_no_more_queries(alice: User, bob: User) -> None:
    follow_person(follower=bob, followed=alice)
    client, image = client_of(bob), store(alice)
    client.get("/feed/")
    with CaptureQueriesContext(connection) as few:
        client.get("/feed/")
    for number in range(PAGE_SIZE + 1):
        copy_of(image, number)
    with CaptureQueriesContext(connection) as many:
        page = client.get("/feed/").context["page"]
    assert len(few) == len(many)
    rest = client.get(f"/feed/{page.older_url}").context["page"].images
    assert (len(page.images), len(rest)) == (PAGE_SIZE, 2)
    assert not {each.pk for each in page.images} & {each.pk for each in rest}
    assert client.get("/feed/?before=nonsense").status_code == 200
    Image.objects.all().delete()
    assertContains(client.get(f"/feed/{page.older_url}"), "That was the last photo")


def test_an_empty_feed_suggests_people_who_shared_lately(
    alice: User, bob: User, mona: User
) -> None:
    store(alice)
    store(mona, seed=2, visibility="private")
    page = client_of(bob).get("/feed/")
    assert [person.username for person in page.context["suggested"]] == ["alice"]
    assertContains(page, 'href="/people/alice/"')
    assert client_of(alice).get("/feed/").context["suggested"] == []
