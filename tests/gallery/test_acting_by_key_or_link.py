"""Who opened a photo by its key or by a share link: what they may do there, and what not."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from gallery.models import Comment, Image, Like, Notice, User
from gallery.services.conversation import delete_comment, like_image, unlike_image, write_comment
from gallery.services.images import update_image
from gallery.services.sharing import make_share_link
from tagging.models import Vote
from tests.gallery.cast import client_of, store
from tests.tagging.cast import make_tag, suggest

HTMX = {"HX-Request": "true"}


@pytest.fixture
def unlisted(alice: User) -> Image:
    image = store(alice, visibility="unlisted")
    suggest(image, "heron")
    return image


def through_link(image: Image, client: Client) -> Client:
    """Return the client after it opened a share link of the photo."""
    client.get(make_share_link(by=image.owner, image=image).get_absolute_url())
    return client


def forms_of(page: str) -> list[str]:
    """Return where the forms below the photo lead."""
    found = re.findall(r'action="(/(?:images|comments|tag-events)/[^"]+)"', page)
    return [address.replace("&amp;", "&") for address in found]


def test_every_form_works_for_whoever_has_the_key(unlisted: Image, bob: User) -> None:
    client, key = client_of(bob), f"?key={unlisted.link_key}"
    page = client.get(unlisted.get_absolute_url()).content.decode()
    like, write = forms_of(page)
    assert like == f"/images/{unlisted.pk}/like/{key}"
    assert write == f"/images/{unlisted.pk}/comments/{key}"

    assert client.post(like, {"liked": "yes"})["Location"] == unlisted.get_absolute_url()
    client.post(write, {"text": "Lovely"})
    comment = Comment.objects.get(author=bob)
    assert Like.objects.filter(person=bob).exists()
    edit = f"/comments/{comment.pk}/edit/{key}"
    assert f'hx-get="{edit}"' in client.get(unlisted.get_absolute_url()).content.decode()
    client.post(edit, {"text": "Very lovely"})
    comment.refresh_from_db()
    assert comment.text == "Very lovely"
    client.post(f"/comments/{comment.pk}/delete/{key}")
    client.post(like, {"liked": "no"})
    assert not Comment.objects.exists() and not Like.objects.exists()


def test_without_the_key_nothing_can_be_done(unlisted: Image, bob: User) -> None:
    client = client_of(bob)
    for address in ("like/", "comments/", "like/?key=wrong", "comments/?key=wrong"):
        form = {"liked": "yes", "text": "Lovely"}
        assert client.post(f"/images/{unlisted.pk}/{address}", form).status_code == 404
    assert not Comment.objects.exists() and not Like.objects.exists()


@pytest.mark.parametrize("way", ["key", "link"])
def test_tags_are_for_those_who_see_the_photo_for_who_they_are(
    unlisted: Image, bob: User, way: str
) -> None:
    client = client_of(bob) if way == "key" else through_link(unlisted, client_of(bob))
    key = f"?key={unlisted.link_key}" if way == "key" else ""

    page = client.get(f"/images/{unlisted.pk}/{key}").content.decode()
    assert "heron" in page
    assert not [address for address in forms_of(page) if "/tags/" in address]
    vote = {"tag": make_tag("heron").pk, "value": "yes"}
    assert client.post(f"/images/{unlisted.pk}/tags/vote/{key}", vote).status_code == 404
    assert not Vote.objects.exists()


@pytest.mark.parametrize("visibility", ["unlisted", "private"])
def test_who_opened_a_link_likes_and_comments_and_learns_no_key(
    alice: User, bob: User, visibility: str
) -> None:
    image = store(alice, visibility=visibility)
    client = through_link(image, client_of(bob))
    like, write = forms_of(client.get(f"/images/{image.pk}/").content.decode())

    answers = [
        client.post(like, {"liked": "yes"}, headers=HTMX),
        client.post(write, {"text": "Lovely"}, headers=HTMX),
        client.post(write, {"text": ""}, headers=HTMX),
    ]

    assert [answer.status_code for answer in answers] == [200, 200, 422]
    assert all(image.link_key not in answer.content.decode() for answer in answers)
    assert image.link_key not in client.post(write, {"text": "Once more"})["Location"]
    image.refresh_from_db()
    assert (image.like_count, image.comment_count) == (1, 2)


def test_guests_of_a_link_are_led_to_the_log_in_and_back(alice: User, bob: User) -> None:
    image = store(alice, visibility="private")
    guest = through_link(image, Client())
    page = guest.get(f"/images/{image.pk}/").content.decode()
    (like,) = forms_of(page)

    answer = guest.post(like, {"liked": "yes"})

    assert answer["Location"] == f"/accounts/login/?next=/images/{image.pk}/"
    guest.post(answer["Location"], {"login": "bob", "password": "bob-secret-9"})
    assert guest.post(like, {"liked": "yes"}).status_code == 302
    assert Like.objects.get().person == bob


def test_notices_are_taken_back_though_the_photo_got_a_key_meanwhile(
    alice: User, bob: User
) -> None:
    image = store(alice)
    like_image(person=bob, image=image)
    comment = write_comment(author=bob, image=image, text="Lovely")
    assert Notice.objects.filter(person=alice).count() == 2
    update_image(image=image, visibility="unlisted")

    unlike_image(person=bob, image=Image.objects.get())
    delete_comment(comment=comment)

    alice.refresh_from_db()
    assert not Notice.objects.exists()
    assert alice.unread_notices == 0


def test_an_original_that_a_link_offers_is_offered_on_the_page(alice: User, bob: User) -> None:
    image = store(alice, visibility="private")
    offers = make_share_link(by=alice, image=image, offers_original=True)
    guest = through_link(image, Client())
    original = f"/images/{image.pk}/original/"
    assert original not in guest.get(f"/images/{image.pk}/").content.decode()
    assert guest.get(original).status_code == 404

    guest.get(offers.get_absolute_url())

    assert original in guest.get(f"/images/{image.pk}/").content.decode()
    assert guest.get(original).status_code == 200
