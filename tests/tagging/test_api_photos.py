"""Photos over the API: listed, uploaded, read and deleted, and private where they are private."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from gallery.models import Image, User
from gallery.services.images import hide_images, store_image
from tagging.services.votes import add_tag
from tests.conftest import draw_photo, encode
from tests.tagging.api_client import as_file, program_of
from tests.tagging.cast import make_image

PHOTOS = "/api/v1/images/"
PhotoBytes = Callable[[int], bytes]


@pytest.fixture(autouse=True)
def fresh_rates(db: None) -> Iterator[None]:
    """Every test starts with nobody having asked for anything."""
    cache.clear()
    yield
    cache.clear()


def ids_of(answer: object) -> list[int]:
    return [photo["id"] for photo in answer.json()["results"]]  # type: ignore[attr-defined]


def test_the_root_names_what_there_is() -> None:
    assert program_of(None).get("/api/v1/").json()["images"].endswith(PHOTOS)


def test_strangers_list_public_photos_newest_first_a_page_at_a_time(alice: User) -> None:
    first, second, third = (make_image(alice, title=title) for title in "abc")
    make_image(alice, visibility="private")
    program = program_of(None)
    answer = program.get(PHOTOS, {"limit": 2})
    assert answer.status_code == 200
    assert ids_of(answer) == [third.pk, second.pk]
    assert answer.json()["count"] == 3
    assert ids_of(program.get(answer.json()["next"])) == [first.pk]


def test_a_page_holds_a_hundred_photos_at_most(alice: User) -> None:
    for _ in range(101):
        make_image(alice)
    assert len(ids_of(program_of(None).get(PHOTOS, {"limit": 100_000}))) == 100
    assert len(ids_of(program_of(None).get(PHOTOS))) == 30


def test_a_longer_list_asks_the_database_no_more_often(alice: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            program_of(None).get(PHOTOS)
        return len(asked)

    add_tag(person=alice, image=make_image(alice), name="heron")
    few = queries()
    for _ in range(5):
        add_tag(person=alice, image=make_image(alice), name="heron")
    assert queries() == few <= 4


def test_photos_are_filtered_by_tag_words_and_owner(alice: User, bob: User) -> None:
    heron, other = make_image(alice), make_image(bob)
    add_tag(person=alice, image=heron, name="grey heron")
    program = program_of(None)
    assert ids_of(program.get(PHOTOS, {"tag": "grey-heron"})) == [heron.pk]
    assert ids_of(program.get(PHOTOS, {"owner": "bob"})) == [other.pk]
    assert ids_of(program.get(PHOTOS, {"tag": "no-such-tag"})) == []
    answer = program.get(PHOTOS, {"by": "nobody"})
    assert answer.status_code == 400
    assert answer.json()["problems"]["by"]


def test_a_photo_says_what_it_shows_and_where_its_files_are(
    alice: User, photo_bytes: PhotoBytes
) -> None:
    image = store_image(
        owner=alice, data=photo_bytes(1), name="p.jpg", visibility="public", teaches=True, title="P"
    ).image
    add_tag(person=alice, image=image, name="heron")
    photo = program_of(None).get(f"{PHOTOS}{image.pk}/").json()
    assert photo["title"] == "P"
    assert photo["owner"] == "alice"
    assert photo["tags"] == ["heron"]
    assert photo["page"] == f"http://testserver/images/{image.pk}/"
    (rendition,) = photo["renditions"]
    assert rendition["width"] == photo["width"] == 96
    assert program_of(None).get(rendition["url"]).status_code == 200
    assert not {"sha256", "original_name", "folder", "dhash"} & set(photo)


def test_the_files_of_a_private_photo_come_for_its_owners_token_only(
    alice: User, bob: User, photo_bytes: PhotoBytes
) -> None:
    image = store_image(
        owner=alice, data=photo_bytes(1), name="p.jpg", visibility="private", teaches=True
    ).image
    (rendition,) = program_of(alice).get(f"{PHOTOS}{image.pk}/").json()["renditions"]
    answer = program_of(alice).get(rendition["url"])
    assert answer.status_code == 200
    assert b"".join(answer.streaming_content)[8:12] == b"WEBP"
    assert answer.headers["Cache-Control"] == "private, no-cache"
    for person in (None, bob):
        assert program_of(person).get(rendition["url"]).status_code == 404
    assert program_of(alice).get(rendition["url"].replace("/96/", "/97/")).status_code == 404


def test_private_and_hidden_photos_do_not_exist_for_strangers(
    alice: User, bob: User, mona: User
) -> None:
    private = make_image(alice, visibility="private")
    hidden = make_image(alice)
    hide_images(images=Image.objects.filter(pk=hidden.pk), moderator=mona, reason="rude")
    for person in (None, bob):
        program = program_of(person)
        assert ids_of(program.get(PHOTOS)) == []
        for image in (private, hidden):
            address = f"{PHOTOS}{image.pk}/"
            for part in ("", "suggestions/", "tags/"):
                answer = program.get(address + part)
                assert answer.status_code == 404
                assert answer.json()["code"] == "not_found"
    program = program_of(bob)
    address = f"{PHOTOS}{private.pk}/"
    assert program.delete(address).status_code == 404
    assert program.post(address + "tags/", {"tag": "heron"}, format="json").status_code == 404
    vote = {"tag": "heron", "value": "yes"}
    assert program.post(address + "vote/", vote, format="json").status_code == 404
    for person in (alice, mona):
        assert program_of(person).get(address).status_code == 200
        assert set(ids_of(program_of(person).get(PHOTOS))) == {private.pk, hidden.pk}


def test_an_upload_is_stored_once_for_the_same_bytes(
    alice: User, bob: User, photo_bytes: PhotoBytes
) -> None:
    program = program_of(alice)
    form = {"title": "Pond", "description": "At dawn.", "visibility": "private"}
    answer = program.post(PHOTOS, {"file": as_file(photo_bytes(1)), **form})
    assert answer.status_code == 201
    image = Image.objects.get()
    assert answer.json()["id"] == image.pk
    assert (image.owner, image.title, image.visibility) == (alice, "Pond", "private")
    again = program.post(PHOTOS, {"file": as_file(photo_bytes(1))})
    assert again.status_code == 200
    assert again.json()["id"] == image.pk
    assert again.json()["title"] == "Pond"
    assert program_of(bob).post(PHOTOS, {"file": as_file(photo_bytes(1))}).status_code == 201
    assert Image.objects.count() == 2


@pytest.mark.parametrize(
    ("offers", "sent", "teaches"),
    [(True, {}, True), (False, {}, False), (True, {"teaches": "false"}, False),
     (False, {"teaches": "true"}, True)],
)  # fmt: skip
def test_an_upload_teaches_as_asked_and_otherwise_as_last_answered(
    alice: User, photo_bytes: PhotoBytes, offers: bool, sent: dict[str, str], teaches: bool
) -> None:
    alice.offers_photos = offers
    alice.save()
    program_of(alice).post(PHOTOS, {"file": as_file(photo_bytes(1)), **sent})
    assert Image.objects.get().teaches is teaches


@pytest.mark.parametrize(
    ("name", "data", "code"),
    [
        ("text.jpg", b"this is no photo", "not_a_photo"),
        ("empty.jpg", b"", "empty"),
        ("drawing.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not_a_photo"),
        ("cut.jpg", encode(draw_photo(1))[:400], None),
        ("large.jpg", b"\xff\xd8\xff" + bytes(30_000), "too_large"),
    ],
)
def test_what_is_no_photo_is_refused_in_words_and_nothing_stays(
    alice: User, settings: Settings, name: str, data: bytes, code: str | None
) -> None:
    settings.EYES_MAX_UPLOAD_BYTES = 20_000
    answer = program_of(alice).post(PHOTOS, {"file": as_file(data, name)})
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["message"] == problem["problems"]["file"][0]
    assert problem["code"] not in {"", "invalid"}
    if code in {"empty", "too_large"}:
        assert problem["code"] == code
    assert not Image.objects.exists()
    assert not list((settings.MEDIA_ROOT).rglob("*.*"))


@pytest.mark.parametrize(
    ("form", "field"),
    [
        ({}, "file"),
        ({"file": "words"}, "file"),
        ({"title": "x" * 201}, "title"),
        ({"visibility": "secret"}, "visibility"),
        ({"teaches": "perhaps"}, "teaches"),
    ],
)
def test_a_wrong_form_is_answered_field_by_field(
    alice: User, photo_bytes: PhotoBytes, form: dict[str, str], field: str
) -> None:
    file = {} if field == "file" else {"file": as_file(photo_bytes(1))}
    answer = program_of(alice).post(PHOTOS, {**file, **form})
    assert answer.status_code == 400
    assert list(answer.json()["problems"]) == [field]
    assert answer.json()["message"]
    assert not Image.objects.exists()


def test_a_name_with_folders_quotes_and_emoji_comes_in_harmlessly(
    alice: User, photo_bytes: PhotoBytes, settings: Settings
) -> None:
    # The test client writes names into the form as they are; programs escape the quote like this.
    name = "../../" + "🦀" * 20 + "ä" * 280 + "\\\"'.jpg"
    answer = program_of(alice).post(PHOTOS, {"file": as_file(photo_bytes(1), name)})
    assert answer.status_code == 201
    image = Image.objects.get()
    assert image.original_path.is_relative_to(settings.MEDIA_ROOT)
    assert "/" not in image.original_name
    assert len(image.original_name) <= 255


def test_an_upload_carries_its_licence_and_words_for_the_blind(
    alice: User, photo_bytes: PhotoBytes
) -> None:
    User.objects.update(usual_licence="by-nc")
    told = {"file": as_file(photo_bytes(1)), "licence": "cc0", "alt": "A grey heron"}
    program_of(alice).post(PHOTOS, told)
    program_of(User.objects.get()).post(PHOTOS, {"file": as_file(photo_bytes(2))})

    first, second = Image.objects.order_by("pk")
    assert (first.licence, first.alt) == ("cc0", "A grey heron")
    assert (second.licence, second.alt) == ("by-nc", "")


def test_uploading_and_deleting_need_somebody(alice: User, photo_bytes: PhotoBytes) -> None:
    image = make_image(alice)
    answers = [
        program_of(None).post(PHOTOS, {"file": as_file(photo_bytes(1))}),
        program_of(None).delete(f"{PHOTOS}{image.pk}/"),
    ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.json()["code"] == "not_authenticated"
    assert Image.objects.get() == image


def test_the_owner_and_moderators_delete_a_photo_and_nobody_else(
    alice: User, bob: User, mona: User
) -> None:
    first, second = make_image(alice), make_image(alice)
    refused = program_of(bob).delete(f"{PHOTOS}{first.pk}/")
    assert refused.status_code == 403
    assert refused.json()["code"] == "permission_denied"
    assert program_of(alice).delete(f"{PHOTOS}{first.pk}/").status_code == 204
    assert program_of(mona).delete(f"{PHOTOS}{second.pk}/").status_code == 204
    assert not Image.objects.exists()


@pytest.mark.parametrize("number", ["0", "999999999", "99999999999999999999999", "abc", "1.5"])
def test_a_number_that_is_no_photo_is_404(alice: User, number: str) -> None:
    make_image(alice)
    assert program_of(alice).get(f"{PHOTOS}{number}/").status_code == 404
    assert program_of(alice).delete(f"{PHOTOS}{number}/").status_code == 404


def test_methods_that_do_not_exist_are_refused_in_the_same_shape(alice: User) -> None:
    answer = program_of(alice).put(f"{PHOTOS}{make_image(alice).pk}/", {}, format="json")
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
