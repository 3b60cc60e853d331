"""The moderators' queue in the admin, through its own pages."""

from __future__ import annotations

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from gallery.models import User
from tagging.models import ImageTag, Tag, TagEvent
from tagging.services.curation import approve_tags, curate_import, reject_tags
from tagging.services.votes import add_tag
from tests.tagging.cast import make_image, make_tag, suggest

QUEUE = "admin:tagging_imagetag_changelist"


@pytest.fixture
def as_mona(mona: User) -> Client:
    client = Client()
    client.force_login(mona)
    return client


def queue(client: Client, **query: object) -> str:
    """Return the queue as this person sees it."""
    response = client.get(reverse(QUEUE), query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_queue_shows_the_picture_beside_each_waiting_tag(
    as_mona: Client, alice: User, bob: User
) -> None:
    photo = make_image(alice, title="A pond")
    add_tag(person=bob, image=photo, name="heron")
    suggest(photo, "heron", 0.91)
    page = queue(as_mona)
    assert f'src="{photo.rendition_url(96)}"' in page
    assert photo.get_absolute_url() in page
    assert "1 yes, 0 no" in page
    assert "91%" in page
    assert "bob" in page


def test_what_is_decided_leaves_the_queue_and_is_found_by_its_state(
    as_mona: Client, alice: User, mona: User
) -> None:
    photo = make_image(alice)
    approve_tags(moderator=mona, image_tags=[add_tag(person=alice, image=photo, name="heron")])
    reject_tags(moderator=mona, image_tags=[add_tag(person=alice, image=photo, name="stork")])
    add_tag(person=alice, image=photo, name="pond")

    def listed(**query: object) -> set[str]:
        page = queue(as_mona, **query)
        return {name for name in ("heron", "stork", "pond") if f">{name}</a>" in page}

    assert listed() == {"pond"}
    assert listed(state="curated") == {"heron"}
    assert listed(state="rejected") == {"stork"}
    assert listed(state="all") == {"heron", "stork", "pond"}
    assert listed(q="pon") == {"pond"}
    assert listed(of_tag=make_tag("pond").pk, of_owner=alice.pk) == {"pond"}
    assert listed(of_tag="x") == set()


@pytest.mark.parametrize(
    ("action", "state"), [("approve", "curated"), ("reject", "rejected"), ("reopen", "confirmed")]
)
def test_many_are_decided_at_once(
    as_mona: Client, alice: User, mona: User, action: str, state: str
) -> None:
    rows = [add_tag(person=alice, image=make_image(alice), name="heron") for _ in range(3)]
    if action == "reopen":
        approve_tags(moderator=mona, image_tags=rows)
    data = {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows[:2]]}
    response = as_mona.post(f"{reverse(QUEUE)}?state=all", data, follow=True)
    assert "2 tags" in response.content.decode()
    assert ImageTag.objects.filter(state=state, pk__in=[row.pk for row in rows[:2]]).count() == 2
    assert TagEvent.objects.filter(source="admin", actor=mona).exists()


@pytest.mark.parametrize(
    ("button", "state"), [("approve_one", "curated"), ("reject_one", "rejected")]
)
def test_one_is_decided_by_one_click(as_mona: Client, alice: User, button: str, state: str) -> None:
    row = add_tag(person=alice, image=make_image(alice), name="heron")
    assert f'name="{button}"' in queue(as_mona)
    response = as_mona.post(reverse(QUEUE), {button: row.pk}, follow=True)
    assert f"1 tag {state if state == 'rejected' else 'approved'}." in response.content.decode()
    row.refresh_from_db()
    assert row.state == state
    as_mona.post(reverse(QUEUE), {"reopen_one": row.pk})
    row.refresh_from_db()
    assert row.state == "confirmed"


def test_a_moderator_needs_no_permissions_of_their_own(alice: User) -> None:
    max_ = User.objects.create_user("max", is_staff=True)
    client = Client()
    client.force_login(max_)
    row = add_tag(person=alice, image=make_image(alice), name="heron")
    assert ">heron</a>" in queue(client)
    client.post(reverse(QUEUE), {"approve_one": row.pk})
    row.refresh_from_db()
    assert row.decided_by == max_


def test_nobody_else_gets_in(alice: User) -> None:
    client = Client()
    client.force_login(alice)
    row = add_tag(person=alice, image=make_image(alice), name="heron")
    assert client.post(reverse(QUEUE), {"approve_one": row.pk}).status_code == 302
    row.refresh_from_db()
    assert row.state == "confirmed"


def test_contradictions_on_the_same_bytes_can_be_listed(
    as_mona: Client, alice: User, bob: User, mona: User
) -> None:
    for person, decide in ((alice, approve_tags), (bob, reject_tags)):
        image = make_image(person, sha256="a" * 64)
        decide(moderator=mona, image_tags=[add_tag(person=person, image=image, name="heron")])
    other = make_image(alice)
    approve_tags(moderator=mona, image_tags=[add_tag(person=alice, image=other, name="stork")])
    page = queue(as_mona, conflict="yes")
    assert page.count("decided differently on the same file") == 2
    assert ">stork</a>" not in page


def test_the_queue_can_be_narrowed_to_what_the_network_says_too(
    as_mona: Client, alice: User
) -> None:
    photo = make_image(alice)
    for name in ("heron", "pond"):
        add_tag(person=alice, image=photo, name=name)
    suggest(photo, "heron")
    assert ">pond</a>" not in queue(as_mona, suggested="yes")
    assert ">heron</a>" not in queue(as_mona, suggested="no")


def test_a_longer_queue_takes_no_more_queries(as_mona: Client, alice: User, bob: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            queue(as_mona)
        return len(captured)

    for name in ("heron", "pond"):
        add_tag(person=bob, image=make_image(alice), name=name)
    few = queries()
    for number in range(25):
        add_tag(person=alice, image=make_image(bob), name=f"thing {number}")
    assert queries() == few


@pytest.mark.parametrize("model", ["tag", "vote", "tagevent", "closedworld"])
def test_the_books_are_read_only(as_mona: Client, alice: User, model: str) -> None:
    photo = make_image(alice)
    curate_import(world_name="pets", pairs=[(photo.pk, "cat")], actor=alice, curated=True)
    assert as_mona.get(reverse(f"admin:tagging_{model}_changelist")).status_code == 200
    assert as_mona.get(reverse(f"admin:tagging_{model}_add")).status_code == 403
    key = {"tag": Tag.objects.get().pk}.get(model, 1)
    assert as_mona.get(reverse(f"admin:tagging_{model}_delete", args=[key])).status_code == 403


def test_the_admin_carries_the_name_of_the_site(as_mona: Client) -> None:
    page = as_mona.get(reverse("admin:index")).content.decode()
    assert "Moderation" in page
    assert "Django administration" not in page
