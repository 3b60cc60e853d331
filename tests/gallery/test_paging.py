"""Lists of photos page by page: every order, ties, uploads in between, unreadable marks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client, RequestFactory

from gallery.models import Image, User
from gallery.paging import Sort, after_mark, mark_of, page_of_photos
from tests.tagging.cast import make_image

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def photos(alice: User) -> list[Image]:
    """Photos with ties in every column."""
    made = []
    for number in range(14):
        photo = make_image(
            alice,
            like_count=number % 3,
            taken_at=datetime(1960 + number // 2, 1, 1, tzinfo=UTC),
        )
        Image.objects.filter(pk=photo.pk).update(created_at=MOMENT + timedelta(days=number // 4))
        made.append(Image.objects.get(pk=photo.pk))
    return made


def walk(sort: Sort, size: int = 3) -> list[int]:
    """Return the ids of all pages, one after the other."""
    found, address = [], "/"
    for _ in range(20):
        request = RequestFactory().get(f"/{address}" if address.startswith("?") else address)
        page = page_of_photos(request, Image.objects.all(), size=size, sort=sort)
        found += [photo.pk for photo in page.images]
        if not page.older_url:
            break
        address = page.older_url
    return found


@pytest.mark.parametrize(
    ("sort", "key"),
    [
        (Sort.NEWEST, lambda one: (-one.created_at.timestamp(), -one.pk)),
        (Sort.OLDEST, lambda one: (one.created_at, one.pk)),
        (Sort.LIKES, lambda one: (-one.like_count, -one.created_at.timestamp(), -one.pk)),
        (Sort.TAKEN, lambda one: (-one.taken_at.timestamp(), -one.pk)),
    ],
)
def test_pages_in_any_order_neither_repeat_nor_skip(
    photos: list[Image], sort: Sort, key: object
) -> None:
    assert walk(sort) == [photo.pk for photo in sorted(photos, key=key)]  # type: ignore[arg-type]


def test_an_upload_in_between_shifts_nothing(photos: list[Image], alice: User) -> None:
    request = RequestFactory().get("/?x=1")
    first = page_of_photos(request, Image.objects.all(), size=5)
    make_image(alice)
    assert first.older_url.startswith("?x=1&mark=")
    second = page_of_photos(
        RequestFactory().get(f"/{first.older_url}"), Image.objects.all(), size=9
    )
    shown = [photo.pk for photo in (*first.images, *second.images)]
    assert shown == [photo.pk for photo in sorted(photos, key=lambda one: -one.pk)]
    assert (first.is_first, second.is_first) == (True, False)


@pytest.mark.parametrize(
    "mark",
    ["", "x", "1", "1_2_3_4", "1-2", "٣_٤", "1_", "_1", "9" * 30 + "_1", "\x00", "1_2\n",
     "999999999999999999_1"],
)  # fmt: skip
def test_an_unreadable_mark_counts_as_none(photos: list[Image], mark: str) -> None:
    for sort in (Sort.NEWEST, Sort.OLDEST, Sort.TAKEN):
        assert not after_mark(mark, sort)
    request = RequestFactory().get("/", {"mark": mark})
    assert len(page_of_photos(request, Image.objects.all()).images) == len(photos)


def test_the_mark_of_another_order_counts_as_none(photos: list[Image]) -> None:
    assert after_mark(mark_of(photos[3], Sort.LIKES), Sort.LIKES)
    assert not after_mark(mark_of(photos[3], Sort.LIKES), Sort.NEWEST)
    assert not after_mark(mark_of(photos[3], Sort.NEWEST), Sort.LIKES)


def test_a_page_after_the_last_says_so(client: Client, photos: list[Image]) -> None:
    last = mark_of(min(photos, key=lambda one: (one.created_at, one.pk)))
    page = client.get("/", {"mark": last})
    assert page.status_code == 200
    assert "That was the last photo" in page.content.decode()
