"""One thing done to many photos: who may, what is passed over, and that it is one deed."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gallery.models import Album, AlbumMember, AlbumPhoto, Image, User
from gallery.services.albums import AlbumRefusal
from gallery.services.trash import trash_images
from tagging.models import ImageTag, TagState, Vote
from tagging.services.votes import add_tag
from tests.gallery.cast import client_of, store
from tests.tagging.cast import make_image, make_tag, suggest

pytestmark = pytest.mark.django_db


def do(person: User, deed: str, ids: list[object], **more: object) -> str:
    form = {"deed": deed, "photo": ids, "next": "/people/alice/?select=1", **more}
    answer = client_of(person).post("/photos/bulk/", form, follow=True)
    assert answer.status_code == 200
    assert answer.request["PATH_INFO"] == "/people/alice/"
    return answer.content.decode()


def test_visibility_licence_and_teaching_of_many_at_once(alice: User) -> None:
    ids: list[object] = [make_image(alice).pk for _ in range(3)]

    assert "3 photos changed." in do(alice, "visibility:private", ids)
    do(alice, "licence:by-sa", ids[:2])
    do(alice, "teaches:no", ids[1:])

    told = Image.objects.order_by("pk").values_list("visibility", "licence", "teaches")
    assert list(told) == [
        ("private", "by-sa", True),
        ("private", "by-sa", False),
        ("private", "all-rights", False),
    ]
    assert "like that already" in do(alice, "visibility:private", ids)


def test_photos_of_others_and_gone_ones_are_passed_over_and_said(alice: User, bob: User) -> None:
    mine, theirs, trashed = make_image(alice), make_image(bob), make_image(alice)
    trash_images(images=Image.objects.filter(pk=trashed.pk), by=alice)

    page = do(alice, "visibility:private", [mine.pk, theirs.pk, trashed.pk, 10**8, "x", "-3"])

    assert "1 photo changed." in page
    assert "5 photos were passed over: they are gone, or not yours." in page
    theirs.refresh_from_db()
    assert theirs.visibility == "public"


def test_even_a_moderator_edits_only_their_own_in_bulk(alice: User, mona: User) -> None:
    image = make_image(alice)
    assert "passed over" in do(mona, "trash", [image.pk])
    assert Image.objects.filter(pk=image.pk).exists()


def test_deleting_many_is_one_deed_to_undo(alice: User) -> None:
    images = [store(alice, seed) for seed in (1, 2, 3)]
    page = do(alice, "trash", [image.pk for image in images[:2]])
    assert "2 photos are in the trash" in page
    moment = page.split('name="moment" value="')[1].split('"')[0]

    client_of(alice).post("/trash/undo/", {"moment": moment})

    assert Image.objects.count() == 3


@pytest.mark.parametrize("scope", ["profile", "album"])
def test_all_means_more_than_what_the_page_shows(alice: User, bob: User, scope: str) -> None:
    images = [make_image(alice) for _ in range(40)]
    make_image(bob)
    album = Album.objects.create(owner=alice, title="Some")
    AlbumPhoto.objects.bulk_create(
        AlbumPhoto(album=album, image=image, position=image.pk) for image in images[:35]
    )
    page = do(
        alice,
        "visibility:private",
        [],
        all="1",
        scope=scope if scope == "profile" else f"album:{album.pk}",
    )
    number = 40 if scope == "profile" else 35
    assert f"{number} photos changed." in page
    assert Image.objects.filter(visibility="private").count() == number


def test_more_than_five_thousand_are_refused_and_nothing_changes(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gallery.services.bulk.MOST_PHOTOS", 3)
    for _ in range(4):
        make_image(alice)
    assert "At most 3 photos at once." in do(
        alice, "visibility:private", [], all="1", scope="profile"
    )
    assert not Image.objects.filter(visibility="private").exists()


@pytest.mark.parametrize(
    ("deed", "said"),
    [
        ("", "Choose photos"),
        ("burn", "Choose photos"),
        ("visibility", "Choose photos"),
        ("trash:now", "Choose photos"),
        ("visibility:everywhere", "no such choice"),
        ("licence:\x00", "no such choice"),
        ("teaches:perhaps", "no such choice"),
        ("tag-add", "Which tag?"),
        ("tag-remove", "Which tag?"),
        ("album:" + "9" * 60, "That album is gone."),
        ("album:x", "That album is gone."),
    ],
)
def test_what_makes_no_sense_is_said_and_changes_nothing(alice: User, deed: str, said: str) -> None:
    image = store(alice)
    assert said in do(alice, deed, [image.pk])
    image.refresh_from_db()
    assert (image.visibility, image.licence, image.teaches) == ("public", "all-rights", True)


def test_only_albums_of_ones_own_can_be_chosen(alice: User, bob: User) -> None:
    theirs = Album.objects.create(owner=bob, title="Bob's")
    assert "That album is gone." in do(alice, f"album:{theirs.pk}", [make_image(alice).pk])
    assert not theirs.places.exists()


def test_a_tag_is_put_on_many_photos_as_ones_own_vote(alice: User, bob: User) -> None:
    images = [make_image(alice) for _ in range(3)]
    add_tag(person=bob, image=images[0], name="heron")

    assert "3 photos changed." in do(
        alice, "tag-add", [image.pk for image in images], word=" Heron "
    )

    rows = ImageTag.objects.filter(tag__name="heron")
    assert set(rows.values_list("image", "state")) == {
        (image.pk, TagState.CONFIRMED) for image in images
    }
    assert rows.get(image=images[0]).added_by == bob
    assert rows.get(image=images[1]).added_by == alice
    assert Vote.objects.current().filter(person=alice, value="yes").count() == 3
    assert "like that already" in do(alice, "tag-add", [images[0].pk], word="heron")


def test_a_tag_is_taken_off_those_that_carry_it_and_no_others(alice: User) -> None:
    tagged, suggested, other = (make_image(alice) for _ in range(3))
    add_tag(person=alice, image=tagged, name="heron")
    suggest(suggested, "heron")
    ids: list[object] = [tagged.pk, suggested.pk, other.pk]

    assert "2 photos changed." in do(alice, "tag-remove", ids, word="heron")

    rows = ImageTag.objects.filter(tag__name="heron").values_list("image", "state")
    assert set(rows) == {(tagged.pk, TagState.REJECTED), (suggested.pk, TagState.REJECTED)}


def test_a_blocked_or_impossible_tag_is_refused_for_all(alice: User) -> None:
    tag = make_tag("spam")
    type(tag).objects.filter(pk=tag.pk).update(is_blocked=True)
    image = make_image(alice)
    assert "blocked" in do(alice, "tag-add", [image.pk], word="spam")
    assert "photo changed" not in do(alice, "tag-add", [image.pk], word="x" * 65)
    assert not ImageTag.objects.exists()


@pytest.mark.parametrize("deed", ["visibility:private", "trash", "tag-add", "teaches:no"])
def test_the_number_of_queries_does_not_grow(alice: User, deed: str) -> None:
    def queries(number: int) -> int:
        ids = [make_image(alice).pk for _ in range(number)]
        client = client_of(alice)
        with CaptureQueriesContext(
            connection,
        ) as captured:
            client.post("/photos/bulk/", {"deed": deed, "photo": ids, "word": "lake"})
        return len(captured)

    queries(1)
    assert queries(3) == queries(60)


def test_many_photos_travel_in_one_field(alice: User) -> None:
    ids = [make_image(alice).pk for _ in range(4)]
    form = {"deed": "teaches:no", "photos": ",".join(map(str, ids))}
    client_of(alice).post("/photos/bulk/", form)
    assert Image.objects.filter(teaches=False).count() == 4


def test_strangers_are_sent_to_log_in_and_never_led_elsewhere(alice: User) -> None:
    image = make_image(alice)
    assert Client().post("/photos/bulk/", {"photo": [image.pk]}).status_code == 302
    answer = client_of(alice).post(
        "/photos/bulk/",
        {"deed": "teaches:no", "photo": [image.pk], "next": "https://evil.example/"},
    )
    assert answer["Location"] == "/people/alice/"


def test_only_ones_own_profile_lets_choose(alice: User, bob: User) -> None:
    store(alice)
    own = client_of(alice).get("/people/alice/?select=1").content.decode()
    assert 'name="photo"' in own
    assert 'action="/photos/bulk/"' in own
    assert 'name="photo"' not in client_of(alice).get("/people/alice/").content.decode()
    assert 'name="photo"' not in client_of(bob).get("/people/alice/?select=1").content.decode()


def test_whoever_chose_on_a_later_page_is_led_back_to_the_first(alice: User) -> None:
    store(alice)
    page = client_of(alice).get("/people/alice/?select=1&mark=9000000000000000_9").content.decode()
    assert 'name="next" value="/people/alice/?select=1"' in page
    assert 'id="picked-out" href="/people/alice/"' in page


def test_photos_of_an_album_of_ones_own_are_chosen_on_its_page(alice: User, bob: User) -> None:
    mine, theirs, elsewhere = make_image(alice), make_image(bob), make_image(alice)
    album = Album.objects.create(owner=alice, title="Some", visibility="unlisted")
    for position, image in enumerate((mine, theirs)):
        AlbumPhoto.objects.create(album=album, image=image, position=position)

    page = client_of(alice).get(f"/albums/{album.pk}/").content.decode()
    assert "?select=1" in page
    choosing = client_of(alice).get(f"/albums/{album.pk}/?select=1").content.decode()
    assert choosing.count('class="pick__box"') == 1
    assert f'name="scope" value="album:{album.pk}"' in choosing
    assert "select.js" in choosing
    for_others = client_of(bob).get(f"{album.get_absolute_url()}&select=1").content.decode()
    assert "pick__box" not in for_others and "?select=1" not in for_others

    form = {"deed": "trash", "all": "1", "scope": f"album:{album.pk}"}
    client_of(alice).post("/photos/bulk/", form)
    assert set(Image.objects.all()) == {theirs, elsewhere}


def test_an_album_that_goes_in_this_moment_is_said_and_changes_nothing(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, album = make_image(alice), Album.objects.create(owner=alice, title="Some")

    def refuse(**_: object) -> int:
        raise AlbumRefusal("This album has been deleted meanwhile.", "gone")

    monkeypatch.setattr("gallery.services.bulk.add_to_album", refuse)
    assert "deleted meanwhile" in do(alice, f"album:{album.pk}", [image.pk])


def test_one_adds_to_an_album_of_somebody_else_where_one_may(alice: User, bob: User) -> None:
    image, album = make_image(alice), Album.objects.create(owner=bob, title="Shared")
    member = AlbumMember.objects.create(album=album, person=alice, may_add=False)
    assert "gone" in do(alice, f"album:{album.pk}", [image.pk])
    AlbumMember.objects.filter(pk=member.pk).update(may_add=True)
    assert "1 photo changed." in do(alice, f"album:{album.pk}", [image.pk])
    assert list(album.photos.all()) == [image]
