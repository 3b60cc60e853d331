"""Have we labelled enough? Samples, the curve, its answer, the command, the job and the page."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_q.models import OrmQ
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import Image, User
from tagging.policy import COMMUNITY
from tests.training.classroom import BACKBONE, made_up_examples, teach_world
from training.curve_plot import plot_curve
from training.curves import draw_learning_curve
from training.learning.curve import draw_curve, sample_rows
from training.learning.enough import answer, last_doubling
from training.learning.examples import PRESENT, TEST, TRAIN, VALIDATION
from training.models import DatasetVersion, LearningCurve, RunState, TrainingRun
from training.snapshot import store_snapshot
from training.tasks import draw_learning_curve as draw_as_job


def point(per_tag: float, macro_f1: float, **more: object) -> dict[str, Any]:
    return {
        "asked": round(per_tag),
        "per_tag": per_tag,
        "photos": round(2 * per_tag),
        "tested": 40,
        "repeats": 1,
        "macro_f1": macro_f1,
        "macro_f1_low": macro_f1,
        "macro_f1_high": macro_f1,
        "top1": None,
        "map": macro_f1,
        **more,
    }


STEEP = [point(10, 0.5), point(20, 0.62), point(40, 0.71), point(80, 0.78)]


def learning_curve(*arguments: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of the command."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command("learning_curve", *arguments, stdout=out, stderr=err)
    except SystemExit as ended:
        return int(ended.code or 0), out.getvalue(), err.getvalue()
    return 0, out.getvalue(), err.getvalue()


def test_samples_are_nested_hold_both_sides_and_leave_the_test_side_alone() -> None:
    examples, _ = made_up_examples(["brick", "moss"], 60)
    smaller: set[int] = set()
    for per_tag in (5, 10, 20, 40):
        rows = sample_rows(examples, per_tag, seed=3)
        sample = examples.part(rows)
        assert set(sample.count(PRESENT).values()) == {per_tag}
        assert all(sample.count(PRESENT, VALIDATION).values())
        assert not len(sample.rows_on(TEST))
        assert smaller < set(rows.tolist())
        smaller = set(rows.tolist())
    other = sample_rows(examples, 5, seed=4)
    assert set(other.tolist()) != set(sample_rows(examples, 5, seed=3).tolist())


def test_a_tag_with_few_photos_brings_what_it_has() -> None:
    examples, _ = made_up_examples(["brick", "moss"], 60)
    rare = np.flatnonzero(examples.answers[:, 1] == PRESENT)[12:]
    part = examples.part(np.setdiff1d(np.arange(len(examples.photos)), rare))
    sample = part.part(sample_rows(part, 40, seed=0))
    assert sample.count(PRESENT)["brick"] == 40
    assert sample.count(PRESENT)["moss"] == part.count(PRESENT, "train", "validation")["moss"]


@pytest.mark.network
def test_more_photos_teach_more_and_the_same_curve_comes_out_twice() -> None:
    examples, embeddings = made_up_examples(["brick", "moss", "slate"], 120, noise=12.0)
    drawn = draw_curve(examples, embeddings, COMMUNITY, 1280, (20,))
    everything = max(examples.count(PRESENT, TRAIN, VALIDATION).values())
    assert [each.asked for each in drawn] == [20, everything]
    assert [each.repeats for each in drawn] == [5, 1]
    assert drawn[0].macro_f1 < drawn[-1].macro_f1 - 0.05
    assert drawn[0].macro_f1_low < drawn[0].macro_f1 < drawn[0].macro_f1_high
    assert {each.tested for each in drawn} == {len(examples.rows_on(TEST))}
    assert draw_curve(examples, embeddings, COMMUNITY, 1280, (20,)) == drawn


def test_a_curve_that_still_rises_says_not_yet_and_how_it_goes_on() -> None:
    told = answer(STEEP, COMMUNITY)
    assert told.startswith("Not yet: more curated photos still pay.")
    assert "from 40 to 80 curated photos per tag, changed macro-F1 by +7.0 points" in told
    last = last_doubling(STEEP)
    assert last is not None
    assert last.forecast == pytest.approx(0.052, abs=0.005)
    assert "another doubling would bring +5." in told


def test_a_flat_end_says_yes() -> None:
    flat = [point(10, 0.7), point(20, 0.8), point(40, 0.811), point(80, 0.812)]
    assert answer(flat, COMMUNITY).startswith("Yes, for these tags")
    almost = [point(10, 0.7), point(20, 0.8), point(40, 0.806), point(80, 0.812)]
    assert answer(almost, COMMUNITY).startswith("Almost")


def test_a_curve_that_can_rise_no_further_says_yes_however_its_draws_agree() -> None:
    full = [point(50, 1.0, repeats=5, macro_f1_low=1.0, macro_f1_high=1.0), point(102, 1.0)]
    assert answer(full, COMMUNITY).startswith("Yes, for these tags")


def test_what_cannot_be_told_is_not_told() -> None:
    assert answer([point(24, 0.9)], COMMUNITY).startswith("Cannot be told yet")
    assert answer([point(20, 0.8), point(24, 0.9)], COMMUNITY).startswith("Cannot be told yet")
    noisy = [point(10, 0.6), point(40, 0.7, repeats=3, macro_f1_low=0.6, macro_f1_high=0.8)]
    told = answer([*noisy, point(80, 0.72)], COMMUNITY)
    assert told.startswith("Hard to tell")
    assert "by 10.0 points either way" in told
    jagged = [point(10, 0.6), point(20, 0.9), point(40, 0.6), point(80, 0.9)]
    assert "How it goes on cannot be told" in answer(jagged, COMMUNITY)
    perfect = [point(10, 0.6), point(20, 0.9), point(40, 1.0), point(80, 1.0)]
    assert "How it goes on cannot be told" in answer(perfect, COMMUNITY)


def test_the_drawing_stays_within_its_frame_and_skips_figures_there_are_none_of() -> None:
    plot = plot_curve(STEEP)
    assert plot is not None
    assert [line.key for line in plot.lines] == ["macro_f1", "map"]
    for line in plot.lines:
        for mark in line.marks:
            assert plot.left <= mark.x <= plot.right
            assert plot.top <= mark.y <= plot.bottom
    heights = [mark.y for mark in plot.lines[0].marks]
    assert heights == sorted(heights, reverse=True)
    assert [tick.label for tick in plot.x_ticks] == ["10", "20", "40", "80"]
    assert plot.y_ticks[0].label == "50 %"
    assert plot_curve(STEEP[:1]) is None
    assert plot_curve([]) is None


@pytest.mark.django_db
def test_without_a_dataset_the_command_ends_with_3(tmp_path: Path) -> None:
    code, out, _ = learning_curve()
    assert code == 3
    assert "There is nothing to learn from. No dataset was frozen yet" in out
    code, out, err = learning_curve("--json", "--dataset", "7")
    assert code == 3
    assert json.loads(out)["answer"] == "There is no dataset 7."
    assert "There is no dataset 7." in err


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("points", "said"), [("10,many", "not a list of whole numbers"), ("2,10", "too few")]
)
def test_points_that_make_no_sense_are_refused(points: str, said: str) -> None:
    with pytest.raises(CommandError, match=said):
        call_command("learning_curve", "--points", points)


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
def test_the_command_keeps_one_curve_of_a_dataset(
    alice: User, network_store: Path, tmp_path: Path
) -> None:
    teach_world(alice, ["brick", "moss"], noise=6.0)
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    told = tmp_path / "curve.json"
    code, out, _ = learning_curve("--points", "8", "--json", str(told))
    assert code == 0
    assert f"Learning curve of dataset {dataset.pk} with {BACKBONE}" in out
    curve = LearningCurve.objects.get()
    report = json.loads(told.read_text())
    assert (report["dataset"], report["points"]) == (dataset.pk, curve.points)
    assert report["answer"] in out
    assert [each["asked"] for each in curve.points] == [8, curve.points[-1]["asked"]]
    learning_curve("--points", "8")
    again = LearningCurve.objects.get()
    assert again.points == curve.points


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
def test_photos_that_were_taken_back_teach_no_curve(alice: User, network_store: Path) -> None:
    photos = teach_world(alice, ["brick", "moss", "slate"], noise=6.0)
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    gone = [photo.pk for photo in photos["slate"]]
    Image.objects.filter(pk__in=gone[:20]).update(teaches=False)
    Image.objects.filter(pk__in=gone[20:]).delete()
    curve = draw_learning_curve(dataset=dataset, points=[8])
    assert curve.points[-1]["photos"] + curve.points[-1]["tested"] == 48
    Image.objects.update(teaches=False)
    code, out, _ = learning_curve()
    assert code == 3
    assert "Too few photos of this dataset are left" in out
    assert LearningCurve.objects.get() == curve


@pytest.mark.network
@pytest.mark.django_db(transaction=True)
def test_the_job_draws_it_in_a_process_of_its_own(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.training.classroom import environment

    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    teach_world(alice, ["brick", "moss"], each=20)
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    said = draw_as_job(dataset.pk)
    assert said == answer(LearningCurve.objects.get().points, COMMUNITY)


@pytest.fixture
def run(db: None) -> TrainingRun:
    dataset = DatasetVersion.objects.create(sha256="cd" * 32, manifest=b"packed", photos=48)
    return TrainingRun.objects.create(
        state=RunState.REFUSED, dataset=dataset, backbone=BACKBONE, log="12:00 Teaching\n"
    )


def test_a_moderator_asks_for_the_curve_on_the_page_of_a_run(
    run: TrainingRun, mona: User, client: Client, django_capture_on_commit_callbacks: Any
) -> None:
    client.force_login(mona)
    page = f"/admin/training/trainingrun/{run.pk}/change/"
    assertContains(client.get(page), "No learning curve was drawn")
    with django_capture_on_commit_callbacks(execute=True):
        told = client.post(f"/admin/training/trainingrun/{run.pk}/curve/", follow=True)
    assertContains(told, "waits for the training queue")
    (job,) = OrmQ.objects.all()
    assert (job.key, job.func(), job.args()) == (
        "training", "training.tasks.draw_learning_curve", (run.dataset_id,),
    )  # fmt: skip


def test_the_page_of_a_run_shows_the_curve_as_drawing_table_and_answer(
    run: TrainingRun, mona: User, client: Client
) -> None:
    LearningCurve.objects.create(dataset=run.dataset, backbone=BACKBONE, points=STEEP)
    LearningCurve.objects.create(dataset=run.dataset, backbone="vgg16", points=[point(9, 0.1)])
    client.force_login(mona)
    page = client.get(f"/admin/training/trainingrun/{run.pk}/change/")
    assertContains(page, "Not yet: more curated photos still pay.")
    assertContains(page, "<polyline", count=4)
    assertContains(page, "<td>78.0 %</td>", html=True, count=2)
    assertNotContains(page, "style=")
    assertNotContains(page, "10.0 %")


def test_a_run_without_a_dataset_has_no_curve_and_nobody_else_asks_for_one(
    run: TrainingRun, alice: User, mona: User, client: Client
) -> None:
    address = f"/admin/training/trainingrun/{run.pk}/curve/"
    client.force_login(alice)
    assert client.post(address).status_code == 302
    client.force_login(mona)
    assert client.get(address).status_code == 405
    assert client.post("/admin/training/trainingrun/999/curve/").status_code == 404
    TrainingRun.objects.update(dataset=None)
    assertContains(client.post(address, follow=True), "froze no dataset")
    assertNotContains(
        client.get(f"/admin/training/trainingrun/{run.pk}/change/"), "labelled enough"
    )
    assert not OrmQ.objects.exists()
