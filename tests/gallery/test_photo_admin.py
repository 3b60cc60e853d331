"""Moderators and photos in the admin."""

from __future__ import annotations

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from gallery.models import Image, User
from tests.gallery.cast import store

LIST = "/admin/gallery/image/"


@pytest.fixture
def moderator(mona: User, client: Client) -> Client:
    client.force_login(mona)
    return client


def test_the_list_shows_each_photo_and_filters_hidden_ones(moderator: Client, alice: User) -> None:
    image = store(alice)

    assert image.rendition_url(96) in moderator.get(LIST).content.decode()
    assert moderator.get(LIST, {"hidden": "yes"}).context["cl"].result_count == 0
    assert moderator.get(LIST, {"hidden": "no"}).context["cl"].result_count == 1


def test_moderators_hide_with_a_reason_and_restore(
    moderator: Client, alice: User, mona: User
) -> None:
    image = store(alice)
    store(alice, 2)

    moderator.post(
        LIST, {"action": "hide", "_selected_action": [image.pk], "reason": "A licence plate"}
    )

    image.refresh_from_db()
    assert image.hidden_at is not None
    assert image.hidden_reason == "A licence plate"
    assert Image.objects.on_show().count() == 1
    entry = LogEntry.objects.get()
    assert entry.user == mona
    assert "A licence plate" in entry.change_message
    moderator.post(LIST, {"action": "restore", "_selected_action": [image.pk]})
    assert Image.objects.on_show().count() == 2


def test_what_was_computed_is_shown_and_not_edited(moderator: Client, alice: User) -> None:
    image = store(alice)
    address = f"{LIST}{image.pk}/change/"
    page = moderator.get(address).content.decode()
    assert image.sha256 in page
    assert image.get_absolute_url() in page

    moderator.post(
        address,
        {
            "title": "Renamed",
            "description": "",
            "visibility": "public",
            "teaches": "on",
            "sha256": "0" * 64,
            "owner": "",
            "width": "1",
        },
    )

    changed = Image.objects.get()
    assert changed.title == "Renamed"
    assert (changed.sha256, changed.width, changed.owner) == (image.sha256, 96, alice)


def test_photos_are_not_added_in_the_admin(moderator: Client) -> None:
    assert moderator.get(f"{LIST}add/").status_code == 403


@pytest.mark.django_db(transaction=True)
def test_deleting_in_the_admin_takes_the_files_along(client: Client) -> None:
    mona = User.objects.create_superuser("mona")
    client.force_login(mona)
    image = store(mona)
    assert image.directory.exists()

    client.post(LIST, {"action": "delete_selected", "_selected_action": [image.pk], "post": "yes"})

    assert not Image.objects.exists()
    assert not image.directory.exists()


def test_a_longer_list_costs_no_more_queries(moderator: Client, alice: User, bob: User) -> None:
    store(alice, 1)
    moderator.get(LIST)
    with CaptureQueriesContext(connection) as few:
        moderator.get(LIST)
    for seed in range(2, 8):
        store([alice, bob][seed % 2], seed)
    with CaptureQueriesContext(connection) as many:
        moderator.get(LIST)

    assert len(many) == len(few)


def test_people_are_listed_with_their_answer_about_teaching(moderator: Client, alice: User) -> None:
    assert moderator.get("/admin/gallery/user/", {"offers_photos__exact": "1"}).status_code == 200
    page = moderator.get(f"/admin/gallery/user/{alice.pk}/change/").content.decode()
    assert 'name="offers_photos"' in page


def test_strangers_see_no_admin(client: Client, bob: User) -> None:
    client.force_login(bob)

    assert client.get(LIST).status_code == 302
