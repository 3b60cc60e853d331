"""A search finds the same, however many photos there are and on whatever way it finds them."""

from __future__ import annotations

from itertools import product

import pytest
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.test import Client, RequestFactory

from gallery.models import Image, ImageQuerySet, User, Viewer
from gallery.paging import PhotoPage, Sort, page_of_photos
from tagging import search_page, searching
from tagging.models import ImageTag
from tagging.services.curation import reject_tags
from tagging.services.tag_figures import count_tags
from tagging.services.votes import add_tag
from tests.gallery.cast import client_of
from tests.tagging.cast import make_image, suggest
from tests.tagging.test_tag_pages import search

QUESTIONS = (
    "heron", "boat", "heron boat", "boat heron", "heron -boat", "tag:heron boat", "pond heron",
    '"quiet pond" OR boat', "heron by:alice", "boat by:bob", "heron said:people", "nothing heron",
)  # fmt: skip


@pytest.fixture
def photos(alice: User, bob: User) -> list[Image]:
    """Six photos: half of them with a heron, by people or the network, every third with a boat."""
    made = [
        make_image((alice, bob)[number % 2], title="A quiet pond" if number < 3 else "")
        for number in range(6)
    ]
    for number, image in enumerate(made):
        if number % 2 == 0:
            add_tag(person=alice, image=image, name="heron")
        elif number == 1:
            suggest(image, "heron")
        if number % 3 == 0:
            add_tag(person=bob, image=image, name="boat")
    count_tags()
    return made


def found_for(viewer: Viewer, question: str) -> set[int]:
    """Return the ids of the photos that the search page has for somebody, without drawing it."""
    request = RequestFactory().get("/search/", {"q": question})
    request.user = viewer
    found = search_page.read_search(request)
    assert found.status == 200
    return {image.pk for image in found.page.images}


def test_every_way_finds_the_same(
    alice: User, photos: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor = AnonymousUser()
    plain = {
        (viewer, asked): search(client_of(person), asked)
        for viewer, person in ((visitor, None), (alice, alice))
        for asked in QUESTIONS
    }
    assert len(plain[visitor, "heron"]) == 4
    assert len(plain[visitor, "heron boat"]) == 1
    for common, most in product((0, 2, 4000), (0, 1, 3, 1000)):
        monkeypatch.setattr(searching, "COMMON", common)
        monkeypatch.setattr(search_page, "MOST_COUNTED", most)
        for (viewer, asked), found in plain.items():
            assert found_for(viewer, asked) == found, (asked, common, most)


def test_what_is_surely_found_is_not_counted_again(
    client: Client, photos: list[Image], monkeypatch: pytest.MonkeyPatch
) -> None:
    def counted(question: str) -> int:
        number: int = client.get("/search/", {"q": question}).context["search"].count
        return number

    monkeypatch.setattr(search_page, "page_of_photos", page_of_one)
    monkeypatch.setattr(search_page, "MOST_COUNTED", 2)
    assert counted("heron") == 3, "more than two"
    assert counted("heron boat") == 1
    assert counted("boat") == 2


def page_of_one(request: HttpRequest, photos: ImageQuerySet, *, sort: Sort) -> PhotoPage:
    """Return a page of a single photo."""
    return page_of_photos(request, photos, size=1, sort=sort)


def test_figures_that_are_out_of_date_do_not_stay_on_the_page(
    client: Client, photos: list[Image], mona: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search_page, "MOST_COUNTED", 2)
    said = ImageTag.objects.filter(image__in=photos[2:], tag__name="heron")
    reject_tags(moderator=mona, image_tags=said)
    found = client.get("/search/", {"q": "heron"}).context["search"]
    assert found.count == len(found.page.images)
