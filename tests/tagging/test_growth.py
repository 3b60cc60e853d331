"""Growth on tag pages: how far a tag is, how good the network is at it, and what it finds hard."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from tagging.models import ImageTag, ModelVersion
from tagging.policy import COMMUNITY
from tagging.services.vocabulary import rename_tag, set_parents
from tests.tagging.cast import make_image, make_tag, suggest
from tests.tagging.review_cast import checked, go_live, wait_for
from training.models import RunState, TrainingRun
from training.snapshot import learnable_candidates

FIGURES = {
    "taught": {"heron": {"present": 41, "absent": 60}},
    "per_tag": {"heron": {"present": 9, "precision": 0.9, "recall": 0.75, "f1": 0.8182}},
}


@pytest.fixture
def tag_page(alice: User, mona: User) -> str:
    """The page of a tag with three curated photos of two people."""
    for owner in (alice, alice, mona):
        checked(make_image(owner), "heron", mona)
    return make_tag("heron").get_absolute_url()


def test_people_count_only_where_several_are_needed(
    client: Client, tag_page: str, settings: Settings
) -> None:
    page = client.get(tag_page)
    assertContains(page, "heron: 3 of 20")
    assertNotContains(page, "People with photos of it")
    settings.EYES_POLICY = "public"
    page = client.get(tag_page)
    assertContains(page, "heron: 3 of 100")
    assertContains(page, "People with photos of it: 2 of 10")


def test_people_who_are_missing_are_asked_for(
    client: Client, alice: User, mona: User, settings: Settings
) -> None:
    settings.EYES_POLICY = "public"
    for _ in range(100):
        checked(make_image(alice), "heron", mona)
    page = client.get(make_tag("heron").get_absolute_url())
    assertContains(page, "Photos of 9 more people, and the network can learn it.")
    assertNotContains(page, "Enough approved photos")


def test_photos_of_the_tags_below_count_as_they_do_for_a_run(
    client: Client, tag_page: str, alice: User, bob: User, mona: User
) -> None:
    grey = checked(make_image(bob), "grey heron", mona)
    checked(grey.image, "heron", mona)
    checked(make_image(alice), "grey heron", mona)
    bird = make_tag("wader")
    assertContains(client.get(tag_page), "heron: 4 of 20")
    set_parents(moderator=mona, tag=make_tag("grey heron"), parents=[make_tag("heron")])
    set_parents(moderator=mona, tag=make_tag("heron"), parents=[bird])
    assertContains(client.get(tag_page), "heron: 5 of 20")
    assertContains(client.get(bird.get_absolute_url()), "wader: 5 of 20")
    _, missing = learnable_candidates(COMMUNITY)
    assert missing["heron"] == missing["wader"] == "5 of 20 curated photos"


def test_what_only_the_first_day_puts_above_is_not_taught_by_what_is_below(
    client: Client, alice: User, mona: User
) -> None:
    checked(make_image(alice), "pug", mona)
    assertContains(client.get(make_tag("dog").get_absolute_url()), "dog: 0 of 20")
    assert "dog" not in learnable_candidates(COMMUNITY)[1]


def test_what_was_said_of_another_name_is_said_of_the_tag(
    client: Client, alice: User, mona: User
) -> None:
    for _ in range(20):
        checked(make_image(alice), "heron", mona)
    report = {"missing": {"heron": "needs more negatives"}}
    TrainingRun.objects.create(state=RunState.NOTHING, report=report)
    rename_tag(moderator=mona, tag=make_tag("heron"), name="grey heron")
    page = client.get("/tags/grey-heron/")
    assertContains(page, "left it out: needs more negatives.")


def test_what_the_last_lesson_missed_is_said(client: Client, alice: User, mona: User) -> None:
    for _ in range(20):
        checked(make_image(alice), "heron", mona)
    address = make_tag("heron").get_absolute_url()
    assertNotContains(client.get(address), "The last lesson left it out")
    for why in ("needs more negatives", "needs 2 more distinct photos to judge it on"):
        TrainingRun.objects.create(state=RunState.NOTHING, report={"missing": {"heron": why}})
    TrainingRun.objects.create(state=RunState.FAILED, report={})
    page = client.get(address)
    assertContains(page, "left it out: needs 2 more distinct photos to judge it on.")


def test_a_learnt_tag_tells_since_when_and_how_well(client: Client, tag_page: str) -> None:
    go_live(1, "stork")
    for number in (2, 3):
        go_live(number, "heron")
    ModelVersion.objects.create(number=4, labels=[], state="refused")
    go_live(5, "heron", metrics=FIGURES)
    page = client.get(tag_page)
    assertContains(page, "version 5, since version 2) knows this tag from 41 photos.")
    assertContains(page, "3 approved photos show it now.")
    assertContains(page, "90.0 %")
    assertContains(page, "75.0 %")
    assertContains(page, "81.8 %")
    assertContains(page, "On 9 photos of it that took no part in learning.")
    assertNotContains(page, "3 of 20")


def test_hard_photos_are_those_the_viewer_may_see_and_still_decided_so(
    client: Client, alice: User, bob: User, mona: User
) -> None:
    go_live(1, "heron", metrics=FIGURES)
    there = checked(make_image(alice, title="Odd one"), "heron", mona)
    absent = checked(make_image(alice, title="Garden hose"), "heron", mona, is_there=False)
    private = checked(make_image(alice, title="Hers", visibility="private"), "heron", mona)
    reopened = checked(make_image(alice, title="In doubt again"), "heron", mona)
    for row in (there, absent, private, reopened):
        wait_for(row.image, "heron", "hard")
    wait_for(there.image, "stork", "hard")
    ImageTag.objects.filter(pk=reopened.pk).update(state="pending")
    address = make_tag("heron").get_absolute_url()
    client.force_login(bob)
    page = client.get(address)
    assertContains(page, "What the network finds hardest")
    hardest = [(hard.image.title, hard.is_there) for hard in page.context["knowledge"].hardest]
    assert hardest == [("Odd one", True), ("Garden hose", False)]
    assertNotContains(page, "Hers")
    client.force_login(alice)
    assertContains(client.get(address), "Hers")


def test_people_who_are_logged_in_can_help(client: Client, tag_page: str, bob: User) -> None:
    assertNotContains(client.get(tag_page), "Help teach it")
    client.force_login(bob)
    assertContains(client.get(tag_page), "/review/grid/?tag=heron")


def test_growth_takes_no_more_queries_for_more_photos(
    client: Client, alice: User, mona: User, settings: Settings
) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as captured:
            assert client.get("/tags/heron/").status_code == 200
        return len(captured)

    settings.EYES_POLICY = "public"
    go_live(1, "heron", metrics=FIGURES)
    wait_for(checked(make_image(alice), "heron", mona).image, "heron", "hard")
    queries()
    few = queries()
    for number in range(8):
        owner = User.objects.create_user(f"person{number}")
        wait_for(checked(make_image(owner), "heron", mona).image, "heron", "hard")
        suggest(make_image(owner), "heron")
        go_live(number + 2, "heron", metrics=FIGURES)
    assert queries() == few
