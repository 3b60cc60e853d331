"""The public pages of what was learnt, and the admin's."""

from __future__ import annotations

import pytest
from django.test import Client
from django_q.models import OrmQ
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from tagging.models import ModelVersion, Promotion, VersionState
from training.models import DatasetVersion, RunState, TrainingRun

pytestmark = pytest.mark.django_db

METRICS = {
    "macro_f1": 0.875,
    "map": 0.9,
    "top1": 0.8,
    "per_tag": {
        "cat": {"present": 8, "absent": 7, "precision": 0.9, "recall": 0.75, "f1": 0.8182},
        "dog": {"present": 7, "absent": 8, "precision": None, "recall": 0.0, "f1": 0.0},
    },
    "confusion": {"labels": ["cat", "dog"], "cells": [[0, 0, 7], [0, 1, 1], [1, 1, 7]]},
    "taught": {"cat": {"present": 55, "absent": 44}, "dog": {"present": 44, "absent": 55}},
    "dataset": {"sha256": "ab" * 32, "photos": 99, "train": 70, "validation": 14, "test": 15},
    "live": {"version": 0, "per_tag": {"cat": {"f1": 0.5}}},
    "gate": [
        {"name": "better", "passed": True, "sentence": "It learnt 1 new tag: cat."},
        {"name": "calibrated", "passed": False, "sentence": "Scores <boast>."},
    ],
}


def add_version(number: int = 1, **fields: object) -> ModelVersion:
    values: dict[str, object] = {
        "backbone": "efficientnet_lite0",
        "labels": ["cat", "dog"],
        "metrics": METRICS,
        "summary": "It learnt 1 new tag: cat.",
        "state": VersionState.REFUSED,
    }
    return ModelVersion.objects.create(number=number, **{**values, **fields})


def test_the_first_day_shows_version_0(client: Client) -> None:
    page = client.get("/models/")
    assertContains(page, "Version 0")
    assertContains(page, "Nothing was taught here yet")
    assertContains(client.get("/models/0/"), "brought along, translated into everyday tags")


def test_versions_are_listed_with_their_figures(client: Client) -> None:
    Promotion.objects.create(version=add_version(1, state=VersionState.PROMOTED))
    add_version(2)
    page = client.get("/models/")
    assertContains(page, "87.5 %")
    assertContains(page, "<strong>Live</strong>", html=True, count=1)
    assertContains(page, "Refused by the gate")
    assertContains(page, 'href="/models/2/"')


def test_a_version_tells_what_it_was_taught_and_why_it_was_refused(client: Client) -> None:
    add_version()
    page = client.get("/models/1/")
    assertContains(page, "Why it was refused")
    assertContains(page, "Scores &lt;boast&gt;.")
    for cell in ("55", "81.8 %", "50.0 %", "–"):
        assertContains(page, f'<td class="number">{cell}</td>', html=True)
    assertContains(page, "14 of 15 photos with one right answer got it first.")
    assertContains(page, '<td class="number confusion__wrong">1</td>', html=True)


def test_many_tags_show_the_most_frequent_mistakes_instead_of_a_table(client: Client) -> None:
    labels = [f"tag {n}" for n in range(30)]
    cells = [[n, n, 5] for n in range(30)] + [[3, 4, 2], [5, 6, 9]]
    add_version(metrics={**METRICS, "confusion": {"labels": labels, "cells": cells}})
    page = client.get("/models/1/")
    assertContains(page, "tag 5 taken for tag 6: 9")
    assertNotContains(page, 'class="table confusion"')


def test_an_unknown_version_is_not_found(client: Client) -> None:
    assert client.get("/models/77/").status_code == 404


def test_a_run_under_way_is_followed_and_the_page_loads_anew_at_its_end(client: Client) -> None:
    run = TrainingRun.objects.create(
        state=RunState.RUNNING, step="Teaching", progress=0.42, started_at="2026-01-01T00:00Z"
    )
    assertContains(client.get("/models/"), 'hx-get="/models/progress/"')
    part = client.get("/models/progress/", headers={"HX-Request": "true"})
    assertContains(part, "Teaching")
    assertContains(part, 'value="42"')
    TrainingRun.objects.filter(pk=run.pk).update(state=RunState.REFUSED, reason="No better.")
    ended = client.get("/models/progress/", headers={"HX-Request": "true"})
    assert ended.headers["HX-Refresh"] == "true"
    page = client.get("/models/")
    assertNotContains(page, 'hx-get="/models/progress/"')
    assertContains(page, "No better.")


def test_what_failed_inside_is_not_told_to_everybody(client: Client) -> None:
    TrainingRun.objects.create(state=RunState.FAILED, reason="OSError: /srv/secret")
    assertNotContains(client.get("/models/"), "/srv/secret")


@pytest.mark.parametrize("address", ["/models/", "/models/1/", "/models/progress/"])
def test_the_number_of_queries_does_not_grow_with_the_versions(
    client: Client, address: str, django_assert_max_num_queries: object
) -> None:
    for number in range(1, 12):
        add_version(number)
    ModelVersion.objects.bootstrap()
    with django_assert_max_num_queries(8):  # type: ignore[operator]
        client.get(address)


def test_a_moderator_asks_for_a_run_with_one_button(
    mona: User, client: Client, django_capture_on_commit_callbacks: object
) -> None:
    client.force_login(mona)
    assertContains(client.get("/admin/training/trainingrun/"), "Retrain now")
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        page = client.post("/admin/training/trainingrun/retrain/", follow=True)
    run = TrainingRun.objects.get()
    assert (run.state, run.asked_by) == (RunState.QUEUED, mona)
    assertContains(page, f"Run {run.pk} waits for the training queue.")
    assert [job.key for job in OrmQ.objects.all()] == ["training"]


def test_nobody_else_presses_that_button(alice: User, mona: User, client: Client) -> None:
    address = "/admin/training/trainingrun/retrain/"
    client.force_login(alice)
    assert client.post(address).status_code == 302
    client.force_login(mona)
    assert client.get(address).status_code == 405
    assert not TrainingRun.objects.exists()


def test_runs_and_datasets_are_read_only_in_the_admin(mona: User, client: Client) -> None:
    client.force_login(mona)
    dataset = DatasetVersion.objects.create(
        sha256="cd" * 32, manifest=b"packed", photos=48, tags=["cat", "dog"]
    )
    run = TrainingRun.objects.create(
        state=RunState.FAILED, reason="The disk is full.", log="12:00 Teaching\n", dataset=dataset
    )
    page = client.get(f"/admin/training/trainingrun/{run.pk}/change/")
    assertContains(page, "The disk is full.")
    assertContains(page, "12:00 Teaching")
    assertNotContains(page, 'name="_save"')
    assertContains(client.get("/admin/training/datasetversion/"), "cdcdcdcdcdcd")
    page = client.get(f"/admin/training/datasetversion/{dataset.pk}/change/")
    assertContains(page, "cat, dog")
    for address in (f"trainingrun/{run.pk}", f"datasetversion/{dataset.pk}"):
        assert client.post(f"/admin/training/{address}/delete/").status_code == 403
    assert client.get("/admin/training/trainingrun/add/").status_code == 403
