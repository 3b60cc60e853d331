"""Teaching the network itself was no better: nothing is published, and nights go on as before."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NoReturn

import pytest
from django.utils import timezone

from gallery.models import User
from tagging.models import ModelVersion, Promotion
from tagging.policy import COMMUNITY
from tagging.registry import live_version
from tests.training.classroom import BACKBONE, teach_world
from training import pipeline
from training.models import RunState, TrainingRun, Tuning
from training.options import RetrainOptions
from training.report import RetrainReport
from training.runner import carry_out
from training.services import begin_run
from training.snapshot import store_snapshot
from training.triggers import reason_to_retrain
from training.tuning.process import NotBetter
from training.tuning.wishes import TuningWish, tuning_settings

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]

TUNED = f"{BACKBONE}+1a2b3c4d"
WHY = "Fine-tuning did not help: on the photos that judge, none of 6 epochs was better."


def fine_tune(monkeypatch: pytest.MonkeyPatch) -> RetrainReport:
    """Return the report of a fine-tuning whose process found nothing better."""

    def find_nothing_better(*, run: TrainingRun, **_options: Any) -> NoReturn:
        assert run.dataset is not None
        Tuning.objects.create(run=run, base=run.backbone, dataset=run.dataset, photos=38)
        raise NotBetter(WHY)

    monkeypatch.setattr(pipeline, "tune", find_nothing_better)
    wishes = RetrainOptions(tuning=TuningWish(tuning_settings(without=[])))
    run = begin_run(backbone=live_version().serving_backbone, options=wishes.as_json())
    return carry_out(run, wishes)


def live_on_a_tuned_network() -> None:
    """Nothing here opens it: a version that cannot be loaded is passed over."""
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    run = TrainingRun.objects.create(state=RunState.PROMOTED, dataset=dataset, backbone=TUNED)
    Tuning.objects.create(
        run=run, base=BACKBONE, dataset=dataset, backbone=TUNED, finished_at=timezone.now()
    )
    version = ModelVersion.objects.create(number=1, backbone=TUNED, labels=["cat", "dog"])
    Promotion.objects.create(version=version)


def test_nothing_is_published_and_the_next_night_teaches_a_head(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_world(alice, ["cat", "dog"])
    report = fine_tune(monkeypatch)
    assert (report.state, report.reason) == (RunState.REFUSED, WHY)
    assert "Nothing was published; the live version stays." in report.as_text()
    assert not ModelVersion.objects.exclude(number=0).exists()
    tuning = Tuning.objects.get()
    assert tuning.finished_at is not None and tuning.backbone == ""
    assert reason_to_retrain(COMMUNITY) == "nothing was taught yet."


def test_the_original_takes_the_place_of_a_network_that_holds_what_was_taken_back(
    alice: User, network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = teach_world(alice, ["cat", "dog"], each=40)
    live_on_a_tuned_network()
    assert fine_tune(monkeypatch).state == RunState.REFUSED, "nothing was taken back"
    for image in photos["cat"][:12]:
        image.delete()
    report = fine_tune(monkeypatch)
    assert report.promoted, report.reason
    assert report.backbone == live_version().serving_backbone == BACKBONE
