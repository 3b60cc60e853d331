"""What can be asked of a fine-tuning, and what is answered to what cannot."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django_q.models import OrmQ
from pytest_django import Settings
from pytest_django.asserts import assertContains

from gallery.models import User
from training.checks import check_fine_tuning
from training.learning.fine_tuning.task import Augmentation, BrokenTask
from training.models import RunState, TrainingRun
from training.options import RetrainOptions
from training.tuning.wishes import TuningWish, switched_off, tuning_settings, wish_of_this_site

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--blocks", "2"], "--blocks concerns fine-tuning only"),
        (["--no-flip", "--fresh"], "--fresh, --no-flip concern fine-tuning only"),
        (["--fine-tune", "--blocks", "0"], "at least one block"),
        (["--fine-tune", "--epochs", "0"], "between 1 and 100"),
        (["--fine-tune", "--epochs", "1000"], "between 1 and 100"),
        (["--fine-tune", "--backbone", "efficientnet_lite0+1a2b3c4d"], "starts from the original"),
        (["--fine-tune", "--backbone", "resnet"], "no backbone 'resnet'"),
        (["--fine-tune", "--contact-sheet", "nowhere/s.jpg"], "contact sheet cannot be written"),
        (["--fine-tune", "--queue", "--contact-sheet", "s.jpg"], "page in the admin"),
        (["--fine-tune", "--queue", "--dry-run"], "cannot be combined"),
    ],
)
def test_a_wrong_wish_is_answered_with_a_sentence(arguments: list[str], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("retrain", *arguments)
    assert not TrainingRun.objects.exists()


def test_every_variation_can_be_switched_off() -> None:
    without = ["flip", "crop", "brightness", "contrast", "rotation"]
    told = tuning_settings(blocks=3, epochs=2, without=without)
    assert (told.blocks, told.epochs) == (3, 2)
    assert told.augmentation == Augmentation(False, 1.0, 0.0, 0.0, 0.0)
    assert switched_off(told) == without
    assert switched_off(tuning_settings(without=[])) == []


def test_a_wish_outlives_the_row_of_its_run() -> None:
    wish = TuningWish(tuning_settings(blocks=2, without=["flip"]), fresh=True)
    run = TrainingRun.objects.create(options=RetrainOptions(tuning=wish).as_json())
    run.refresh_from_db()
    assert RetrainOptions.of(run).tuning == wish
    assert RetrainOptions.of(TrainingRun()).tuning is None
    with pytest.raises(BrokenTask):
        TuningWish.of_json({"settings": {"blocks": 1}})


def test_the_queue_takes_it(django_capture_on_commit_callbacks: Any, settings: Settings) -> None:
    settings.EYES_FINE_TUNE_WITHOUT = ["rotation"]
    with django_capture_on_commit_callbacks(execute=True):
        call_command(
            "retrain", "--fine-tune", "--blocks", "4", "--no-flip", "--queue", "--no-promote",
            stdout=io.StringIO(),
        )  # fmt: skip
        call_command("retrain", "--queue", stdout=io.StringIO())
    plain, tuned = TrainingRun.objects.all()
    options = RetrainOptions.of(tuned)
    assert options.tuning is not None and options.promote is False
    assert options.tuning.settings.blocks == 4
    assert switched_off(options.tuning.settings) == ["flip", "rotation"]
    assert RetrainOptions.of(plain).tuning is None
    assert {job.key for job in OrmQ.objects.all()} == {"training"}


def test_an_unknown_variation_is_said_at_start(settings: Settings) -> None:
    assert check_fine_tuning(None) == []
    settings.EYES_FINE_TUNE_WITHOUT = ["mirror"]
    (problem,) = check_fine_tuning(None)
    assert (problem.id, "mirror" in problem.msg) == ("training.E003", True)
    with pytest.raises(CommandError, match="mirror"):
        call_command("retrain", "--fine-tune")


@pytest.mark.parametrize("wish", ["auto", "CPU", "2", "gpu:0", "gpu:0, gpu:1"])
def test_devices_that_a_machine_may_have(settings: Settings, wish: str) -> None:
    settings.EYES_DEVICES = wish
    assert check_fine_tuning(None) == []


@pytest.mark.parametrize("wish", ["", "0", "gpu", "gpu:0;gpu:1", "tpu:0", "-1"])
def test_devices_that_no_machine_has_are_said_at_start(settings: Settings, wish: str) -> None:
    settings.EYES_DEVICES = wish
    (problem,) = check_fine_tuning(None)
    assert (problem.id, repr(wish) in problem.msg) == ("training.E004", True)
    with pytest.raises(CommandError, match="EYES_DEVICES"):
        call_command("retrain", "--fine-tune")
    assert not TrainingRun.objects.exists()


def test_with_nothing_to_learn_nothing_is_tuned() -> None:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("retrain", "--fine-tune", stdout=out)
    assert ended.value.code == 3
    assert "There is nothing to learn from." in out.getvalue()


def test_a_moderator_asks_with_a_button(client: Client, mona: User, alice: User) -> None:
    address = "/admin/training/trainingrun/fine-tune/"
    client.force_login(alice)
    assert client.post(address).status_code == 302, "to the log-in"
    assert not TrainingRun.objects.exists()
    client.force_login(mona)
    assertContains(client.get("/admin/training/trainingrun/"), "Fine-tune now")
    assert client.get(address).status_code == 405
    client.post(address)
    run = TrainingRun.objects.get()
    assert (run.state, run.asked_by) == (RunState.QUEUED, mona)
    assert RetrainOptions.of(run).tuning == wish_of_this_site()
