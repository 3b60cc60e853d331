"""Likes, comments and follows over the API: the same rules as on the pages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache
from pytest_django import Settings
from rest_framework.test import APIClient

from gallery.models import Comment, Image, User
from gallery.services.conversation import write_comment
from tests.gallery.cast import store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_rates() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice)


def program_of(person: User | None) -> APIClient:
    program = APIClient()
    program.force_authenticate(person)
    return program


def test_a_photo_is_liked_once_however_often_one_asks(image: Image, bob: User) -> None:
    program, address = program_of(bob), f"/api/v1/images/{image.pk}/like/"
    assert program.get(address).json() == {"like_count": 0, "is_liked": False}
    for _ in range(2):
        assert program.put(address).json() == {"like_count": 1, "is_liked": True}
    assert program.get(address).json() == {"like_count": 1, "is_liked": True}
    assert program.get(f"/api/v1/images/{image.pk}/").json()["like_count"] == 1
    for _ in range(2):
        assert program.delete(address).json() == {"like_count": 0, "is_liked": False}


def test_strangers_read_and_do_nothing(image: Image, bob: User) -> None:
    comment = write_comment(author=bob, image=image, text="Fine.")
    program = program_of(None)
    assert program.get(f"/api/v1/images/{image.pk}/comments/").json()["count"] == 1
    assert program.put(f"/api/v1/images/{image.pk}/like/").status_code == 401
    words = {"text": "Hello"}
    assert program.post(f"/api/v1/images/{image.pk}/comments/", words).status_code == 401
    assert program.delete(f"/api/v1/comments/{comment.pk}/").status_code == 401
    assert program.put("/api/v1/people/bob/follow/").status_code == 401


def test_what_one_may_not_see_does_not_exist(alice: User, bob: User) -> None:
    secret = store(alice, seed=2, visibility="private")
    comment = write_comment(author=alice, image=secret, text="Mine.")
    program = program_of(bob)
    assert program.put(f"/api/v1/images/{secret.pk}/like/").status_code == 404
    assert program.get(f"/api/v1/images/{secret.pk}/comments/").status_code == 404
    assert program.get(f"/api/v1/comments/{comment.pk}/").status_code == 404
    assert program_of(alice).get(f"/api/v1/comments/{comment.pk}/").status_code == 200


def test_a_comment_is_written_changed_and_deleted(image: Image, alice: User, bob: User) -> None:
    program = program_of(bob)
    answer = program.post(f"/api/v1/images/{image.pk}/comments/", {"text": " <b>Fine</b>\u202e "})
    assert answer.status_code == 201
    written = answer.json()
    assert (written["author"], written["text"]) == ("bob", "<b>Fine</b>")
    address = f"/api/v1/comments/{written['id']}/"
    assert program.patch(address, {"text": "Finer."}).json()["text"] == "Finer."
    assert program_of(alice).patch(address, {"text": "Mine."}).status_code == 403
    assert program_of(User.objects.create_user("carol")).delete(address).status_code == 403
    assert program_of(alice).delete(address).status_code == 204
    assert program.patch(address, {"text": "Too late."}).status_code == 404
    image.refresh_from_db()
    assert image.comment_count == 0


@pytest.mark.parametrize("text", ["", "  ", "\u200b", "x" * 10_000, None])
def test_bad_words_are_refused(image: Image, bob: User, text: str | None) -> None:
    address = f"/api/v1/images/{image.pk}/comments/"
    answer = program_of(bob).post(address, {"text": text}, format="json")
    assert answer.status_code == 400
    assert list(answer.json()["problems"]) == ["text"]
    assert not Comment.objects.exists()


def test_closed_comments_and_haste_are_refused_in_words(
    image: Image, bob: User, settings: Settings
) -> None:
    settings.EYES_COMMENTS_A_MINUTE = 1
    address = f"/api/v1/images/{image.pk}/comments/"
    program = program_of(bob)
    program.post(address, {"text": "One"})
    hasty = program.post(address, {"text": "Two"})
    assert (hasty.status_code, hasty.json()["code"]) == (429, "throttled")
    assert int(hasty.headers["Retry-After"]) > 0
    Image.objects.update(comments_open=False)
    closed = program.post(address, {"text": "Three"})
    assert (closed.status_code, closed.json()["code"]) == (409, "closed")


def test_a_person_is_shown_and_followed(alice: User, image: Image, bob: User) -> None:
    program = program_of(bob)
    for _ in range(2):
        answer = program.put("/api/v1/people/alice/follow/").json()
    assert (answer["followers"], answer["is_followed"], answer["photos"]) == (1, True, 1)
    assert program.get("/api/v1/people/alice/").json()["is_followed"] is True
    assert program.delete("/api/v1/people/alice/follow/").json()["followers"] == 0
    assert program.put("/api/v1/people/bob/follow/").status_code == 409
    assert program.put("/api/v1/people/nobody/follow/").status_code == 404
