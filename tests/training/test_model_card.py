"""The public page of a version: a card that people can read."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import Settings
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User, Visibility
from tagging.estimation import Interval
from tagging.models import ModelVersion, Promotion, ReviewKind, ReviewTask, VersionState
from tagging.previews import Example, Preview
from tests.tagging.cast import make_image, make_tag, pass_golds
from tests.training.test_model_pages import METRICS, add_version
from training.diagrams import reliability_diagram
from training.drift import last_full_week
from training.model_card import out_of_hundred
from training.models import DriftReading

pytestmark = pytest.mark.django_db

RELIABILITY = [
    {"low": 0.0, "high": 0.1, "count": 400, "score": 0.03, "present": 0.02},
    {"low": 0.4, "high": 0.5, "count": 0, "score": None, "present": None},
    {"low": 0.9, "high": 1.0, "count": 100, "score": 0.96, "present": 0.91},
]


def go_live(version: ModelVersion, **fields: object) -> ModelVersion:
    ModelVersion.objects.filter(pk=version.pk).update(state=VersionState.PROMOTED)
    Promotion.objects.create(version=version, **fields)
    return version


def test_the_reliability_diagram_is_drawn_with_its_figures_beside_it(client: Client) -> None:
    add_version(metrics={**METRICS, "reliability": RELIABILITY, "calibration_error": 0.023})
    page = client.get("/models/1/")
    assertContains(page, 'points="9,294 288,27"')
    assertContains(page, "<circle", count=2)
    assertContains(page, '<td class="number">91.0 %</td>', html=True)
    assertContains(page, "On average its certainty is 2.3 points off.")
    assertNotContains(page, "style=")


def test_a_version_from_before_there_were_diagrams_draws_none(client: Client) -> None:
    add_version()
    page = client.get("/models/1/")
    assertNotContains(page, "<svg viewBox")
    assertNotContains(page, "Whether its certainty can be trusted")


@pytest.mark.parametrize("bins", [None, [], RELIABILITY[1:2]])
def test_without_decisions_there_is_no_diagram(bins: list[dict[str, object]] | None) -> None:
    assert reliability_diagram(bins) is None


def test_each_tag_stands_beside_what_it_was_before(client: Client) -> None:
    add_version()
    page = client.get("/models/1/")
    assertContains(page, '<td class="number change--up">+31.8</td>', html=True)
    assertContains(page, '<td class="number">new</td>', html=True)
    worse = {**METRICS, "live": {"version": 0, "per_tag": {"cat": {"f1": 0.9}}}}
    add_version(2, metrics=worse)
    assertContains(client.get("/models/2/"), '<td class="number change--down">−8.2</td>', html=True)


def test_what_people_said_blindly_stands_there_with_its_ranges(
    client: Client, alice: User, bob: User
) -> None:
    version = add_version(blind_pairs={"shown": 100, "offered": 0, "silent": 900})
    assertContains(client.get("/models/1/"), "Nobody has answered such a question")
    for stratum, values in {"shown": ["yes"] * 9 + ["no"], "silent": ["yes"] + ["no"] * 8}.items():
        for value in values:
            ReviewTask.objects.create(
                person=bob,
                image=make_image(alice),
                tag=make_tag("cat"),
                kind=ReviewKind.BLIND,
                version=version,
                stratum=stratum,
                value=value,
            )
    page = client.get("/models/1/")
    assertContains(page, "people agree with about 90 (between 60 and 98), without")
    assertContains(page, "it shows about 47 (between")
    assertContains(page, "<dd>90.0 %</dd>", html=True)
    assertContains(page, "59.6 % to 98.2 %")


def test_where_votes_are_weighed_only_tested_people_are_heard(
    client: Client, alice: User, bob: User, settings: Settings
) -> None:
    settings.EYES_POLICY = "public"
    ReviewTask.objects.create(
        person=bob,
        image=make_image(alice),
        tag=make_tag("cat"),
        kind=ReviewKind.BLIND,
        version=add_version(),
        stratum="shown",
        value="yes",
    )
    assertContains(client.get("/models/1/"), "Nobody has answered such a question")
    pass_golds(bob)
    assertContains(client.get("/models/1/"), "people agree with about 100")


def test_a_share_in_words() -> None:
    assert out_of_hundred(Interval(0.914, 0.871, 0.944)) == {"value": 91, "low": 87, "high": 94}


def test_drift_is_told_week_by_week_in_words(client: Client) -> None:
    version = go_live(add_version())
    week = last_full_week()
    for weeks, index in ((0, 0.31), (1, 0.14), (2, 0.02)):
        DriftReading.objects.create(
            version=version,
            week=week - timedelta(weeks=weeks),
            photos=140,
            stability_index=index,
            per_tag={"cat": index * 2, "dog": 0.01},
        )
    page = client.get("/models/1/")
    assertContains(page, f'id="drift-{week}"')
    assertContains(page, "level--alert", count=1)
    assertContains(page, "somewhat unlike before", count=1)
    assertContains(page, "like before</span>", count=2)
    assertContains(page, "cat (0.62)")
    assertNotContains(page, "dog (0.01)")


def test_a_week_with_few_photos_is_said_to_have_no_figure(client: Client, alice: User) -> None:
    go_live(add_version())
    make_image(alice)
    page = client.get("/models/1/")
    assertContains(page, f"In the week of {last_full_week()} 0 photos were uploaded: too few")
    other = add_version(2)
    assertContains(client.get(f"/models/{other.number}/"), "No week was measured")


def test_what_it_changed_names_tags_and_no_photo(client: Client, alice: User) -> None:
    private = make_image(alice, visibility=Visibility.PRIVATE)
    preview = Preview(
        against=0,
        computed_at=timezone.now().isoformat(),
        looked_at=1200,
        photos=300,
        gained=412,
        lost=97,
        per_tag={"cat": [412, 0], "dog": [0, 97]},
        owners={str(alice.pk): 509},
        examples=[Example(private.pk, ["cat"], [])],
    )
    add_version(preview=preview.as_json())
    page = client.get("/models/1/")
    assertContains(page, "+412 / −97 tags on 300 photos, against version 0.")
    assertContains(page, "What it would change")
    assertNotContains(page, f"/images/{private.pk}/")
    assertNotContains(page, "alice")


@pytest.mark.parametrize("kept", [{}, {"problem": "head.npz was changed"}, {"asked_at": "now"}])
def test_without_a_preview_nothing_is_said_of_changes(client: Client, kept: dict[str, str]) -> None:
    add_version(preview=kept)
    page = client.get("/models/1/")
    assertNotContains(page, "would change")
    assertNotContains(page, "head.npz")


def test_every_promotion_is_told_with_who_and_why(client: Client, mona: User) -> None:
    version = go_live(add_version(), by=mona, reason="It knows <herons>.")
    Promotion.objects.create(version=version, is_rollback=True, reason="Acceptance fell.")
    page = client.get("/models/1/")
    assertContains(page, "promoted, by mona.")
    assertContains(page, "It knows &lt;herons&gt;.")
    assertContains(page, "the site went back to it, by the site itself or from the command line.")
    mona.delete()
    assert client.get("/models/1/").status_code == 200


def test_licences_and_limits_stand_on_every_card(client: Client) -> None:
    add_version(metrics={**METRICS, "missing": {"heron": "14 of 20 curated photos"}})
    for number in (0, 1):
        ModelVersion.objects.bootstrap()
        page = client.get(f"/models/{number}/")
        assertContains(page, "Licence of the weights: Apache-2.0.")
        assertContains(page, "never said by machine")
    assertContains(page, "2 of 2 tags were judged on fewer than 30 photos")
    assertContains(page, "heron: 14 of 20 curated photos")
    add_version(2, backbone="a_lost_one")
    assertContains(client.get("/models/2/"), "which this eyes no longer knows")


def test_a_version_without_files_or_figures_has_a_page(client: Client) -> None:
    add_version(metrics={}, labels=[], pruned_at=timezone.now())
    assertContains(client.get("/models/1/"), "Its files were removed on")


def test_the_card_asks_the_same_few_questions_however_much_there_is(
    client: Client, alice: User, django_assert_max_num_queries: object
) -> None:
    version = go_live(add_version())
    for number in range(6):
        Promotion.objects.create(version=version, by=alice)
        DriftReading.objects.create(
            version=version,
            week=last_full_week() - timedelta(weeks=number + 1),
            photos=1,
            stability_index=0,
        )
    with django_assert_max_num_queries(6):  # type: ignore[operator]
        client.get("/models/1/")
