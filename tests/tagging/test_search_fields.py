"""What the fields of a question find, on the page and over the API alike, and what stays unseen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gallery.models import Album, AlbumMember, AlbumPhoto, Follow, Image, Like, User
from tagging import searching
from tagging.services.curation import reject_tags
from tagging.services.photo_words import write_missing_words, write_words
from tagging.services.tag_figures import count_tags
from tagging.services.vocabulary import set_parents
from tagging.services.votes import add_tag
from tests.tagging.api_client import program_of
from tests.tagging.cast import make_image, make_tag, suggest
from tests.tagging.test_tag_pages import search

SEARCH = "/search/"
PHOTOS = "/api/v1/images/"


def shared_at(image: Image, moment: str) -> Image:
    """Let the photo have been shared at this moment."""
    image.created_at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    image.save(update_fields=["created_at"])
    return image


@pytest.fixture
def library(alice: User, bob: User) -> dict[str, Image]:
    """Photos that differ in everything one may ask for."""
    photos = {
        "blue": make_image(alice, title="A quiet pond", colour_name="blue", camera="Canon EOS R5",
                           width=100, height=100, licence="cc0"),
        "red": make_image(bob, description="Boats at dawn", colour_name="red", width=60, height=90,
                          camera="NIKON Z 8", shows_camera=False, licence="by-nc"),
        "old": make_image(bob, alt="The grey harbour", licence="by", width=90, height=60,
                          taken_at=datetime(2024, 5, 3, 12, tzinfo=UTC)),
        "shy": make_image(alice, taken_at=datetime(2024, 5, 4, tzinfo=UTC), shows_taken=False),
    }  # fmt: skip
    shared_at(photos["blue"], "2025-05-01T00:00:00")
    shared_at(photos["red"], "2025-04-30T23:59:59")
    shared_at(photos["old"], "2024-01-01T00:00:00")
    shared_at(photos["shy"], "2026-01-01T00:00:00")
    add_tag(person=alice, image=photos["blue"], name="grey heron")
    suggest(photos["red"], "heron")
    add_tag(person=bob, image=photos["red"], name="boat")
    return photos


ASKED = [
    ("heron", {}, "blue red"),
    ("tag:heron", {}, "red"),
    ('tag:"grey heron"', {}, "blue"),
    ("tag:nothing", {}, ""),
    ("heron -boat", {}, "blue"),
    ("heron -tag:boat", {}, "blue"),
    ("heron said:people", {}, "blue"),
    ("heron said:network", {}, "red"),
    ("heron", {"by": "network"}, "red"),
    ("boat OR pond", {}, "blue red"),
    ("pond", {}, "blue"),
    ("pond said:network", {}, ""),
    ("quiet pond", {}, "blue"),
    ('"quiet pond"', {}, "blue"),
    ('"pond quiet"', {}, ""),
    ("dawn", {}, "red"),
    ("harbour", {}, "old"),
    ("grey", {}, "blue old"),
    ("-heron -harbour", {}, "shy"),
    ("NOT (heron OR harbour)", {}, "shy"),
    ("by:alice", {}, "blue shy"),
    ("by:ALICE", {}, "blue shy"),
    ("by:nobody", {}, ""),
    ("", {"owner": "alice"}, "blue shy"),
    ('camera:"EOS R5"', {}, "blue"),
    ("camera:eos", {}, "blue"),
    ("camera:nikon", {}, ""),
    ("", {"camera": "canon"}, "blue"),
    ("after:2025-05", {}, "blue shy"),
    ("before:2025-05-01", {}, "red old"),
    ("after:2025 before:2026", {}, "blue red"),
    ("", {"after": "2025", "before": "2025-05"}, "red"),
    ("taken:2024", {}, "old"),
    ("taken:2024-05-03", {}, "old"),
    ("taken:2024-06..", {}, ""),
    ("", {"taken": "2024"}, "old"),
    ("colour:blue", {}, "blue"),
    ("color:BLUE", {}, "blue"),
    ("", {"colour": "red"}, "red"),
    ("licence:free", {}, "blue old"),
    ("license:by", {}, "old"),
    ("", {"licence": "free"}, "blue old"),
    ("is:square", {}, "blue"),
    ("is:portrait", {}, "red"),
    ("is:landscape", {}, "old shy"),
    ("", {"orientation": "portrait"}, "red"),
    ("", {"tag": "grey-heron"}, "blue"),
    ("pond", {"tag": "grey-heron"}, "blue"),
    ("dawn", {"tag": "grey-heron"}, ""),
    ("colour:red OR colour:blue", {}, "blue red"),
    ("by:alice (colour:red OR colour:blue)", {}, "blue"),
    ("%", {}, ""),
    ("_", {}, ""),
]


@pytest.mark.parametrize(("question", "companions", "names"), ASKED)
def test_page_and_api_find_the_same(
    client: Client,
    library: dict[str, Image],
    question: str,
    companions: dict[str, str],
    names: str,
) -> None:
    wanted = {library[name].pk for name in names.split()}
    assert search(client, question, **companions) == wanted
    results = program_of(None).get(PHOTOS, {"q": question, **companions}).json()["results"]
    assert {one["id"] for one in results} == wanted


@pytest.mark.parametrize(
    "question", [asked[0] for asked in ASKED if asked[0] and not asked[1]]
)  # fmt: skip
def test_both_ways_of_finding_find_the_same(
    client: Client, library: dict[str, Image], monkeypatch: pytest.MonkeyPatch, question: str
) -> None:
    gathered = search(client, question)
    monkeypatch.setattr(searching, "COMMON", -1)
    monkeypatch.setattr(searching, "FEW_TAGS", 0)
    assert search(client, question) == gathered


def test_both_ways_respect_rejected_kinds(
    client: Client, alice: User, mona: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    true, false = make_image(alice), make_image(alice)
    set_parents(moderator=mona, tag=make_tag("pug"), parents=[make_tag("dog")])
    for photo in (true, false):
        suggest(photo, "pug")
    reject_tags(moderator=mona, image_tags=[add_tag(person=alice, image=false, name="dog")])
    for common in (searching.COMMON, -1):
        monkeypatch.setattr(searching, "COMMON", common)
        assert search(client, "pug") == search(client, "dog") == {true.pk}
        assert search(client, "tag:dog") == {true.pk}


@pytest.mark.parametrize(
    ("companions", "field", "words"),
    [
        ({"q": "heron ("}, "q", "This parenthesis is never closed."),
        ({"q": "tags:x"}, "q", "Did you mean “tag:”?"),
        ({"q": "x" * 2000}, "q", "2000 characters"),
        ({"sort": "size"}, "sort", "“size” is none of: newest, oldest, likes, taken."),
        ({"colour": "bleu"}, "colour", "“bleu” is none of: red,"),
        ({"licence": "mit"}, "licence", "is none of: free, all-rights,"),
        ({"orientation": "round"}, "orientation", "is none of: portrait, landscape, square."),
        ({"by": "god"}, "by", "is none of: people, network."),
        ({"after": "soon"}, "after", "“soon” is no date."),
        ({"taken": "soon"}, "taken", "“soon” is no date."),
        ({"q": "\x00"}, "q", "Null characters"),
        ({"owner": "x" * 201}, "owner", "at most 200 characters"),
    ],
)
@pytest.mark.django_db
def test_what_is_impossible_is_refused_in_words(
    client: Client, companions: dict[str, str], field: str, words: str
) -> None:
    page = client.get(SEARCH, companions)
    assert page.status_code == 422
    assert words in page.content.decode()
    assert "How to ask" in page.content.decode()
    answer = program_of(None).get(PHOTOS, companions)
    assert answer.status_code == 400
    assert words in answer.json()["problems"][field][0]


@pytest.mark.django_db
def test_a_wrong_question_is_kept_and_marked(client: Client) -> None:
    page = client.get(SEARCH, {"q": "heron <b> (boat"}).content.decode()
    assert 'value="heron &lt;b&gt; (boat"' in page
    assert "heron &lt;b&gt; <mark>(</mark>boat" in page


def test_likes_are_ones_own(client: Client, alice: User, bob: User) -> None:
    liked, other = make_image(bob), make_image(bob)
    Like.objects.create(person=alice, image=liked)
    Like.objects.create(person=bob, image=other)
    client.force_login(alice)
    assert search(client, "is:liked") == {liked.pk}
    assert search(client, "-is:liked") == {other.pk}


def test_an_owner_finds_by_what_only_they_may_know(
    client: Client, library: dict[str, Image], alice: User, bob: User, mona: User
) -> None:
    for person, cameras, taken in (
        (alice, set(), {"old", "shy"}),
        (bob, {"red"}, {"old"}),
        (mona, {"red"}, {"old", "shy"}),
    ):
        client.force_login(person)
        assert search(client, "camera:nikon") == {library[name].pk for name in cameras}
        assert search(client, "taken:2024") == {library[name].pk for name in taken}
        assert search(client, "taken:2024", sort="taken") == search(client, "taken:2024")


def test_unseen_photos_are_found_by_those_who_may_see_them(
    client: Client, alice: User, bob: User
) -> None:
    public, followed, unlisted, private = (
        make_image(alice, title="pond", visibility=kind)
        for kind in ("public", "followers", "unlisted", "private")
    )
    make_image(alice, title="pond", deleted_at="2026-01-01T00:00Z")
    make_image(alice, title="pond", hidden_at="2026-01-01T00:00Z", visibility="followers")
    client.force_login(bob)
    assert search(client, "pond") == search(client, "-nothing") == {public.pk}
    Follow.objects.create(follower=bob, followed=alice)
    assert search(client, "pond") == {public.pk, followed.pk}
    client.force_login(alice)
    assert {public.pk, followed.pk, unlisted.pk, private.pk} < search(client, "pond")


def test_albums_are_found_where_one_may_find_them(client: Client, alice: User, bob: User) -> None:
    photo = make_image(alice)
    album = Album.objects.create(owner=alice, title="Summer 2024")
    AlbumPhoto.objects.create(album=album, image=photo, position=1)
    client.force_login(bob)
    assert search(client, "album:summer") == set()
    AlbumMember.objects.create(album=album, person=bob)
    assert search(client, 'album:"summer 2024"') == {photo.pk}
    assert search(client, "-album:summer") == set()


def test_words_follow_the_texts_of_a_photo(client: Client, alice: User) -> None:
    photo = make_image(alice, title="Pond")
    assert search(client, "pond") == {photo.pk}
    photo.title = "Lake"
    photo.save(update_fields=["title"])
    assert search(client, "pond") == set()
    assert search(client, "lake") == {photo.pk}
    assert write_words(image_ids=[photo.pk]) == 0
    Image.objects.filter(pk=photo.pk).update(title="")
    photo.words.all().delete()
    Image.objects.filter(pk=photo.pk).update(title="River")
    assert write_missing_words() == 1
    assert write_missing_words() == 0
    assert search(client, "river") == {photo.pk}


def test_a_longer_question_asks_no_more_queries(client: Client, library: dict[str, Image]) -> None:
    def queries(question: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(SEARCH, {"q": question, "sort": "oldest"})
        return len(captured)

    queries("heron")
    long = " OR ".join(("heron", "pond", *(f"heron{number}" for number in range(20))))
    assert queries("heron OR pond") == queries(long)


def test_chips_take_one_thing_away_each(client: Client, library: dict[str, Image]) -> None:
    query = {"q": 'heron AND (boat OR dawn) -"x y"', "colour": "red", "sort": "oldest", "mark": "x"}
    chips = client.get(SEARCH, query).context["search"].chips
    assert [chip.text for chip in chips] == ["heron", "(boat OR dawn)", '-"x y"', "colour:red"]
    left = [client.get(SEARCH + chip.url).context["question"] for chip in chips]
    assert left == [
        '(boat OR dawn) -"x y"',
        'heron -"x y"',
        "heron AND (boat OR dawn)",
        query["q"],
    ]
    assert all("mark" not in chip.url and "sort=oldest" in chip.url for chip in chips)
    assert "colour" not in chips[-1].url


def test_nothing_found_offers_near_tags_and_shorter_questions(
    client: Client, library: dict[str, Image]
) -> None:
    count_tags()  # Others' words are told once they are counted as public.
    found = client.get(SEARCH, {"q": "heron tag:boot"}).context["search"]
    assert [chip.text for chip in found.near_tags] == ["boat"]
    assert "tag%3Aboat" in found.near_tags[0].url
    found = client.get(SEARCH, {"q": "heron colour:green"})
    assert [chip.text for chip in found.context["search"].shorter] == ["heron"]
    assert "With a word less there are photos" in found.content.decode()


def test_the_number_found_is_counted_up_to_a_limit(
    client: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(35):
        make_image(alice, title="pond")
    assert "35 photos" in client.get(SEARCH, {"q": "pond"}).content.decode()
    monkeypatch.setattr(searching, "MOST_COUNTED", 33)
    monkeypatch.setattr("tagging.search_page.MOST_COUNTED", 33)
    assert "More than" in client.get(SEARCH, {"q": "pond"}).content.decode()


def test_typing_offers_tags_people_cameras_and_fields(
    client: Client, library: dict[str, Image]
) -> None:
    def offered(question: str) -> list[str]:
        answer = client.get(reverse("tagging:search_completions"), {"q": question})
        assert answer.status_code == 200
        return [one.question for one in answer.context["completions"]] if answer.context else []

    count_tags()  # Others' words are told once they are counted as public.
    assert offered("pond gre") == ['pond "grey heron"']
    assert offered("-(boat OR hero") == ["-(boat OR heron"]
    assert offered('x "grey h') == ['x "grey heron"']
    assert offered("tag:gre") == ['tag:"grey heron"']
    assert offered("x by:al") == ["x by:alice"]
    assert offered("camera:eos") == ['camera:"Canon EOS R5"']
    assert offered("camera:nikon") == [], "its owner keeps it to himself"
    assert offered("-col") == ["-colour:"]
    assert offered("color:b") == ["color:blue", "color:brown", "color:black"]
    for rubble in ("", " ", "x" * 2000, "\x00", "<b>", "by:\x00"):
        assert offered(rubble) == []


def test_counts_change_nothing_in_what_is_found(client: Client, library: dict[str, Image]) -> None:
    before = {asked[0]: search(client, asked[0]) for asked in ASKED if asked[0]}
    assert count_tags() > 0
    assert count_tags() == 0
    assert {question: search(client, question) for question in before} == before
