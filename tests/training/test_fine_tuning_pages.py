"""A fine-tuning on the pages: the curve while it runs, the time left, and never a photo."""

from __future__ import annotations

import re

import numpy as np
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from training.learning.examples import Examples, write_manifest
from training.learning.fine_tuning.task import Point
from training.models import DatasetVersion, RunState, TrainingRun, Tuning
from training.tuning.plot import plot_losses, plot_shares
from training.tuning.story import _thinned, step_in_words, time_left
from training.tuning.wishes import tuning_settings

NOTHING = write_manifest(
    Examples((), (), np.zeros((0, 0), np.int8), (), (), ()), unknown_weight=0.1
)
HISTORY = [
    {"epoch": 0, "progress": 0.0, "seconds_left": None,
     "loss": None, "judged_loss": 0.5, "top1": 0.8},
    {"epoch": 1, "progress": 0.1, "seconds_left": 700.0,
     "loss": 0.6, "judged_loss": None, "top1": None},
    {"epoch": 1, "progress": 0.25, "seconds_left": 500.0,
     "loss": 0.55, "judged_loss": 0.4, "top1": 0.85},
    {"epoch": 2, "progress": 0.4, "seconds_left": 400.0,
     "loss": 0.45, "judged_loss": None, "top1": None},
]  # fmt: skip


@pytest.fixture
def tuning(db: None) -> Tuning:
    """A fine-tuning under way."""
    dataset = DatasetVersion.objects.create(sha256="ab" * 32, manifest=NOTHING.packed, photos=99)
    run = TrainingRun.objects.create(
        state=RunState.RUNNING,
        step="Fine-tuning, epoch 2 of 4",
        started_at=timezone.now(),
        heartbeat_at=timezone.now(),
        dataset=dataset,
    )
    told = tuning_settings(blocks=2, epochs=4, without=["flip"])
    return Tuning.objects.create(
        run=run,
        base="efficientnet_lite0",
        dataset=dataset,
        settings=told.as_json(),
        photos=80,
        history=HISTORY,
        seconds_left=400,
        contact_sheet=b"\xff\xd8\xff\xd9",
    )


def test_everybody_sees_the_curve_and_the_time_left_and_no_photo(
    client: Client, tuning: Tuning
) -> None:
    part = client.get("/models/progress/", headers={"HX-Request": "true"})
    assertContains(part, "Epoch 2 of 4, about 7 min left")
    assertContains(part, "the top 2 learn")
    assertContains(part, "switched off: flip")
    assertContains(part, 'class="tuning__line tuning__line--judged"')
    assertContains(part, 'hx-trigger="every 2s"')
    assertContains(part, "80.0 %")
    assertNotContains(part, "<img")
    assertNotContains(part, "style=")
    assertContains(client.get("/models/"), "tuning.css")


def test_moderators_see_the_photos_as_they_teach_and_the_page_looks_again_by_itself(
    client: Client, tuning: Tuning, mona: User, alice: User
) -> None:
    sheet = f"/admin/training/trainingrun/{tuning.run_id}/contact-sheet/"
    client.force_login(alice)
    assert client.get(sheet).status_code == 302
    client.force_login(mona)
    page = client.get(f"/admin/training/trainingrun/{tuning.run_id}/change/")
    assertContains(page, f'src="{sheet}"')
    assertContains(page, 'hx-trigger="every 5s"')
    answer = client.get(sheet)
    assert answer.content == b"\xff\xd8\xff\xd9"
    assert "no-store" in answer.headers["Cache-Control"]
    assert client.get(sheet.replace(str(tuning.run_id), "4711")).status_code == 404
    TrainingRun.objects.update(state=RunState.KEPT)
    again = client.get(f"/admin/training/trainingrun/{tuning.run_id}/change/")
    assertNotContains(again, "hx-trigger")
    assertNotContains(again, "min left", msg_prefix="a run that is over has no time left")


def test_the_curve_stays_within_its_frame() -> None:
    plot, shares = plot_losses(HISTORY, 4), plot_shares(HISTORY, 4)
    assert plot is not None and shares is not None
    assert [line.name for line in plot.lines] == ["While learning", "On judging photos"]
    for line in (*plot.lines, *shares.lines):
        assert re.fullmatch(r"[\d.,\s]+", line.path)
        for mark in line.marks:
            assert plot.left <= mark.x <= plot.right and plot.top <= mark.y <= plot.bottom
    judged = plot.lines[1].marks
    assert judged[0].y < judged[1].y, "lower is better, and lower down"
    assert [tick.label for tick in plot.x_ticks] == ["0", "1", "2", "3", "4"]


@pytest.mark.parametrize("points", [[], HISTORY[:1]])
def test_without_two_points_there_is_no_curve(points: list[dict[str, float]]) -> None:
    assert plot_losses(points, 4) is None
    assert plot_shares(points, 4) is None


def test_what_is_not_a_number_is_not_drawn() -> None:
    wild = [*HISTORY, {**HISTORY[2], "epoch": 2, "judged_loss": float("nan")}]
    plot = plot_losses(wild, 4)
    assert plot is not None and "nan" not in plot.lines[1].path
    flat = [{**HISTORY[0], "judged_loss": 0.0}, {**HISTORY[2], "judged_loss": 0.0}]
    assert plot_losses(flat, 1) is not None


def test_time_left_in_words() -> None:
    points = [Point(3, 0.4, 470.0, 0.5)]
    assert step_in_words([], 6) == "Fine-tuning, getting ready"
    assert step_in_words(points, 6) == "Fine-tuning, epoch 3 of 6, 8 min left"
    assert (time_left(5), time_left(7 * 3600)) == ("1 min left", "7 h left")


def test_of_a_long_history_every_epoch_is_kept_and_some_of_the_rest() -> None:
    points = [Point(n // 100 + 1, n / 1000, 1.0, 0.5) for n in range(1000)]
    points += [Point(n, n / 10, 1.0, 0.5, 0.4, 0.9) for n in range(1, 11)]
    kept = _thinned(points)
    assert sum(point["judged_loss"] is not None for point in kept) == 10
    assert len(kept) < 300
