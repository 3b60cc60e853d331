"""Words for those who cannot see a photo: suggested from what people have confirmed."""

from __future__ import annotations

import pytest

from gallery.models import Image, User
from tagging.models import ImageTag, Tag, TagState
from tests.gallery.cast import client_of, store


@pytest.fixture
def image(alice: User) -> Image:
    return store(alice)


def edit_page(image: Image, owner: User) -> str:
    return client_of(owner).get(f"/images/{image.pk}/edit/").content.decode()


def test_confirmed_tags_are_suggested_and_no_others(image: Image, alice: User) -> None:
    for name, state in (
        ("lake", TagState.CONFIRMED),
        ("heron", TagState.CURATED),
        ("boat", TagState.REJECTED),
        ("swan", TagState.PENDING),
    ):
        tag = Tag.objects.create(name=name, slug=name)
        ImageTag.objects.create(image=image, tag=tag, state=state)

    page = edit_page(image, alice)

    assert '<span id="id_alt-words">heron, lake</span>' in page


def test_a_photo_without_confirmed_tags_has_no_suggestion(image: Image, alice: User) -> None:
    assert "data-fill" not in edit_page(image, alice)
