"""A moderator takes back everything that a person did in a period."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.timezone import localtime
from pytest_django import Settings

from gallery.models import User
from tagging.forms import MOMENT
from tagging.models import ImageTag, TagEvent, Vote
from tagging.services import reverting
from tagging.services.curation import approve_tags, reject_tags
from tagging.services.reverting import Reverted, revert_person
from tagging.services.votes import add_tag, cast_vote
from tests.tagging.cast import make_image, make_tag, suggest


@pytest.fixture
def vera(db: None) -> User:
    """A vandal."""
    return User.objects.create_user("vera")


def revert(moderator: User, person: User, hours: float = 1) -> Reverted:
    now = timezone.now()
    return revert_person(
        moderator=moderator,
        person=person,
        start=now - timedelta(hours=hours),
        end=now + timedelta(seconds=1),
    )


def vandalise(vera: User, alice: User) -> None:
    """Four changes: a tag added, a suggestion refused, and another vote given and turned round."""
    photo = make_image(alice)
    add_tag(person=vera, image=photo, name="nonsense")
    cast_vote(person=vera, image=photo, tag=suggest(photo, "dog").tag, value="no")
    for value in ("yes", "no"):
        cast_vote(person=vera, image=photo, tag=make_tag("cat"), value=value)


def test_everything_of_theirs_is_undone_and_nothing_of_others(
    alice: User, bob: User, mona: User, vera: User
) -> None:
    vandalise(vera, alice)
    kept = add_tag(person=bob, image=make_image(alice), name="heron")
    assert revert(mona, vera) == Reverted(undone=4, passed_over=0, go_on_before=None)
    assert list(ImageTag.objects.all()) == [kept]
    assert [vote.person for vote in Vote.objects.current()] == [bob]
    undos = TagEvent.objects.filter(kind="undone")
    assert {(undo.actor, undo.source) for undo in undos} == {(mona, "admin")}


def test_doing_it_twice_does_no_harm(alice: User, mona: User, vera: User) -> None:
    vandalise(vera, alice)
    revert(mona, vera)
    events = TagEvent.objects.count()
    assert revert(mona, vera) == Reverted(0, 0, None)
    assert TagEvent.objects.count() == events
    assert LogEntry.objects.count() == 1


def test_only_the_period_is_undone(alice: User, mona: User, vera: User) -> None:
    photo = make_image(alice)
    add_tag(person=vera, image=photo, name="before")
    TagEvent.objects.update(created_at=timezone.now() - timedelta(hours=2))
    add_tag(person=vera, image=photo, name="within")
    assert revert(mona, vera, hours=1).undone == 1
    assert ImageTag.objects.get().tag.name == "before"


def test_decisions_of_a_moderator_are_undone_and_later_ones_stay(alice: User, mona: User) -> None:
    rogue = User.objects.create_user("rogue", is_staff=True)
    photo = make_image(alice)
    rows = [add_tag(person=alice, image=photo, name=name) for name in ("heron", "pond")]
    approve_tags(moderator=rogue, image_tags=rows)
    reject_tags(moderator=mona, image_tags=rows[:1])
    assert revert(mona, rogue) == Reverted(undone=1, passed_over=1, go_on_before=None)
    states = dict(ImageTag.objects.values_list("tag__name", "state"))
    assert states == {"heron": "rejected", "pond": "confirmed"}


def test_long_lists_are_gone_through_in_several_calls(
    alice: User, mona: User, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverting, "AT_MOST", 3)
    monkeypatch.setattr(reverting, "BATCH", 2)
    vandalise(vera, alice)
    period = {"start": timezone.now() - timedelta(hours=1), "end": timezone.now()}
    first = revert_person(moderator=mona, person=vera, **period)
    assert (first.undone, first.passed_over) == (3, 0)
    rest = revert_person(moderator=mona, person=vera, before=first.go_on_before, **period)
    assert rest == Reverted(1, 0, None)
    assert not ImageTag.objects.exists()


def test_who_may_not_revert_is_told_so(alice: User, bob: User, mona: User) -> None:
    max_ = User.objects.create_user("max", is_staff=True)
    for moderator, person, reason in (
        (alice, bob, "Only moderators"),
        (mona, mona, "This is you"),
        (max_, mona, "Only a superuser"),
    ):
        with pytest.raises(PermissionDenied, match=reason):
            revert(moderator, person)
    assert revert(max_, bob).undone == 0


def test_under_public_decisions_on_ones_own_photos_stay_for_another_moderator(
    settings: Settings, mona: User
) -> None:
    settings.EYES_POLICY = "public"
    rogue = User.objects.create_user("rogue", is_staff=True)
    row = add_tag(person=rogue, image=make_image(mona), name="heron")
    reject_tags(moderator=rogue, image_tags=[row])
    assert revert(mona, rogue) == Reverted(undone=1, passed_over=1, go_on_before=None)
    assert ImageTag.objects.get().state == "rejected"


@pytest.fixture
def as_mona(client: Client, mona: User) -> Client:
    client.force_login(mona)
    return client


def address_of(person: User) -> str:
    return reverse("admin:tagging_tagevent_revert", args=[person.pk])


def test_the_admin_counts_before_it_reverts(as_mona: Client, alice: User, vera: User) -> None:
    vandalise(vera, alice)
    response = as_mona.get(address_of(vera))
    page = response.content.decode()
    assert response.context["counts"] == {"Voted": 4}
    assert "Undo all of this" in page
    assert Vote.objects.current().count() == 3
    form = response.context["form"]
    period = {name: form.data[name] for name in ("start", "end")}
    page = as_mona.post(address_of(vera), period, follow=True).content.decode()
    assert "4 changes undone." in page
    assert "There is nothing to undo in this period." in page
    assert not Vote.objects.current().exists()
    entry = LogEntry.objects.get()
    assert entry.get_edited_object() == vera
    assert entry.change_message.startswith("Undone: 4 changes from ")


def test_what_is_left_is_offered_by_the_next_page(
    as_mona: Client, alice: User, vera: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reverting, "AT_MOST", 3)
    vandalise(vera, alice)
    form = as_mona.get(address_of(vera)).context["form"]
    period = {name: form.data[name] for name in ("start", "end")}
    response = as_mona.post(address_of(vera), period, follow=True)
    assert "There are older ones left" in response.content.decode()
    assert response.context["counts"] == {"Voted": 1}
    rest = {**period, "before": response.context["form"].data["before"]}
    as_mona.post(address_of(vera), rest)
    assert not Vote.objects.current().exists()


def test_the_page_is_reached_from_the_person_and_from_the_history(
    as_mona: Client, alice: User, vera: User, mona: User
) -> None:
    vandalise(vera, alice)
    person = as_mona.get(reverse("admin:gallery_user_change", args=[vera.pk])).content.decode()
    assert f'href="{address_of(vera)}"' in person
    oneself = as_mona.get(reverse("admin:gallery_user_change", args=[mona.pk])).content.decode()
    assert address_of(mona) not in oneself
    history = as_mona.get(reverse("admin:tagging_tagevent_changelist")).content.decode()
    assert f'href="{address_of(vera)}?start=' in history


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"start": "yesterday"}, "Enter a valid date/time."),
        ({"start": "2026-05-02T00:00:00", "end": "2026-05-01T00:00:00"}, "end after it starts"),
        ({"before": "x"}, "Enter a whole number."),
    ],
)
def test_an_impossible_period_reverts_nothing(
    as_mona: Client, alice: User, vera: User, fields: dict[str, str], complaint: str
) -> None:
    vandalise(vera, alice)
    now = localtime()
    period = {"start": (now - timedelta(hours=1)).strftime(MOMENT), "end": now.strftime(MOMENT)}
    response = as_mona.post(address_of(vera), {**period, **fields})
    assert complaint in response.content.decode()
    assert complaint in as_mona.get(address_of(vera), fields).content.decode()
    assert Vote.objects.current().count() == 3


def test_nobody_else_gets_to_the_page(
    client: Client, as_mona: Client, alice: User, vera: User, mona: User
) -> None:
    assert as_mona.get(address_of(mona)).status_code == 403
    assert as_mona.get(reverse("admin:tagging_tagevent_revert", args=[9999])).status_code == 404
    client.force_login(alice)
    assert client.get(address_of(vera)).status_code == 302
    assert client.post(address_of(vera)).status_code == 302
