"""Retraining with the real network underneath and made-up vectors above it."""

from __future__ import annotations

import errno
import json
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django_q.models import OrmQ
from pytest_django import Settings
from pytest_django.asserts import assertContains

from gallery.models import User
from tagging.models import ModelVersion, Promotion, Suggestion, Tag, TwinGroup, VersionState
from tagging.policy import COMMUNITY, PRESETS, PUBLIC
from tagging.registry import live_version
from tagging.version_files import UNFINISHED, verify_files
from tests.training.classroom import (
    add_photo,
    made_up_examples,
    manage,
    teach_world,
    vector_for,
)
from training import going_live, pipeline
from training.learning.lesson import balanced, loss_weights, teach
from training.models import DatasetVersion, RunState, TrainingRun
from training.options import RetrainOptions
from training.publishing import Judged, publish_version
from training.report import RetrainReport
from training.runner import carry_out
from training.services import begin_run
from training.tuning.folders import tunings_folder

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]


def run_now(**options: bool) -> RetrainReport:
    wishes = RetrainOptions(**options)
    run = begin_run(backbone="efficientnet_lite0", options=wishes.as_json())
    return carry_out(run, wishes)


def test_a_taught_tag_goes_live_and_reaches_photos_nobody_tagged(
    alice: User, network_store: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    untagged = add_photo(alice, "stranger", vector_for("moss", 999))
    report = run_now()
    assert report.promoted, report.reason
    assert report.reason.startswith("It learnt 2 new tags: brick (F1 ")
    version = live_version()
    assert version.number == report.version == 1
    assert version.labels == ["brick", "moss"]
    verify_files(version.directory, version.sha256)
    shown = Suggestion.objects.shown().filter(image=untagged, source="trained")
    assert [suggestion.tag.name for suggestion in shown] == ["moss"]
    waiting = {job.func() for job in OrmQ.objects.all()}
    # The library is tagged already; what it is unsure of now is asked.
    assert waiting == {"training.tasks.tell_contributors", "training.tasks.fill_review_queue"}
    run = TrainingRun.objects.get()
    assert (run.state, run.version, run.percent) == (RunState.PROMOTED, version, 100)
    assert run.report["metrics"]["per_tag"]["brick"]["f1"] == 1.0
    assert "Version 1 is live." in run.log


def test_what_it_changes_is_counted_before_it_goes_live_and_stands_in_the_report(
    alice: User, network_store: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    add_photo(alice, "stranger", vector_for("moss", 999))
    report = run_now()
    assert report.preview is not None
    assert report.preview.against == 0
    assert report.preview.per_tag["moss"] == [1, 0], "on 24 photos people have said it already"
    assert f"It changes {report.preview.sentence}" in report.as_text()
    run = TrainingRun.objects.get()
    assert run.report["preview"]["gained"] == report.preview.gained
    assert "owners" not in run.report["preview"]
    assert live_version().preview["per_tag"]["moss"] == [1, 0]
    assert run_now().preview is None, "refused: it changes nothing"


def test_a_version_that_waits_for_a_decision_is_previewed_by_a_job(
    alice: User, network_store: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    run_now(promote=False)
    assert [job.func() for job in OrmQ.objects.all()] == ["tagging.tasks.preview_version"]


def test_files_that_vanish_between_judging_and_promotion_stop_the_promotion(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_world(alice, ["brick", "moss"])
    real = pipeline.publish_version

    def publish_and_lose(judged: pipeline.Judged) -> ModelVersion:
        version = real(judged)
        shutil.rmtree(version.directory)
        return version

    monkeypatch.setattr(pipeline, "publish_version", publish_and_lose)
    copies = tunings_folder() / "1"
    copies.mkdir(parents=True)
    with monkeypatch.context() as patch:
        patch.setattr(going_live, "remove_folder", lambda run: copies.rmdir())
        patch.setattr(pipeline, "remove_folder", lambda run: copies.rmdir())
        report = run_now()
    assert report.state == RunState.FAILED
    assert report.reason.startswith("Version 1 cannot go live: manifest.json is missing.")
    assert live_version().is_bootstrap
    assert copies.is_dir(), "a fine-tuning would go on there"


def test_the_published_folder_tells_what_it_is(alice: User, network_store: Path) -> None:
    teach_world(alice, ["brick", "moss"])
    run_now()
    version = live_version()
    dataset = DatasetVersion.objects.get()
    assert (version.directory / "dataset.json.gz").read_bytes() == bytes(dataset.manifest)
    assert json.loads((version.directory / "labels.json").read_text()) == ["brick", "moss"]
    thresholds = json.loads((version.directory / "thresholds.json").read_text())
    assert 0.25 <= thresholds["moss"]["suggest"] <= thresholds["moss"]["show"] <= 1
    metrics = json.loads((version.directory / "metrics.json").read_text())
    assert metrics == json.loads(json.dumps(version.metrics))
    assert metrics["taught"]["moss"] == {"present": 24, "absent": 24}
    card = (version.directory / "card.md").read_text()
    assert "A linear head of 2 tags on the frozen backbone efficientnet_lite0" in card
    assert dataset.sha256 in card


def test_teaching_the_same_again_is_refused_and_the_live_version_stays(
    alice: User, network_store: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    run_now()
    report = run_now()
    assert report.state == RunState.REFUSED
    assert report.reason == "Nothing got better by +0.3 points or more."
    assert live_version().number == 1
    assert ModelVersion.objects.get(number=2).state == VersionState.REFUSED
    assert DatasetVersion.objects.count() == 1


def test_a_new_tag_extends_what_is_known(alice: User, network_store: Path) -> None:
    teach_world(alice, ["brick", "moss"])
    run_now()
    teach_world(alice, ["brick", "moss", "slate"], first=50)
    report = run_now()
    assert report.promoted, report.reason
    assert report.reason.startswith("It learnt 1 new tag: slate")
    assert live_version().labels == ["brick", "moss", "slate"]


def test_a_dry_run_keeps_nothing(alice: User, network_store: Path) -> None:
    teach_world(alice, ["brick", "moss"])
    report = run_now(dry_run=True)
    assert report.state == RunState.KEPT
    assert report.reason.startswith("It would be promoted: It learnt 2 new tags")
    assert report.figures is not None and report.version is None
    assert not DatasetVersion.objects.exists()
    assert not TwinGroup.objects.exclude(side="").exists()
    assert not ModelVersion.objects.exclude(number=0).exists()
    assert [path.name for path in network_store.iterdir()] == ["backbones"]


def test_no_promote_publishes_and_leaves_the_live_version(alice: User, network_store: Path) -> None:
    teach_world(alice, ["brick", "moss"])
    report = run_now(promote=False)
    assert (report.state, report.version, report.promoted) == (RunState.KEPT, 1, False)
    assert ModelVersion.objects.get(number=1).state == VersionState.CANDIDATE
    assert live_version().is_bootstrap


def test_a_word_forbidden_while_the_run_was_under_way_does_not_go_live(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_world(alice, ["brick", "moss"])

    def forbid_meanwhile(*arguments: object, **options: object) -> object:
        Tag.objects.filter(name="moss").update(never_show=True)
        return teach(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(pipeline, "teach", forbid_meanwhile)
    report = run_now()
    assert report.state == RunState.REFUSED
    assert report.reason == "It would say what a machine must never say: moss."


def test_a_candidate_whose_folder_vanishes_after_it_was_judged_is_not_promoted(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_world(alice, ["brick", "moss"])
    run_now()
    teach_world(alice, ["brick", "moss", "slate"], first=50)

    def publish_and_lose(judged: Judged) -> ModelVersion:
        version = publish_version(judged)
        shutil.rmtree(version.directory)
        return version

    monkeypatch.setattr(pipeline, "publish_version", publish_and_lose)
    report = run_now()
    assert report.state == RunState.FAILED
    assert report.reason.startswith("Version 2 cannot go live: ")
    assert report.reason.endswith("The present one stays.")
    run = TrainingRun.objects.order_by("pk").last()
    assert run is not None
    assert run.reason == report.reason
    assert report.reason in run.log
    assert live_version().number == 1
    assert ModelVersion.objects.get(number=2).state == VersionState.DAMAGED
    monkeypatch.undo()
    assert run_now().version == 3
    assert live_version().number == 3


def test_a_public_site_publishes_a_candidate_and_leaves_the_last_word_to_a_moderator(
    alice: User, mona: User, client: Client, network_store: Path, settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    teach_world(alice, ["brick", "moss"])
    run_now()
    # Fewer people than a public site asks for; everything about the gate is public.
    lenient = replace(
        PUBLIC, learnable_photos=20, learnable_uploaders=1, most_of_tag=1.0, most_of_set=1.0,
        splits_by_uploader=False, judges_double_checked_only=False,
    )  # fmt: skip
    monkeypatch.setitem(PRESETS, "public", lenient)
    settings.EYES_POLICY = "public"
    teach_world(alice, ["brick", "moss", "slate"], first=50)
    assert run_now(dry_run=True).reason.startswith("A moderator would decide: ")
    report = run_now()
    assert (report.state, report.version, report.promoted) == (RunState.AWAITING, 2, False)
    assert "A moderator decides. It learnt 1 new tag: slate" in report.reason
    assert report.as_json()["state"] == "awaiting"
    assert "Version 2 waits for a moderator" in report.as_text()
    version = ModelVersion.objects.get(number=2)
    assert (version.state, version.summary) == (VersionState.CANDIDATE, report.reason)
    assert live_version().number == 1
    page = client.get("/models/2/")
    assertContains(page, "A moderator decides:")
    assertContains(client.get("/models/"), "a moderator decides")
    client.force_login(mona)
    client.post(f"/admin/tagging/modelversion/{version.pk}/promote/")
    assert live_version() == version


@pytest.mark.parametrize("place", ["teach", "publish_version", "promote_version"])
def test_a_crash_anywhere_leaves_the_old_version_serving(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    teach_world(alice, ["brick", "moss"])
    run_now()
    teach_world(alice, ["brick", "moss", "slate"], first=50)

    def crash(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("the roof fell in")

    monkeypatch.setattr(going_live if place == "promote_version" else pipeline, place, crash)
    report = run_now()
    assert report.state == RunState.FAILED
    assert report.reason == "RuntimeError: the roof fell in"
    assert live_version().number == 1
    verify_files(live_version().directory, live_version().sha256)
    assert Promotion.objects.count() == 1
    monkeypatch.undo()
    assert run_now().promoted


def test_a_crash_while_re_tagging_leaves_a_job_that_finishes_it(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_world(alice, ["brick", "moss"])

    def crash(**_options: object) -> None:
        raise RuntimeError("the roof fell in")

    monkeypatch.setattr(going_live, "retag_library", crash)
    assert run_now().state == RunState.FAILED
    assert live_version().number == 1
    assert [job.func() for job in OrmQ.objects.order_by("pk")] == [
        "training.tasks.tell_contributors",
        "tagging.tasks.retag_library",
    ]


def test_left_overs_of_a_killed_run_are_cleaned_and_its_number_is_not_taken_again(
    alice: User, network_store: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    left_over = network_store / f".7-abc{UNFINISHED}"
    left_over.mkdir()
    (left_over / "head.npz").write_bytes(b"half")
    orphan = network_store / "4"
    orphan.mkdir()
    assert run_now().version == 5
    assert not left_over.exists()
    assert orphan.exists()


@pytest.fixture
def small_disk(network_store: Path) -> Iterator[Path]:
    """This test's models store on a file system of its own that is almost full."""
    kept = network_store.with_name("kept")
    network_store.rename(kept)
    network_store.mkdir()
    size = sum(path.stat().st_size for path in kept.rglob("*")) // 1024 + 2048
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(network_store)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("Mounting is not allowed here.")
    try:
        shutil.copytree(kept / "backbones", network_store / "backbones")
        yield network_store
    finally:
        subprocess.run(["umount", "-l", str(network_store)], check=True)


def fill(folder: Path) -> Path:
    """Leave a few kilobytes of room on the disk; return the file that takes the rest."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError as error:
            assert error.errno == errno.ENOSPC
        file.truncate(max(0, file.tell() - 8192))
    return filler


def test_a_full_disk_while_publishing_leaves_the_old_version_serving(
    alice: User, small_disk: Path
) -> None:
    teach_world(alice, ["brick", "moss"])
    assert run_now().promoted
    teach_world(alice, ["brick", "moss", "slate"], first=50)
    filler = fill(small_disk)
    report = run_now()
    assert report.state == RunState.FAILED
    assert "The disk is full" in report.reason
    assert "the live version stays" in report.reason
    assert live_version().number == 1
    verify_files(live_version().directory, live_version().sha256)
    assert sorted(path.name for path in small_disk.iterdir()) == ["1", "backbones", "filler"]
    assert ModelVersion.objects.filter(number__gt=0).count() == 1
    filler.unlink()
    assert run_now().version == 2


def test_a_killed_run_is_in_nobodys_way(alice: User, network_store: Path) -> None:
    teach_world(alice, ["brick", "moss"])
    process = manage("retrain")
    while not TrainingRun.objects.running().exists():
        assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    (killed,) = TrainingRun.objects.running()
    assert run_now().promoted
    killed.refresh_from_db()
    assert killed.state == RunState.FAILED
    assert killed.reason.startswith("Killed")


def test_a_stopped_run_says_so(alice: User, network_store: Path) -> None:
    teach_world(alice, ["brick", "moss"])
    process = manage("retrain")
    while not TrainingRun.objects.running().exists():
        assert process.poll() is None
    process.terminate()
    process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    run = TrainingRun.objects.get()
    assert (run.state, run.reason) == (RunState.FAILED, "Stopped by hand.")
    assert live_version().is_bootstrap


def test_a_lesson_is_learnt_without_looking_at_the_test_side() -> None:
    examples, embeddings = made_up_examples(["brick", "moss", "slate"], 40, noise=4.0)
    believed = np.zeros(examples.answers.shape, dtype=np.bool_)
    lesson = teach(examples, embeddings, believed, COMMUNITY, 1280)
    test = examples.rows_on("test")
    embeddings[test] = 0
    assert teach(examples, embeddings, believed, COMMUNITY, 1280).head.to_bytes() == (
        lesson.head.to_bytes()
    )


def test_unknown_answers_teach_little_and_nothing_where_the_network_believes() -> None:
    answers = np.array([[1, 0], [-1, 0]], dtype=np.int8)
    believed = np.array([[False, True], [False, False]])
    weights = loss_weights(answers, believed, 0.3)
    assert weights.tolist() == [[1.0, 0.0], [1.0, pytest.approx(0.3)]]


def test_a_rare_tag_weighs_as_much_as_its_absence_up_to_ten_times() -> None:
    targets = np.zeros((100, 2), dtype=np.float32)
    targets[:25, 0] = 1
    targets[:1, 1] = 1
    weights = balanced(np.ones((100, 2), dtype=np.float32), targets)
    present = (weights * targets).sum(axis=0)
    absent = (weights * (1 - targets)).sum(axis=0)
    assert present[0] == pytest.approx(absent[0])
    assert present[1] / absent[1] == pytest.approx(10 / 99)
    assert weights.mean(axis=0) == pytest.approx([1, 1], rel=1e-5)
