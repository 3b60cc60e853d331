"""Comments: who may write, change and delete them, and what becomes of bad ones."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from gallery.conversing import COMMENTS_ON_PAGE
from gallery.models import Comment, Image, Notice, User
from gallery.services.conversation import like_image, write_comment
from gallery.services.images import hide_images
from tests.gallery.cast import client_of, store

pytestmark = pytest.mark.django_db
BY_HTMX = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice, title="A hill")


@pytest.fixture
def comment(image: Image, bob: User) -> Comment:
    return write_comment(author=bob, image=image, text="A fine hill.")


def count(image: Image) -> int:
    image.refresh_from_db()
    assert image.comment_count == image.comments.count()
    return image.comment_count


def post(person: User | None, image: Image, text: str, **headers: str) -> object:
    return client_of(person).post(f"/images/{image.pk}/comments/", {"text": text}, **headers)


def test_a_comment_is_written_and_stands_below_the_photo(image: Image, bob: User) -> None:
    answer = post(bob, image, "A <b>fine</b> hill.\r\nhttps://example.org/hill")
    written = Comment.objects.get()
    assertRedirects(answer, f"{image.get_absolute_url()}#comment-{written.pk}")
    page = client_of(None).get(image.get_absolute_url())
    assertContains(page, "A &lt;b&gt;fine&lt;/b&gt; hill.<br>")
    assertContains(page, 'rel="nofollow ugc noopener"')
    assertContains(page, "Log in to write a comment")
    assertNotContains(page, "/edit/")
    assert count(image) == 1


def test_htmx_gets_the_conversation_alone(image: Image, bob: User) -> None:
    answer = post(bob, image, "A fine hill.", **BY_HTMX)
    assertContains(answer, "A fine hill.")
    assertContains(answer, "1 comment<")
    assertNotContains(answer, "<html")


@pytest.mark.parametrize("headers", [{}, BY_HTMX])
def test_ten_thousand_characters_are_refused_and_kept_in_the_form(
    image: Image, bob: User, headers: dict[str, str]
) -> None:
    answer = post(bob, image, "long " * 2000 + "end", **headers)
    assertContains(answer, "long long end</textarea>", status_code=422)
    assertContains(answer, "That is 10003 characters; 2000 fit.", status_code=422)
    assert count(image) == 0


def test_two_thousand_characters_fit(image: Image, bob: User) -> None:
    post(bob, image, "\r\n".join(["ü" * 999] * 2))
    assert len(Comment.objects.get().text) == 1999
    post(bob, image, "x" * 2000)
    assert count(image) == 2


@pytest.mark.parametrize("text", ["", "  \n ", "\u200b\u202e", "\x00"])
def test_nothing_is_no_comment(image: Image, bob: User, text: str) -> None:
    assertContains(post(bob, image, text), "Please write something first.", status_code=422)
    assertContains(client_of(bob).post(f"/images/{image.pk}/comments/"), "first", status_code=422)
    assert count(image) == 0


def test_zalgo_and_nul_bytes_are_tamed(image: Image, bob: User) -> None:
    post(bob, image, "Z" + "\u0351" * 300 + "\x00algo\u202e")
    assert Comment.objects.get().text == "Z" + "\u0351" * 4 + "algo"


def test_strangers_are_asked_to_log_in(image: Image) -> None:
    assertRedirects(post(None, image, "Hello"), f"/accounts/login/?next={image.get_absolute_url()}")


def test_below_what_one_may_not_see_nothing_can_be_written(alice: User, bob: User) -> None:
    secret = store(alice, visibility="private")
    assert post(bob, secret, "Hello").status_code == 404  # type: ignore[attr-defined]
    assert client_of(bob).get(f"/images/{secret.pk}/comments/").status_code == 404
    assert not Comment.objects.exists()


def test_below_a_hidden_photo_nothing_new_is_written(image: Image, alice: User, mona: User) -> None:
    hide_images(images=Image.objects.all(), moderator=mona, reason="A face")
    assertContains(post(alice, image, "Why?"), "A moderator hid this photo", status_code=409)
    assert count(image) == 0


def test_the_owner_closes_the_comments_and_opens_them_again(
    image: Image, comment: Comment, alice: User, bob: User
) -> None:
    address = f"/images/{image.pk}/comments/close/"
    assert client_of(bob).post(address, {"open": "no"}).status_code == 404
    client_of(alice).post(address, {"open": "no"})
    page = client_of(bob).get(image.get_absolute_url())
    assertContains(page, "The comments are closed.")
    assertContains(page, "A fine hill.")
    assertNotContains(page, 'id="comment-text"')
    refused = post(bob, image, "One more word")
    assertContains(refused, "The comments below this photo are closed.", status_code=409)
    assertContains(refused, "One more word</textarea>", status_code=409)
    client_of(alice).post(address, {"open": "yes"})
    post(bob, image, "One more word")
    assert count(image) == 2


def test_who_writes_too_fast_waits_and_loses_no_word(
    image: Image, bob: User, alice: User, settings: Settings
) -> None:
    settings.EYES_COMMENTS_A_MINUTE = 3
    for number in range(3):
        post(bob, image, f"Number {number}")
    refused = post(bob, image, "Number 3")
    assertContains(refused, "Please wait", status_code=429)
    assertContains(refused, "Number 3</textarea>", status_code=429)
    post(alice, image, "I may.")
    assert count(image) == 4
    Comment.objects.update(created_at="2026-01-01T00:00Z")
    post(bob, image, "Number 3")
    assert count(image) == 5


def test_only_the_author_changes_the_words(image: Image, comment: Comment, bob: User) -> None:
    address = f"/comments/{comment.pk}/edit/"
    client = client_of(bob)
    assertContains(client.get(address), "A fine hill.</textarea>")
    assertContains(client.get(address, **BY_HTMX), "A fine hill.</textarea>")
    answer = client.post(address, {"text": "A very fine hill."})
    assertRedirects(answer, f"{image.get_absolute_url()}#comment-{comment.pk}")
    comment.refresh_from_db()
    assert (comment.text, comment.edited_at is not None) == ("A very fine hill.", True)
    line = client.post(address, {"text": "The finest."}, **BY_HTMX)
    assertContains(line, "The finest.")
    assertContains(line, "edited")
    assertContains(client.get(f"/comments/{comment.pk}/", **BY_HTMX), "The finest.")


def test_nobody_else_does(comment: Comment, alice: User, mona: User) -> None:
    address = f"/comments/{comment.pk}/edit/"
    for person in (alice, mona):
        assert client_of(person).post(address, {"text": "Mine"}).status_code == 404
    assertRedirects(client_of(None).post(address), f"/accounts/login/?next={address}")
    comment.refresh_from_db()
    assert comment.text == "A fine hill."


def test_an_edit_that_says_nothing_or_too_much_is_refused_with_the_text(
    comment: Comment, bob: User
) -> None:
    address = f"/comments/{comment.pk}/edit/"
    for text in ("", " ", "x" * 2001):
        answer = client_of(bob).post(address, {"text": text}, **BY_HTMX)
        assertContains(answer, f"{text.strip()}</textarea>", status_code=422)
    assert client_of(bob).post(address).status_code == 422
    comment.refresh_from_db()
    assert (comment.text, comment.edited_at) == ("A fine hill.", None)


@pytest.mark.parametrize("headers", [{}, BY_HTMX])
def test_editing_what_another_tab_has_deleted_gives_the_words_back(
    comment: Comment, bob: User, headers: dict[str, str]
) -> None:
    comment.delete()
    address = f"/comments/{comment.pk or 1}/edit/"
    answer = client_of(bob).post(address, {"text": "My <new> words"}, **headers)
    assertContains(answer, "This comment has been deleted.", status_code=404)
    assertContains(answer, "My &lt;new&gt; words</textarea>", status_code=404)


@pytest.mark.parametrize(
    ("who", "status"), [("bob", 302), ("alice", 302), ("mona", 302), ("carol", 404)]
)
def test_author_owner_and_moderators_delete(
    image: Image, comment: Comment, mona: User, who: str, status: int
) -> None:
    User.objects.create_user("carol")
    client = client_of(User.objects.get(username=who))
    address = f"/comments/{comment.pk}/delete/"
    assert client.get(address).status_code == (200 if status == 302 else 404)
    assert count(image) == 1
    assert client.post(address).status_code == status
    assert count(image) == (0 if status == 302 else 1)


def test_a_second_tab_that_deletes_finds_nothing(comment: Comment, bob: User) -> None:
    client = client_of(bob)
    address = f"/comments/{comment.pk}/delete/"
    assertContains(client.post(address, **BY_HTMX), "0 comments<")
    assert client.post(address).status_code == 404


def test_a_deleted_comment_takes_its_notice_along(comment: Comment, alice: User, bob: User) -> None:
    alice.refresh_from_db()
    assert (Notice.objects.count(), alice.unread_notices) == (1, 1)
    comment.delete()
    alice.refresh_from_db()
    assert (Notice.objects.count(), alice.unread_notices) == (0, 0)


def test_whoever_goes_takes_the_comments_along(image: Image, comment: Comment, bob: User) -> None:
    bob.delete()
    assert count(image) == 0
    write_comment(author=image.owner, image=image, text="Alone.")
    image.delete()
    assert not Comment.objects.exists()


def test_a_comment_below_a_photo_that_is_gone_is_given_back(image: Image, bob: User) -> None:
    address = image.pk
    image.delete()
    assert client_of(bob).post(f"/images/{address}/comments/", {"text": "Hi"}).status_code == 404


def test_older_comments_come_a_page_at_a_time_and_cost_the_same(
    image: Image, bob: User, settings: Settings
) -> None:
    settings.EYES_COMMENTS_A_MINUTE = 1000
    for number in range(COMMENTS_ON_PAGE + 1):
        write_comment(author=bob, image=image, text=f"Comment number {number}.")
    client = client_of(bob)
    page = client.get(image.get_absolute_url())
    assertNotContains(page, "Comment number 0.")
    assertContains(page, "Older comments")
    text = page.content.decode()
    assert text.index("Comment number 1.") < text.index("Comment number 50.")
    oldest_shown = Comment.objects.get(text="Comment number 1.")
    older = client.get(f"/images/{image.pk}/comments/?before={oldest_shown.pk}")
    assertContains(older, "Comment number 0.")
    assertNotContains(older, "Comment number 1.")
    oldest_shown.delete()
    again = client.get(f"/images/{image.pk}/comments/?before={oldest_shown.pk or 2}")
    assert again.status_code == 200
    assert client.get(f"/images/{image.pk}/comments/?before={'9' * 30}").status_code == 200


def test_moderators_search_and_delete_comments_in_the_admin(
    image: Image, comment: Comment, mona: User, bob: User
) -> None:
    client = client_of(mona)
    found = client.get("/admin/gallery/comment/?q=fine")
    assertContains(found, "A fine hill.")
    assertNotContains(client.get("/admin/gallery/comment/?q=nothing"), "A fine hill.")
    assertContains(client.get(f"/admin/gallery/comment/{comment.pk}/change/"), "A fine hill.")
    chosen = {"action": "delete_selected", "_selected_action": [comment.pk], "post": "yes"}
    client.post("/admin/gallery/comment/", chosen)
    assert count(image) == 0


def test_logging_in_leads_back(image: Image, client: Client) -> None:
    assertContains(client.get(image.get_absolute_url()), f"?next=/images/{image.pk}/")


def test_a_longer_conversation_costs_no_more_queries(image: Image, comment: Comment) -> None:
    client = client_of(comment.author)
    numbers = []
    for more in (0, 6):
        for number in range(more):
            author = User.objects.create_user(f"person{number}")
            write_comment(author=author, image=image, text=f"Number {number}")
            like_image(person=author, image=image)
        like_image(person=comment.author, image=image)
        for address in (image.get_absolute_url(), f"/images/{image.pk}/comments/"):
            client.get(address)
            with CaptureQueriesContext(connection) as queries:
                client.get(address)
            numbers.append(len(queries))
    assert numbers[:2] == numbers[2:]
