"""Suggestions, tags and votes over the API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.core.cache import cache

from gallery.models import User
from tagging.models import ImageTag, Tag, TagEvent, TagState, Vote
from tagging.services.votes import add_tag
from tests.tagging.api_client import program_of
from tests.tagging.cast import make_image, make_tag, suggest


@pytest.fixture(autouse=True)
def fresh_rates(db: None) -> Iterator[None]:
    """Every test starts with nobody having asked for anything."""
    cache.clear()
    yield
    cache.clear()


def test_suggestions_come_surest_first_and_only_while_they_are_open(alice: User) -> None:
    image = make_image(alice)
    suggest(image, "heron", 0.7, is_shown=False)
    suggest(image, "bird", 0.95)
    suggest(image, "duck", 0.8)
    suggest(image, "spam", 0.9)
    Tag.objects.filter(name="spam").update(is_blocked=True)
    add_tag(person=alice, image=image, name="duck")
    answer = program_of(None).get(f"/api/v1/images/{image.pk}/suggestions/")
    assert answer.json() == [
        {
            "tag": "bird",
            "slug": "bird",
            "score": 0.95,
            "shown": True,
            "source": "bootstrap",
            "version": 0,
        },
        {
            "tag": "heron",
            "slug": "heron",
            "score": 0.7,
            "shown": False,
            "source": "bootstrap",
            "version": 0,
        },
    ]


def test_a_photo_the_worker_has_not_seen_has_no_suggestions(alice: User) -> None:
    address = f"/api/v1/images/{make_image(alice).pk}/suggestions/"
    assert program_of(None).get(address).json() == []


def test_adding_a_tag_makes_it_if_need_be_and_lists_it(alice: User, bob: User) -> None:
    address = f"/api/v1/images/{make_image(alice).pk}/tags/"
    answer = program_of(bob).post(address, {"tag": "  Grey   HERON "}, format="json")
    assert answer.status_code == 201
    assert answer.json()["tag"] == "grey heron"
    assert answer.json()["state"] == TagState.PENDING
    assert answer.json()["added_by"] == "bob"
    (listed,) = program_of(None).get(address).json()
    assert listed["tag"] == "grey heron"
    assert TagEvent.objects.get().source == "api"


@pytest.mark.parametrize("name", ["", "   ", "x" * 65, "<b>bold</b>", "bell\x07", None, 5, ["a"]])
def test_an_impossible_tag_is_refused_with_a_reason(alice: User, name: object) -> None:
    image = make_image(alice)
    for part, body in (("tags", {"tag": name}), ("vote", {"tag": name, "value": "yes"})):
        address = f"/api/v1/images/{image.pk}/{part}/"
        answer = program_of(alice).post(address, body, format="json")
        if name == 5:
            assert answer.status_code in {201, 200, 400}
            continue
        assert answer.status_code == 400
        assert list(answer.json()["problems"]) == ["tag"]
    assert not ImageTag.objects.exclude(tag__name="5").exists()


def test_tags_in_any_script_have_an_address(alice: User) -> None:
    address = f"/api/v1/images/{make_image(alice).pk}/tags/"
    for name in ("鷺", "🦀", "цапля"):
        answer = program_of(alice).post(address, {"tag": name}, format="json")
        assert answer.status_code == 201
        assert program_of(None).get("/api/v1/images/", {"tag": answer.json()["slug"]}).json()[
            "count"
        ] == 1  # fmt: skip


def test_a_blocked_tag_is_refused(alice: User) -> None:
    image = make_image(alice)
    tag = make_tag("spam")
    tag.is_blocked = True
    tag.save()
    for part, body in (("tags", {"tag": "spam"}), ("vote", {"tag": "spam", "value": "yes"})):
        answer = program_of(alice).post(f"/api/v1/images/{image.pk}/{part}/", body, format="json")
        assert answer.status_code == 400
        assert answer.json()["code"] == "tag_blocked"
    assert not Vote.objects.exists()


def test_a_vote_counts_is_replaced_and_is_taken_back(alice: User, bob: User) -> None:
    image = make_image(alice)
    suggest(image, "heron")
    address = f"/api/v1/images/{image.pk}/vote/"
    program = program_of(alice)

    def vote(value: str) -> dict[str, str]:
        answer = program.post(address, {"tag": "Heron", "value": value}, format="json")
        assert answer.status_code == 200
        result: dict[str, str] = answer.json()
        return result

    assert vote("yes") == {"tag": "heron", "value": "yes", "state": "confirmed"}
    assert vote("no") == {"tag": "heron", "value": "no", "state": "rejected"}
    assert Vote.objects.current().count() == 1
    assert vote("no")["state"] == "rejected"
    assert vote("") == {"tag": "heron", "value": "", "state": ""}
    assert Vote.objects.current().count() == 0
    assert set(TagEvent.objects.values_list("source", flat=True)) == {"api"}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"tag": "heron", "value": "maybe"}, "invalid_choice"),
        ({"tag": "heron"}, "required"),
        ({"value": "yes"}, "required"),
        ({"tag": "unheard-of", "value": "yes"}, "unknown_tag"),
        ({}, "invalid"),
    ],
)
def test_a_wrong_vote_is_refused_with_a_code(alice: User, body: dict[str, str], code: str) -> None:
    make_tag("heron")
    address = f"/api/v1/images/{make_image(alice).pk}/vote/"
    answer = program_of(alice).post(address, body, format="json")
    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert not Vote.objects.exists()


@pytest.mark.parametrize("body", ["{not json", "[1, 2]", '"text"', "null"])
def test_a_body_that_is_no_object_is_refused(alice: User, body: str) -> None:
    address = f"/api/v1/images/{make_image(alice).pk}/vote/"
    answer = program_of(alice).post(address, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["message"]


def test_strangers_read_but_do_not_vote(alice: User) -> None:
    image = make_image(alice)
    make_tag("heron")
    for part, body in (("tags", {"tag": "heron"}), ("vote", {"tag": "heron", "value": "yes"})):
        answer = program_of(None).post(f"/api/v1/images/{image.pk}/{part}/", body, format="json")
        assert answer.status_code == 401
    assert not Vote.objects.exists()
