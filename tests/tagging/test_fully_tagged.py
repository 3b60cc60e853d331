"""A moderator's mark that whatever a photo shows is said on it."""

from __future__ import annotations

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse

from gallery.models import Image, User
from tagging.models import FullyTagged
from tagging.services.marks import mark_fully_tagged, unmark_fully_tagged
from tagging.services.votes import add_tag
from tests.tagging.cast import make_image

QUESTION = "Is everything it shows named?"
ANSWER = "Fully tagged: what is not named is not here."


@pytest.fixture
def photo(alice: User) -> Image:
    """A photo of Alice's."""
    return make_image(alice)


@pytest.fixture
def as_mona(client: Client, mona: User) -> Client:
    """The moderator's browser."""
    client.force_login(mona)
    return client


def page_of(client: Client, photo: Image) -> str:
    return client.get(reverse("tagging:panel", args=[photo.pk])).content.decode()


def test_a_moderator_marks_a_photo_on_its_page_and_takes_it_back(
    as_mona: Client, photo: Image, mona: User
) -> None:
    address = reverse("tagging:mark", args=[photo.pk])
    assert QUESTION in page_of(as_mona, photo)
    assert as_mona.post(address, {"fully": "yes"}).status_code == 302
    assert FullyTagged.objects.get(image=photo).by == mona
    assert ANSWER in page_of(as_mona, photo)
    fragment = as_mona.post(address, {"fully": "no"}, headers={"HX-Request": "true"})
    assert QUESTION in fragment.content.decode()
    assert not FullyTagged.objects.exists()
    assert LogEntry.objects.count() == 2


def test_nobody_else_sees_or_uses_the_button(client: Client, photo: Image, alice: User) -> None:
    client.force_login(alice)
    assert QUESTION not in page_of(client, photo)
    answer = client.post(reverse("tagging:mark", args=[photo.pk]), {"fully": "yes"})
    assert answer.status_code == 403
    for deed in (mark_fully_tagged, unmark_fully_tagged):
        with pytest.raises(PermissionDenied):
            deed(moderator=alice, image_ids=[photo.pk])
    assert not FullyTagged.objects.exists()


def test_photos_are_marked_in_bulk_from_the_queue(
    as_mona: Client, alice: User, photo: Image
) -> None:
    rows = [add_tag(person=alice, image=photo, name=name) for name in ("heron", "pond")]
    data = {"action": "mark_photos", ACTION_CHECKBOX_NAME: [row.pk for row in rows]}
    page = as_mona.post(reverse("admin:tagging_imagetag_changelist"), data, follow=True)
    assert "1 photo marked as fully tagged." in page.content.decode()
    assert FullyTagged.objects.get().image == photo
    assert as_mona.get(reverse("admin:tagging_fullytagged_changelist")).status_code == 200


def test_marking_again_renews_the_mark_and_lost_photos_are_passed_over(
    photo: Image, mona: User
) -> None:
    mark_fully_tagged(moderator=mona, image_ids=[photo.pk])
    first = FullyTagged.objects.get().marked_at
    assert mark_fully_tagged(moderator=mona, image_ids=[photo.pk, photo.pk + 1000]) == 1
    assert FullyTagged.objects.get().marked_at > first
    assert unmark_fully_tagged(moderator=mona, image_ids=[photo.pk]) == 1
    assert unmark_fully_tagged(moderator=mona, image_ids=[photo.pk]) == 0
