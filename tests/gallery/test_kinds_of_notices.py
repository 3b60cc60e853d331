"""Notices of what others do: grouped, each in one's own language, and as one wants them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone, translation
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from gallery.models import Image, Notice, NoticeChoice, NoticeKind, User
from gallery.notice_ways import USUAL_WAYS, Way, choose_ways
from gallery.notices import mark_read, tell
from gallery.services.conversation import like_image, unlike_image, write_comment
from gallery.services.following import follow_person, unfollow_person
from tests.gallery.cast import client_of, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice, title="A hill")


@pytest.fixture
def carol(db: None) -> User:
    return User.objects.create_user("carol")


def told(person: User) -> list[str]:
    return list(Notice.objects.filter(person=person).values_list("text", flat=True))


def unread(person: User) -> int:
    person.refresh_from_db()
    assert person.unread_notices == Notice.objects.filter(person=person, read_at=None).count()
    return person.unread_notices


def test_likes_of_a_photo_share_one_notice_until_it_is_read(
    image: Image, alice: User, bob: User, mona: User, carol: User
) -> None:
    like_image(person=bob, image=image)
    assert told(alice) == ["bob likes “A hill”"]
    like_image(person=carol, image=image)
    assert told(alice) == ["carol and 1 other like “A hill”"]
    like_image(person=mona, image=image)
    assert told(alice) == ["mona and 2 others like “A hill”"]
    assert unread(alice) == 1
    mark_read(person=alice)
    like_image(person=User.objects.create_user("dan"), image=image)
    assert told(alice)[0] == "dan and 3 others like “A hill”"
    assert unread(alice) == 1


def test_a_like_taken_back_is_not_told_any_more(
    image: Image, alice: User, bob: User, carol: User
) -> None:
    like_image(person=bob, image=image)
    like_image(person=carol, image=image)
    unlike_image(person=carol, image=image)
    assert told(alice) == ["bob likes “A hill”"]
    unlike_image(person=bob, image=image)
    assert (told(alice), unread(alice)) == ([], 0)


def test_liking_on_and_off_does_not_pile_up(image: Image, alice: User, bob: User) -> None:
    like_image(person=bob, image=image)
    mark_read(person=alice)
    for _ in range(3):
        unlike_image(person=bob, image=image)
        like_image(person=bob, image=image)
    assert (len(told(alice)), unread(alice)) == (1, 0)


def test_nobody_is_told_of_their_own_doings(image: Image, alice: User) -> None:
    like_image(person=alice, image=image)
    write_comment(author=alice, image=image, text="My hill.")
    assert tell(texts={alice.pk: "Look."}, kind=NoticeKind.ALBUM, actor=alice) == 0
    assert told(alice) == []


def test_a_comment_is_told_to_the_owner_and_to_who_wrote_before(
    image: Image, alice: User, bob: User, carol: User
) -> None:
    write_comment(author=bob, image=image, text="A fine\nhill.")
    comment = write_comment(author=carol, image=image, text="Where is it?")
    assert told(alice) == [
        "carol wrote about “A hill”: Where is it?",
        "bob wrote about “A hill”: A fine hill.",
    ]
    assert told(bob) == ["carol also wrote about a photo by alice: Where is it?"]
    assert told(carol) == []
    assert Notice.objects.get(person=bob).url == f"/images/{image.pk}/#comment-{comment.pk}"


def test_who_may_not_see_the_photo_any_more_hears_nothing(
    image: Image, alice: User, bob: User
) -> None:
    write_comment(author=bob, image=image, text="A fine hill.")
    Image.objects.update(visibility="private")
    image.refresh_from_db()
    write_comment(author=alice, image=image, text="Only for me now.")
    assert told(bob) == []


def test_a_follower_is_told_once(alice: User, bob: User) -> None:
    for _ in range(3):
        follow_person(follower=bob, followed=alice)
        unfollow_person(follower=bob, followed=alice)
    assert told(alice) == ["bob follows you"]
    assert Notice.objects.get().url == "/people/bob/"


def test_every_kind_has_its_usual_way() -> None:
    assert set(USUAL_WAYS) == set(NoticeKind.values)


def test_a_kind_that_is_switched_off_is_not_written(image: Image, alice: User, bob: User) -> None:
    choose_ways(person=alice, ways={NoticeKind.LIKE: Way(on_page=False, by_mail=False)})
    like_image(person=bob, image=image)
    follow_person(follower=bob, followed=alice)
    assert told(alice) == ["bob follows you"]


def test_what_is_for_the_mail_alone_is_neither_counted_nor_shown(
    image: Image, alice: User, bob: User, carol: User
) -> None:
    choose_ways(person=alice, ways={NoticeKind.LIKE: Way(on_page=False, by_mail=True)})
    like_image(person=bob, image=image)
    like_image(person=carol, image=image)
    assert (len(told(alice)), unread(alice)) == (1, 0)
    assertNotContains(client_of(alice).get("/notices/"), "A hill")
    Notice.objects.update(created_at=timezone.now() - timedelta(days=2))
    like_image(person=User.objects.create_user("dan"), image=image)
    assert len(told(alice)) == 2


def test_notices_come_in_the_language_of_who_reads_them(
    image: Image, alice: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    spoken: list[str] = []
    alice.language = "de"
    alice.save()
    original = translation.override.__enter__

    def note(self: translation.override) -> None:
        spoken.append(self.language or "")
        original(self)

    monkeypatch.setattr(translation.override, "__enter__", note)
    image.owner.refresh_from_db()
    like_image(person=bob, image=image)
    follow_person(follower=bob, followed=alice)
    assert spoken == ["de", "de"]


def test_the_page_of_choices_shows_and_remembers_them(alice: User, mona: User) -> None:
    client = client_of(alice)
    page = client.get("/settings/notices/")
    assertContains(page, "Somebody likes your photo")
    assertNotContains(page, "What moderators did")
    assertContains(client_of(mona).get("/settings/notices/"), "What moderators did")
    assertRedirects(client.post("/settings/notices/", {"like-by_mail": "on"}), "/settings/notices/")
    like = NoticeChoice.objects.get(person=alice, kind="like")
    assert (like.on_page, like.by_mail) == (False, True)
    client.post("/settings/notices/", {"like-on_page": "on", "nonsense": "1"})
    like.refresh_from_db()
    assert (like.on_page, like.by_mail) == (True, False)
    assert not NoticeChoice.objects.filter(person=alice, kind="moderation").exists()
    assertRedirects(
        client_of(None).get("/settings/notices/"), "/accounts/login/?next=/settings/notices/"
    )


def test_notices_are_grouped_by_day_with_who_did_it(image: Image, alice: User, bob: User) -> None:
    like_image(person=bob, image=image)
    Notice.objects.update(created_at=timezone.now() - timedelta(days=1))
    tell(texts={alice.pk: "Version 2 is live."}, url="/models/2/")
    page = client_of(alice).get("/notices/")
    text = page.content.decode()
    assert text.index("Today") < text.index("Version 2") < text.index("Yesterday")
    assertContains(page, "bob likes “A hill”")
    assert text.count("notices__day") == text.count('<ul class="notices">') == 2


def test_everything_is_marked_read_by_a_button(image: Image, alice: User, bob: User) -> None:
    like_image(person=bob, image=image)
    assertRedirects(client_of(alice).post("/notices/read/"), "/notices/")
    assert unread(alice) == 0
    assert client_of(alice).get("/notices/read/").status_code == 405
