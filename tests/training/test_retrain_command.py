"""`manage.py retrain` where nothing has to be learnt: answers, exit codes, bad options."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as settings_of_project
from django.core.management import CommandError, call_command
from django_q.models import OrmQ
from pytest_django import Settings

from gallery.models import User
from tests.training.classroom import teach_world
from training.models import RunState, TrainingRun
from training.services import begin_run


def retrain(*arguments: str) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of the command."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("retrain", *arguments, stdout=out, stderr=err)
    return int(ended.value.code or 0), out.getvalue(), err.getvalue()


@pytest.mark.django_db
def test_an_empty_site_ends_with_3_and_says_so(tmp_path: Path) -> None:
    told = tmp_path / "report.json"
    code, out, _ = retrain("--json", str(told))
    assert code == 3
    assert "There is nothing to learn from. No curated tag is on any photo yet." in out
    report: dict[str, Any] = json.loads(told.read_text())
    assert report["version"] is None
    assert report["promoted"] is False
    assert report["dataset"] == {"photos": 0, "tags": 0, "sha256": None}
    assert report["metrics"]["per_tag"] == {}
    assert set(report["seconds"]) == {
        "snapshot", "train", "evaluate", "publish", "retag", "total"
    }  # fmt: skip
    assert TrainingRun.objects.get().state == RunState.NOTHING
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["report.json"]


@pytest.mark.django_db
def test_what_is_missing_is_told_per_tag(alice: User) -> None:
    teach_world(alice, ["heron"], each=14)
    code, out, _ = retrain("--json", "-")
    assert code == 3
    assert json.loads(out)["missing"] == {"heron": "14 of 20 curated photos"}
    code, out, _ = retrain()
    assert "heron: 14 of 20 curated photos" in out


def test_with_nothing_to_learn_tensorflow_is_not_imported(tmp_path: Path) -> None:
    script = (
        "import sys, django\n"
        "django.setup()\n"
        "from django.core.management import call_command\n"
        "call_command('migrate', verbosity=0)\n"
        "try:\n"
        "    call_command('retrain')\n"
        "except SystemExit as ended:\n"
        "    print('code', ended.code)\n"
        "heavy = {'tensorflow', 'keras', 'onnxruntime'} & set(sys.modules)\n"
        "print('heavy', sorted(heavy))\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=settings_of_project.BASE_DIR,
        env={
            "PATH": "/usr/bin:/bin",
            "DJANGO_SETTINGS_MODULE": "eyes.settings",
            "DATABASE_URL": f"sqlite:///{tmp_path / 'empty.sqlite3'}",
            "EYES_STATE_DIR": str(tmp_path / "state"),
            "EYES_MODELS_STORE": str(tmp_path / "store"),
            "EYES_MEDIA_ROOT": str(tmp_path / "media"),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.splitlines()[-2:] == ["code 3", "heavy []"]


@pytest.mark.django_db
def test_a_second_start_fails_with_a_clear_message(tmp_path: Path) -> None:
    begin_run(backbone="efficientnet_lite0", options={})
    told = tmp_path / "report.json"
    code, out, err = retrain("--json", str(told))
    assert code == 1
    assert out == ""
    assert "is under way since" in err
    assert json.loads(told.read_text())["promoted"] is False
    assert TrainingRun.objects.count() == 1


@pytest.mark.django_db
def test_an_unknown_backbone_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CommandError, match=r"no backbone 'resnet'.*efficientnet_lite0"):
        call_command("retrain", "--backbone", "resnet")
    assert not TrainingRun.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize("place", ["nowhere/report.json", "."])
def test_a_report_that_cannot_be_written_is_refused_before_any_work(
    tmp_path: Path, place: str
) -> None:
    with pytest.raises(CommandError, match="cannot be written"):
        call_command("retrain", "--json", str(tmp_path / place))
    assert not TrainingRun.objects.exists()


@pytest.mark.django_db
def test_queue_hands_the_run_to_the_training_cluster_and_returns(
    django_capture_on_commit_callbacks: Any, tmp_path: Path
) -> None:
    out = io.StringIO()
    told = tmp_path / "report.json"
    with django_capture_on_commit_callbacks(execute=True):
        call_command("retrain", "--queue", "--no-promote", "--json", str(told), stdout=out)
    run = TrainingRun.objects.get()
    assert run.state == RunState.QUEUED
    assert run.options["promote"] is False
    assert [job.key for job in OrmQ.objects.all()] == ["training"]
    assert json.loads(told.read_text()) == {"queued": True, "run": run.pk}
    assert f"Run {run.pk} waits" in out.getvalue()


@pytest.mark.django_db
def test_a_dry_run_cannot_be_queued() -> None:
    with pytest.raises(CommandError, match="cannot be combined"):
        call_command("retrain", "--queue", "--dry-run")


@pytest.mark.django_db
def test_a_run_that_does_not_exist_is_refused() -> None:
    with pytest.raises(CommandError, match="There is no training run 77"):
        call_command("retrain", "--run", "77")


@pytest.mark.django_db
def test_a_queued_run_is_carried_out_once(settings: Settings) -> None:
    run = TrainingRun.objects.create(options={"promote": True})
    code, _, _ = retrain("--run", str(run.pk))
    assert code == 3
    run.refresh_from_db()
    assert run.state == RunState.NOTHING
    assert run.backbone == settings.EYES_BACKBONE
    code, _, err = retrain("--run", str(run.pk))
    assert code == 1
    assert "was already started" in err
    run.refresh_from_db()
    assert run.state == RunState.NOTHING


@pytest.mark.django_db
def test_a_queued_run_that_finds_the_place_taken_ends_as_failed() -> None:
    begin_run(backbone="efficientnet_lite0", options={})
    run = TrainingRun.objects.create()
    code, _, _ = retrain("--run", str(run.pk))
    assert code == 1
    run.refresh_from_db()
    assert run.state == RunState.FAILED
    assert "is under way since" in run.reason
