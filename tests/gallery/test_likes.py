"""Likes: counted once however often one clicks, and true whoever deletes what."""

from __future__ import annotations

import threading
from uuid import uuid4

import pytest
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from gallery.models import Image, Like, User
from gallery.paging import PAGE_SIZE
from gallery.services.conversation import like_image, unlike_image
from gallery.views.answering import PEOPLE_ON_PAGE
from tests.gallery.cast import client_of, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice, title="A hill")


def count(image: Image) -> int:
    image.refresh_from_db()
    assert image.like_count == image.likes.count()
    return image.like_count


def copy_of(image: Image, number: int) -> Image:
    """Return one more row with the same files, which is quicker than one more photo."""
    other = Image.objects.get(pk=image.pk)
    other.pk, other.sha256, other.folder = None, f"{number:064}", uuid4()
    other.like_count, other._state.adding = 0, True
    other.save()
    return other


def test_the_heart_likes_and_takes_back(image: Image, bob: User) -> None:
    client = client_of(bob)
    address = f"/images/{image.pk}/like/"
    assertContains(client.get(image.get_absolute_url()), 'aria-pressed="false"')

    assertRedirects(client.post(address, {"liked": "yes"}), image.get_absolute_url())
    page = client.get(image.get_absolute_url())
    assertContains(page, 'aria-pressed="true"')
    assertContains(page, "1 like<")

    client.post(address, {"liked": "no"})
    assert count(image) == 0


def test_a_double_click_and_two_tabs_count_once(image: Image, bob: User) -> None:
    for _ in range(3):
        client_of(bob).post(f"/images/{image.pk}/like/", {"liked": "yes"})
    assert count(image) == 1
    for _ in range(2):
        client_of(bob).post(f"/images/{image.pk}/like/", {"liked": "no"})
    assert count(image) == 0


def test_htmx_gets_the_heart_alone(image: Image, bob: User) -> None:
    answer = client_of(bob).post(
        f"/images/{image.pk}/like/", {"liked": "yes"}, HTTP_HX_REQUEST="true"
    )
    assertContains(answer, 'aria-pressed="true"')
    assertContains(answer, "1 like<")
    assertNotContains(answer, "<html")


@pytest.mark.django_db(transaction=True)
def test_likes_at_the_same_moment_are_all_counted(image: Image) -> None:
    people = [User.objects.create_user(f"person{number}") for number in range(3)]
    start = threading.Barrier(6)

    def like(person: User) -> None:
        try:
            start.wait()
            like_image(person=person, image=image)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=like, args=(person,)) for person in people * 2]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert count(image) == 3


def test_strangers_are_asked_to_log_in(image: Image, client: Client) -> None:
    answer = client.post(f"/images/{image.pk}/like/", {"liked": "yes"})
    assertRedirects(answer, f"/accounts/login/?next=/images/{image.pk}/")
    by_htmx = client.post(f"/images/{image.pk}/like/", HTTP_HX_REQUEST="true")
    assert by_htmx["HX-Redirect"] == f"/accounts/login/?next=/images/{image.pk}/"


@pytest.mark.parametrize("method", ["like", "likes"])
def test_what_one_may_not_see_cannot_be_liked(alice: User, bob: User, method: str) -> None:
    secret = store(alice, visibility="private")
    client = client_of(bob)
    address = f"/images/{secret.pk}/{method}/"
    answer = client.post(address) if method == "like" else client.get(address)
    assert answer.status_code == 404
    assert not Like.objects.exists()
    assert client.post("/images/999999/like/").status_code == 404
    assert client.get(f"/images/{secret.pk}/like/").status_code == 405


def test_a_photo_that_another_tab_deleted_cannot_be_liked(image: Image, bob: User) -> None:
    gone = Image.objects.get(pk=image.pk)
    image.delete()
    with pytest.raises(Image.DoesNotExist):
        like_image(person=bob, image=gone)
    with pytest.raises(Image.DoesNotExist):
        unlike_image(person=bob, image=gone)


def test_a_person_who_goes_takes_the_likes_along(image: Image, bob: User) -> None:
    like_image(person=bob, image=image)
    like_image(person=image.owner, image=image)
    bob.delete()
    assert count(image) == 1


def test_a_photo_goes_with_its_likes(image: Image, bob: User) -> None:
    like_image(person=bob, image=image)
    image.delete()
    assert not Like.objects.exists()


def test_everybody_who_likes_it_is_listed_a_page_at_a_time(image: Image) -> None:
    for number in range(PEOPLE_ON_PAGE + 1):
        like_image(person=User.objects.create_user(f"person{number:03}"), image=image)
    gone = User.objects.get(username="person050")
    client = Client()
    first = client.get(f"/images/{image.pk}/likes/")
    assertContains(first, "person001")
    assertNotContains(first, "person000")
    assertContains(first, "More people")
    older = first.context["people"].older_url
    assertContains(client.get(f"/images/{image.pk}/likes/{older}"), "person000")
    gone.is_active = False
    gone.save()
    assertNotContains(client.get(f"/images/{image.pk}/likes/"), "person050")


@pytest.mark.parametrize("mark", ["", "x", "-1", "9" * 40, "²", "0"])
def test_a_strange_mark_breaks_nothing(image: Image, bob: User, mark: str) -> None:
    client = client_of(bob)
    assert client.get(f"/images/{image.pk}/likes/", {"before": mark}).status_code == 200
    assert client.get("/liked/", {"before": mark}).status_code == 200
    assert client.get("/people/bob/followers/", {"before": mark}).status_code == 200


def test_what_one_liked_stands_on_a_page_of_its_own_as_long_as_one_may_see_it(
    alice: User, bob: User
) -> None:
    images = [store(alice, seed=seed, title=f"Photo number {seed}.") for seed in range(3)]
    for image in images:
        like_image(person=bob, image=image)
    Image.objects.filter(pk=images[1].pk).update(visibility="private")
    client = client_of(bob)
    page = client.get("/liked/")
    assert [each.pk for each in page.context["images"]] == [images[2].pk, images[0].pk]
    assertContains(client_of(alice).get("/liked/"), "Nothing here yet")
    assertRedirects(Client().get("/liked/"), "/accounts/login/?next=/liked/")


def test_a_longer_list_of_liked_photos_costs_no_more_queries(alice: User, bob: User) -> None:
    client = client_of(bob)
    numbers = []
    image = store(alice)
    like_image(person=bob, image=image)
    client.get("/liked/")
    for more in (0, PAGE_SIZE + 1):
        for number in range(more):
            like_image(person=bob, image=copy_of(image, number))
        with CaptureQueriesContext(connection) as queries:
            page = client.get("/liked/")
        numbers.append(len(queries))
    assert numbers[0] == numbers[1]
    assert len(page.context["images"]) == PAGE_SIZE
    rest = client.get(f"/liked/{page.context['older_url']}")
    assert len(rest.context["images"]) == 2


def test_tiles_say_how_many_like_a_photo(image: Image, bob: User) -> None:
    assertNotContains(Client().get("/"), "tile__likes")
    like_image(person=bob, image=image)
    assertContains(Client().get("/"), "tile__likes")
