"""All tags, one tag, search: what is found, by whose word, and what stays unseen."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gallery.models import Image, User
from tagging.models import ModelVersion, Promotion, Suggestion, Tag
from tagging.services.curation import approve_tags
from tagging.services.votes import add_tag, cast_vote
from tests.tagging.cast import make_image, make_tag, suggest


@pytest.fixture
def as_bob(bob: User) -> Client:
    client = Client()
    client.force_login(bob)
    return client


def found(client: Client, address: str, **query: str) -> set[int]:
    """Return the ids of the photos that a page lists."""
    response = client.get(address, query)
    assert response.status_code == 200
    return {image.pk for image in response.context["page"].images}


def search(client: Client, question: str, **query: str) -> set[int]:
    """Return the ids of the photos that a search finds."""
    return found(client, reverse("tagging:search"), q=question, **query)


def test_a_tag_page_lists_its_photos_by_people_and_by_the_network(
    client: Client, alice: User
) -> None:
    tagged, suggested, refused, faint = (make_image(alice) for _ in range(4))
    add_tag(person=alice, image=tagged, name="heron")
    suggest(suggested, "heron")
    suggest(refused, "heron")
    suggest(faint, "heron", 0.4, is_shown=False)
    tag = make_tag("heron")
    cast_vote(person=alice, image=refused, tag=tag, value="no")
    assert found(client, tag.get_absolute_url()) == {tagged.pk}
    assert found(client, tag.get_absolute_url(), by="network") == {suggested.pk}
    assert found(client, tag.get_absolute_url(), by="nonsense") == {tagged.pk}
    page = client.get(tag.get_absolute_url()).content.decode()
    assert "By people · 1" in page
    assert "Only by the network · 1" in page


def test_a_tag_that_only_the_network_uses_opens_on_its_photos(client: Client, alice: User) -> None:
    photo = make_image(alice)
    suggest(photo, "heron")
    assert found(client, make_tag("heron").get_absolute_url()) == {photo.pk}


@pytest.mark.parametrize("fields", [{"visibility": "private"}, {"hidden_at": "2026-01-01T00:00Z"}])
def test_unseen_photos_appear_and_count_nowhere(
    client: Client, as_bob: Client, alice: User, mona: User, fields: dict[str, str]
) -> None:
    photo = make_image(alice, **fields)
    add_tag(person=alice, image=photo, name="heron")
    suggest(photo, "pond")
    for visitor in (client, as_bob):
        for name in ("heron", "pond"):
            assert found(visitor, make_tag(name).get_absolute_url()) == set()
            assert search(visitor, name) == set()
        assert ">heron" not in visitor.get(reverse("tagging:tags")).content.decode()
    for person in (alice, mona):
        client.force_login(person)
        assert search(client, "heron pond") == {photo.pk}


def test_a_tag_page_says_how_far_the_tag_is_from_being_learnt(
    client: Client, alice: User, mona: User
) -> None:
    teaching = [make_image(alice) for _ in range(3)]
    same_bytes = make_image(mona, sha256=teaching[0].sha256)
    withheld = make_image(alice, teaches=False)
    hidden = make_image(alice, hidden_at="2026-01-01T00:00Z")
    waiting = make_image(alice)
    rows = [
        add_tag(person=alice, image=photo, name="zorgl")
        for photo in (*teaching, same_bytes, withheld, hidden, waiting)
        if photo is not hidden
    ]
    approve_tags(moderator=mona, image_tags=[row for row in rows if row.image_id != waiting.pk])
    page = client.get(make_tag("zorgl").get_absolute_url()).content.decode()
    assert "zorgl: 3 of 20" in page
    assert '<meter class="meter" id="learnable" min="0" max="20" value="3">' in page
    assert "17 more approved photos" in page
    assert "Not learnt yet" in page


def test_a_tag_page_says_what_the_live_version_knows(client: Client, alice: User) -> None:
    add_tag(person=alice, image=make_image(alice), name="zorgl")
    tag = make_tag("zorgl")
    version = ModelVersion.objects.create(number=3, labels=["zorgl"], state="promoted")
    Promotion.objects.create(version=version)
    assert "Learnt here." in client.get(tag.get_absolute_url()).content.decode()
    assert "version 3" in client.get(tag.get_absolute_url()).content.decode()
    cat = make_tag("cat")
    assert "Known from the start" in client.get(cat.get_absolute_url()).content.decode()
    Tag.objects.filter(pk=tag.pk).update(never_show=True)
    assert "never suggests this tag" in client.get(tag.get_absolute_url()).content.decode()


def test_all_tags_stand_together_the_popular_ones_first(client: Client, alice: User) -> None:
    for name, times in (("pond", 1), ("heron", 3)):
        for _ in range(times):
            add_tag(person=alice, image=make_image(alice), name=name)
    suggest(make_image(alice), "stork")
    make_tag("unused")
    page = client.get(reverse("tagging:tags"))
    names = [tag.name for tag in page.context["page"]]
    assert names == ["heron", "pond", "stork"]
    assert "unused" not in page.content.decode()


@pytest.mark.django_db
def test_an_empty_site_says_so(client: Client) -> None:
    assert "No tags yet" in client.get(reverse("tagging:tags")).content.decode()
    assert "What would you like to see?" in client.get(reverse("tagging:search")).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("slug", ["nothing", "%00", "🦀", "a b"])
def test_an_unknown_tag_is_not_found(client: Client, slug: str) -> None:
    assert client.get(f"/tags/{slug}/").status_code == 404


def test_a_search_wants_every_word(client: Client, alice: User) -> None:
    both, heron, pond = (make_image(alice) for _ in range(3))
    for photo, names in ((both, ["grey heron", "pond"]), (heron, ["heron"]), (pond, ["pond"])):
        for name in names:
            add_tag(person=alice, image=photo, name=name)
    assert search(client, "Heron") == {both.pk, heron.pk}
    assert search(client, "  heron,POND ") == {both.pk}
    assert search(client, "grey heron") == {both.pk}
    assert search(client, "heron nothing") == set()
    assert search(client, "") == search(client, " , ") == set()


def test_a_search_joins_peoples_words_and_the_networks(client: Client, alice: User) -> None:
    photo = make_image(alice)
    add_tag(person=alice, image=photo, name="heron")
    suggest(photo, "pond")
    suggest(photo, "reed", 0.4, is_shown=False)
    assert search(client, "heron pond") == {photo.pk}
    assert search(client, "heron", by="network") == set()
    assert search(client, "pond", by="people") == set()
    assert search(client, "pond", by="network") == {photo.pk}
    assert search(client, "reed") == set()


def test_a_kind_is_found_under_the_word_for_all_of_its_kind(client: Client, alice: User) -> None:
    pug, tench = make_image(alice), make_image(alice)
    suggest(pug, "pug")
    add_tag(person=alice, image=tench, name="goldfish")
    assert search(client, "dog") == {pug.pk}
    assert search(client, "animal") == {pug.pk, tench.pk}
    assert search(client, "animal", by="people") == {tench.pk}
    assert search(client, "vehicle") == set()


def test_only_whole_words_are_found(client: Client, alice: User) -> None:
    add_tag(person=alice, image=make_image(alice), name="caterpillar")
    assert search(client, "cat") == set()
    assert search(client, "%") == search(client, "_") == set()


@pytest.mark.parametrize(
    "question", ["<script>alert(1)</script>", "x" * 5000, "\x00", "' OR 1=1 --", "a " * 500, "🦀"]
)
def test_a_strange_question_finds_nothing_and_breaks_nothing(
    client: Client, alice: User, question: str
) -> None:
    add_tag(person=alice, image=make_image(alice), name="heron")
    for companions in ({}, {"by": "x", "owner": "y", "sort": "z"}):
        response = client.get(reverse("tagging:search"), {"q": question, **companions})
        assert response.status_code in ({422} if companions else {200, 422})
    assert "<script>alert" not in response.content.decode()
    assert not response.context["page"].images


def test_rejected_and_blocked_tags_are_not_searched(client: Client, alice: User) -> None:
    photo = make_image(alice)
    add_tag(person=alice, image=photo, name="heron")
    suggest(photo, "stork")
    cast_vote(person=alice, image=photo, tag=make_tag("heron"), value="no")
    Tag.objects.filter(name="stork").update(is_blocked=True)
    assert search(client, "heron") == search(client, "stork") == set()


def test_open_suggestions_leave_out_what_is_answered_blocked_or_never_shown(alice: User) -> None:
    photo = make_image(alice)
    for name in ("open", "answered", "blocked", "unspeakable"):
        suggest(photo, name)
    add_tag(person=alice, image=photo, name="answered")
    Tag.objects.filter(name="blocked").update(is_blocked=True)
    Tag.objects.filter(name="unspeakable").update(never_show=True)
    assert [row.tag.name for row in Suggestion.objects.open()] == ["open"]


def test_pages_of_tags_take_no_more_queries_for_more_photos(client: Client, alice: User) -> None:
    def queries() -> list[int]:
        counts = []
        for address in ("/tags/", "/tags/heron/", "/search/?q=heron"):
            with CaptureQueriesContext(connection) as captured:
                assert client.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    add_tag(person=alice, image=make_image(alice), name="heron")
    queries()
    few = queries()
    for number in range(12):
        image = make_image(User.objects.create_user(f"person{number}"))
        add_tag(person=alice, image=image, name="heron")
        suggest(image, f"thing {number}")
    assert Image.objects.count() == 13
    assert queries() == few
