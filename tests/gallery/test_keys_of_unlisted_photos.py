"""The key of an unlisted photo goes to nobody who could not have it from its owner."""

from __future__ import annotations

import pytest
from django.test import Client

from gallery.conversing import COMMENTS_ON_PAGE
from gallery.models import Comment, Image, Notice, User
from gallery.services.conversation import like_image, write_comment
from gallery.services.sharing import make_share_link
from gallery.takeout import records
from tests.gallery.cast import client_of, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice, 1, visibility="unlisted", title="Nest")


def shared_page(client: Client, image: Image) -> str:
    """Return the page of the photo as a share link opens it."""
    link = make_share_link(by=image.owner, image=image)
    return client.get(link.get_absolute_url()).content.decode()


def write_many(image: Image, author: User) -> None:
    """Let somebody write more below the photo than one page shows."""
    number = COMMENTS_ON_PAGE + 1
    Comment.objects.bulk_create(
        Comment(image=image, author=author, text=f"Word {one}") for one in range(number)
    )
    Image.objects.filter(pk=image.pk).update(comment_count=number, like_count=1)


@pytest.mark.parametrize("is_known", [True, False])
def test_the_page_that_a_share_link_opens_never_says_the_key(
    bob: User, image: Image, is_known: bool
) -> None:
    write_many(image, bob)
    client = client_of(bob) if is_known else Client()

    page = shared_page(client, image)

    assert "Word 50" in page
    assert image.link_key not in page
    for address in ("", "comments/", "comments/?before=10", "likes/", "tags/"):
        assert image.link_key not in client.get(f"/images/{image.pk}/{address}").content.decode()


def test_forms_that_a_share_link_opens_work_without_the_key(bob: User, image: Image) -> None:
    client = client_of(bob)
    shared_page(client, image)

    client.post(f"/images/{image.pk}/like/", {"liked": "yes"})
    answer = client.post(
        f"/images/{image.pk}/comments/", {"text": "Lovely"}, HTTP_HX_REQUEST="true"
    )
    comment = Comment.objects.get()
    edited = client.get(f"/comments/{comment.pk}/edit/")

    image.refresh_from_db()
    assert (image.like_count, answer.status_code, edited.status_code) == (1, 200, 200)
    assert image.link_key not in answer.content.decode() + edited.content.decode()


def test_whoever_has_the_key_keeps_it_from_page_to_page(image: Image) -> None:
    page = Client().get(f"/images/{image.pk}/?key={image.link_key}").content.decode()

    assert f"/images/{image.pk}/likes/?key={image.link_key}" in page or image.link_key in page


def test_pages_beside_an_unlisted_photo_are_in_no_cache_and_no_search_engine(image: Image) -> None:
    for address in ("comments/", "likes/", "tags/"):
        page = Client().get(f"/images/{image.pk}/{address}?key={image.link_key}")

        assert page.status_code == 200
        assert page["X-Robots-Tag"] == "noindex, nofollow", address
        assert page["Cache-Control"] == "private, no-cache", address


def test_a_takeout_says_no_key_of_photos_of_others(alice: User, bob: User) -> None:
    image = store(alice, 2, title="Was public")
    like_image(person=bob, image=image)
    write_comment(author=bob, image=image, text="Lovely")
    Image.objects.filter(pk=image.pk).update(visibility="unlisted")

    told = f"{records.likes_given(bob)}{records.comments_elsewhere(bob)}"

    assert f"/images/{image.pk}/" in told
    assert image.link_key not in told


def test_a_takeout_says_no_hash_of_photos_of_others(alice: User, bob: User) -> None:
    from gallery.models import Album, AlbumPhoto

    album = Album.objects.create(owner=alice, title="Ours")
    theirs = store(bob, 3)
    AlbumPhoto.objects.create(album=album, image=theirs, position=1.0)
    Album.objects.filter(pk=album.pk).update(cover=theirs)

    (told,) = records.album_records(alice)

    assert told["photos"] == [{"sha256": "", "is_mine": False}]
    assert told["cover"] == ""


def test_what_was_told_of_a_comment_goes_with_it_whatever_became_of_the_photo(
    alice: User, bob: User
) -> None:
    image = store(alice, 4)
    comment = write_comment(author=bob, image=image, text="Something to regret")
    like_image(person=bob, image=image)
    Image.objects.filter(pk=image.pk).update(visibility="unlisted")

    client_of(bob).post(f"/comments/{comment.pk}/delete/?key={image.link_key}")
    client_of(bob).post(f"/images/{image.pk}/like/?key={image.link_key}", {"liked": "no"})

    assert not Comment.objects.exists()
    assert not Notice.objects.filter(person=alice).exists()
    alice.refresh_from_db()
    assert alice.unread_notices == 0
