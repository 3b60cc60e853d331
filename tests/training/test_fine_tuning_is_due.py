"""When the network itself is taught without anybody asking."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks, Settings
from pytest_django.asserts import assertContains

from gallery.models import Image, User
from tagging.models import ModelVersion, Promotion, VersionState
from tagging.policy import COMMUNITY
from tests.training.classroom import BACKBONE, teach_world
from training.models import RunState, TrainingRun, Tuning
from training.snapshot import store_snapshot, taught_by
from training.tasks import fine_tune_if_due
from training.triggers import reason_to_retrain
from training.tuning.due import reason_to_fine_tune
from training.tuning.lineage import networks_to_redo
from training.tuning.wishes import TuningWish, switched_off

pytestmark = pytest.mark.django_db

FEW = replace(COMMUNITY, tuning_photos=30)
TUNED = f"{BACKBONE}+1a2b3c4d"


def tuned(backbone: str = TUNED, state: RunState = RunState.PROMOTED) -> Tuning:
    """Return a fine-tuning, at its end, on everything that is known now."""
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    run = TrainingRun.objects.create(
        state=state, dataset=dataset, backbone=backbone or BACKBONE, started_at=timezone.now()
    )
    return Tuning.objects.create(
        run=run,
        base=BACKBONE,
        dataset=dataset,
        photos=len(taught_by(dataset).photos),
        backbone=backbone,
        finished_at=timezone.now(),
    )


def live_on(backbone: str) -> ModelVersion:
    """Return a version on this backbone that is live; nothing here looks at its files."""
    version = ModelVersion.objects.create(
        number=1, backbone=backbone, state=VersionState.PROMOTED, labels=["cat", "dog"]
    )
    Promotion.objects.create(version=version)
    return version


def test_nothing_is_due_where_nothing_can_be_learnt() -> None:
    assert reason_to_fine_tune(FEW) is None
    assert fine_tune_if_due() == "Too little new to teach the network itself."
    assert not TrainingRun.objects.exists()


def test_the_first_time_takes_enough_photos(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    assert reason_to_fine_tune(COMMUNITY) is None
    why = reason_to_fine_tune(FEW)
    assert why is not None and "nothing has yet" in why
    photos = int(why.split()[0])
    assert 30 <= photos < 48, "test photos do not teach"


def test_after_that_it_takes_a_fifth_more(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    tuned("", RunState.REFUSED)
    assert reason_to_fine_tune(FEW) is None
    teach_world(alice, ["cat", "dog"], each=2, first=100)
    assert reason_to_fine_tune(FEW) is None
    teach_world(alice, ["cat", "dog"], each=10, first=200)
    assert "did last time" in (reason_to_fine_tune(FEW) or "")


def test_one_that_was_killed_counts_for_nothing(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    Tuning.objects.filter(pk=tuned("", RunState.FAILED).pk).update(finished_at=None)
    assert reason_to_fine_tune(FEW) is not None


def test_a_run_that_only_found_it_no_better_does_not_stand_for_a_lesson(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    tuned("", RunState.REFUSED)
    assert reason_to_retrain(COMMUNITY) == "nothing was taught yet."


def test_a_photo_taken_back_from_the_live_network_is_reason_enough(
    alice: User, settings: Settings, capsys: pytest.CaptureFixture[str], client: Client, mona: User
) -> None:
    photos = teach_world(alice, ["cat", "dog"], each=40)
    tuning = tuned()
    live_on(TUNED)
    for image in Image.objects.all():
        copy_vector(image)
    assert reason_to_fine_tune(COMMUNITY) is None
    assert networks_to_redo() == []
    taught = set(taught_by(tuning.dataset).photos)
    gone = [image for image in photos["cat"] if image.sha256 in taught][:2]
    gone[0].delete()
    gone[1].teaches = False
    gone[1].save()
    (network,) = networks_to_redo()
    assert (network.backbone, network.photos, network.is_live) == (TUNED, 2, True)
    assert reason_to_fine_tune(COMMUNITY) == network.sentence
    assert "has learnt from 2 photos that were since taken back" in network.sentence
    call_command("models", "list")
    assert network.sentence in capsys.readouterr().out
    client.force_login(mona)
    assertContains(client.get("/admin/tagging/modelversion/"), network.sentence)
    assertContains(
        client.get(f"/admin/training/trainingrun/{tuning.run_id}/change/"),
        "2 of its photos were taken back since",
    )
    settings.EYES_FINE_TUNE = "never"
    assert "Monday" not in networks_to_redo()[0].sentence


def test_a_test_photo_taken_back_is_no_reason(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    tuning = tuned()
    live_on(TUNED)
    Image.objects.exclude(sha256__in=taught_by(tuning.dataset).photos).delete()
    assert networks_to_redo() == []


def test_the_run_is_asked_for_with_the_wishes_of_this_site(
    alice: User,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    settings.EYES_FINE_TUNE_WITHOUT = ["flip", "Rotation"]
    monkeypatch.setattr("training.tasks.current_policy", lambda: FEW)
    teach_world(alice, ["cat", "dog"])
    with django_capture_on_commit_callbacks(execute=True):
        assert "asked for" in fine_tune_if_due()
        fine_tune_if_due()
    run = TrainingRun.objects.get()
    assert {job.key for job in OrmQ.objects.all()} == {"training"}
    wish = TuningWish.of_json(run.options["tuning"])
    assert switched_off(wish.settings) == ["flip", "rotation"]
    assert not wish.fresh


def copy_vector(image: Image) -> None:
    """Give a photo a vector in the space of the tuned network as well."""
    from tagging.models import Embedding

    known = Embedding.objects.get(content__sha256=image.sha256, backbone=BACKBONE)
    Embedding.objects.create(content=known.content, backbone=TUNED, vector=known.vector)
