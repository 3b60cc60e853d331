"""Photos that every version has to get right: in words, through the gate, and in the admin."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from tagging.models import ModelVersion, Tag, VersionState
from tagging.registry import live_version
from tests.training.classroom import add_photo, teach_world, vector_for
from training.learning.canaries import CanaryCheck, tell_canaries
from training.models import Canary, RunState
from training.options import RetrainOptions
from training.report import RetrainReport
from training.runner import carry_out
from training.services import begin_run

ADD = "/admin/training/canary/add/"


def run_now() -> RetrainReport:
    wishes = RetrainOptions()
    run = begin_run(backbone="efficientnet_lite0", options=wishes.as_json())
    return carry_out(run, wishes)


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (CanaryCheck(1, "cat", True, is_shown=True), (True, "Canaries that hold: 1 of 1.")),
        (CanaryCheck(1, "cat", False), (True, "Canaries that hold: 1 of 1.")),
        (
            CanaryCheck(1, "cat", False, is_shown=True, was_shown=True),
            (False, "Canary 1 must never show cat, and would."),
        ),
        (CanaryCheck(1, "cat", True), (False, "Canary 1 has to show cat, and would not.")),
        (
            CanaryCheck(1, "cat", True, was_shown=True, is_learnt=False),
            (False, "Canary 1 has to show cat; it does now, and would no longer."),
        ),
        (
            CanaryCheck(1, "cat", True, is_learnt=False),
            (True, "Passed over: canary 1 (cat is not learnt yet)."),
        ),
        (
            CanaryCheck(1, "cat", False, is_shown=True, passed_over="cat is blocked"),
            (True, "Passed over: canary 1 (cat is blocked)."),
        ),
    ],
)
def test_a_canary_speaks_in_words(check: CanaryCheck, told: tuple[bool, str]) -> None:
    assert tell_canaries([check]) == [told]


def test_without_canaries_nothing_is_told() -> None:
    assert tell_canaries([]) == []


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
def test_a_version_that_fails_a_canary_is_refused_and_says_which(
    alice: User, network_store: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    tags = {tag.name: tag for tag in Tag.objects.all()}
    wall = add_photo(alice, "wall", vector_for("brick", 500))
    stone = add_photo(alice, "stone", vector_for("moss", 500))
    holds = Canary.objects.create(image=wall, tag=tags["brick"], is_expected=True)
    fails = Canary.objects.create(image=stone, tag=tags["moss"], is_expected=False)
    lost = Canary.objects.create(image=wall, tag=tags["moss"], is_expected=True)
    report = run_now()
    assert report.state == RunState.REFUSED
    assert report.reason == (
        f"Canary {fails.pk} must never show moss, and would. "
        f"Canary {lost.pk} has to show moss, and would not."
    )
    assert ModelVersion.objects.get(number=1).state == VersionState.REFUSED
    assert live_version().is_bootstrap
    fails.delete()
    lost.delete()
    assert run_now().promoted
    assert Canary.objects.get() == holds


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
def test_canaries_nothing_can_be_said_of_are_passed_over(alice: User, network_store: Path) -> None:
    teach_world(alice, ["brick", "moss"])
    heron = Tag.objects.create(name="heron", slug="heron")
    blocked = Tag.objects.create(name="eek", slug="eek", is_blocked=True)
    own = Tag.objects.create(name="us", slug="us", never_show=True)
    brick = Tag.objects.get(name="brick")
    bricks = Tag.objects.create(name="bricks", slug="bricks", alias_of=brick)
    wall = add_photo(alice, "wall", vector_for("brick", 500))
    without_file = add_photo(alice, "gone")
    numbers = [
        Canary.objects.create(image=image, tag=tag, is_expected=True).pk
        for image, tag in (
            (wall, bricks), (wall, heron), (wall, blocked), (wall, own), (without_file, brick),
        )
    ]  # fmt: skip
    deleted = add_photo(alice, "deleted")
    Canary.objects.create(image=deleted, tag=brick)
    deleted.delete()
    report = run_now()
    assert report.promoted, report.reason
    told = [line.sentence for line in report.gate if line.name == "canaries"]
    assert told == [
        "Canaries that hold: 1 of 5.",
        f"Passed over: canary {numbers[1]} (heron is not learnt yet), "
        f"canary {numbers[2]} (eek is blocked), canary {numbers[3]} (no machine may say us), "
        f"canary {numbers[4]} (its photo cannot be read).",
    ]


@pytest.fixture
def moderator(mona: User, client: Client) -> Client:
    client.force_login(mona)
    return client


def test_a_moderator_adds_a_canary_from_the_photo(moderator: Client, alice: User) -> None:
    image = add_photo(alice, "wall", rendition_widths=[320])
    tag = Tag.objects.create(name="brick", slug="brick")
    link = f"{ADD}?image={image.pk}"
    assertContains(moderator.get(f"/admin/gallery/image/{image.pk}/change/"), f'href="{link}"')
    assertContains(moderator.get(link), f'value="{image.pk}"')
    data = {"image": image.pk, "tag": tag.pk, "is_expected": "False", "note": "It is a cake."}
    page = moderator.post(ADD, data, follow=True)
    assertContains(page, "must never show it")
    assertContains(page, "It is a cake.")
    canary = Canary.objects.get()
    assert (canary.image, canary.tag, canary.is_expected) == (image, tag, False)
    assert canary.created_by is not None
    assert canary.created_by.username == "mona"
    again = moderator.post(ADD, data)
    assertContains(again, "already exists")
    assert Canary.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"is_blocked": True}, "brick is blocked, so that it is never shown anyway."),
        ({"never_show": True}, "No machine may say brick"),
    ],
)
def test_what_no_version_could_fulfil_is_not_asked_for(
    moderator: Client, alice: User, fields: dict[str, bool], said: str
) -> None:
    image = add_photo(alice, "wall")
    tag = Tag.objects.create(name="brick", slug="brick", **fields)
    data = {"image": image.pk, "tag": tag.pk, "is_expected": "True"}
    assertContains(moderator.post(ADD, data), said)
    assert not Canary.objects.exists()


def test_a_photo_that_does_not_exist_is_refused(moderator: Client) -> None:
    tag = Tag.objects.create(name="brick", slug="brick")
    alias = Tag.objects.create(name="bricks", slug="bricks", alias_of=tag)
    page = moderator.post(ADD, {"image": 99, "tag": alias.pk, "is_expected": "True"})
    assertContains(page, "Select a valid choice")
    assertContains(page, "This is another name for brick; choose that.")
    assert not Canary.objects.exists()


def test_moderators_without_further_rights_keep_canaries_and_others_see_none(
    alice: User, bob: User, client: Client
) -> None:
    image = add_photo(alice, "wall", rendition_widths=[320])
    canary = Canary.objects.create(image=image, tag=Tag.objects.create(name="brick", slug="brick"))
    bob.is_staff = True
    bob.save()
    client.force_login(bob)
    assertContains(client.get("/admin/training/canary/"), "has to show it")
    assert client.get(ADD).status_code == 200
    client.post(f"/admin/training/canary/{canary.pk}/delete/", {"post": "yes"})
    assert not Canary.objects.exists()
    client.force_login(alice)
    assert client.get("/admin/training/canary/").status_code == 302
    assertNotContains(client.get("/"), "canary")
