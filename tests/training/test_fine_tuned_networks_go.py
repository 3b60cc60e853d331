"""What is left of fine-tuned networks and of photos when something is killed or taken back."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from gallery.models import User
from tagging.backbones.weights import BackboneUnavailable
from tagging.models import Content, Embedding, ModelVersion
from tagging.policy import COMMUNITY
from tests.training.classroom import BACKBONE, teach_world
from training.learning.examples import TEST, TRAIN
from training.models import RunState, TrainingRun, Tuning
from training.snapshot import memorised_by, store_snapshot, take_snapshot, taught_by
from training.tasks import tidy_fine_tunings
from training.tuning import story
from training.tuning.due import reason_to_fine_tune
from training.tuning.folders import folder_of
from training.tuning.lineage import prune_networks

pytestmark = pytest.mark.django_db

TUNED = f"{BACKBONE}+1a2b3c4d"


def tuning(state: RunState, backbone: str = TUNED) -> Tuning:
    """Return a fine-tuning on everything that is known now; its run is in this state."""
    _, dataset = store_snapshot(COMMUNITY, BACKBONE)
    run = TrainingRun.objects.create(state=state, dataset=dataset, backbone=backbone or BACKBONE)
    return Tuning.objects.create(
        run=run,
        base=BACKBONE,
        dataset=dataset,
        photos=len(taught_by(dataset).photos),
        backbone=backbone,
        contact_sheet=b"\xff\xd8\xff\xd9",
    )


def add_vector(backbone: str = TUNED) -> None:
    content = Content.objects.first()
    assert content is not None
    Embedding.objects.create(content=content, backbone=backbone, vector=b"\0" * 8)


def test_what_a_killed_run_brought_into_the_store_is_removed(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    made = tuning(RunState.RUNNING)
    add_vector()
    assert prune_networks() == [], "a run that goes on is going to publish it"
    TrainingRun.objects.update(state=RunState.FAILED)
    assert prune_networks() == [TUNED]
    made.refresh_from_db()
    assert made.removed_at is not None
    assert not Embedding.objects.of_backbone(TUNED).exists()
    assert Embedding.objects.of_backbone(BACKBONE).count() == 48


def test_nobody_has_to_ask_for_another_run_to_be_rid_of_a_killed_one(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    made = tuning(RunState.RUNNING)
    TrainingRun.objects.update(heartbeat_at=timezone.now() - timedelta(days=8))
    copies = folder_of(made.run)
    copies.mkdir(parents=True)
    assert tidy_fine_tunings().startswith("1 left fine-tunings")
    assert not copies.exists()
    assert TrainingRun.objects.get().state == RunState.FAILED
    assert prune_networks() == [TUNED]


def test_a_kill_between_store_and_row_leaves_nothing_unknown(
    alice: User, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_world(alice, ["cat", "dog"])
    made = tuning(RunState.RUNNING, "")
    weights = tmp_path / "tuned.weights.h5"
    weights.write_bytes(b"weights")

    def be_killed(*_arguments: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(story, "install_tuned", be_killed)
    with pytest.raises(KeyboardInterrupt):
        story._install(made, weights, tmp_path, "fine-tuned")
    made.refresh_from_db()
    assert made.backbone.startswith(f"{BACKBONE}+")
    TrainingRun.objects.update(state=RunState.FAILED)
    assert prune_networks() == [made.backbone]


def test_weights_that_are_none_leave_no_name(alice: User, tmp_path: Path) -> None:
    teach_world(alice, ["cat", "dog"])
    made = tuning(RunState.RUNNING, "")
    (tmp_path / "tuned.weights.h5").write_bytes(b"no weights at all")
    with pytest.raises(BackboneUnavailable):
        story._install(made, tmp_path / "tuned.weights.h5", tmp_path / "store", "fine-tuned")
    made.refresh_from_db()
    assert made.backbone == ""


def test_vectors_written_while_their_network_was_removed_go_with_the_next_look(
    alice: User,
) -> None:
    teach_world(alice, ["cat", "dog"])
    Tuning.objects.filter(pk=tuning(RunState.FAILED).pk).update(removed_at=timezone.now())
    add_vector()
    assert prune_networks() == [TUNED]
    assert prune_networks() == []
    assert not Embedding.objects.of_backbone(TUNED).exists()


def test_a_network_that_another_version_reads_stays(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    tuning(RunState.PROMOTED)
    for number, pruned_at in ((1, timezone.now()), (2, None)):
        ModelVersion.objects.create(
            number=number, backbone=TUNED, labels=["cat"], pruned_at=pruned_at
        )
    assert prune_networks() == []
    ModelVersion.objects.update(pruned_at=timezone.now())
    assert prune_networks() == [TUNED]


def test_a_network_whose_run_failed_before_it_went_live_is_due_again(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    teach_world(alice, ["cat", "dog"])
    policy = COMMUNITY.__class__(**{**vars(COMMUNITY), "tuning_photos": 30})
    made = tuning(RunState.REFUSED)
    Tuning.objects.update(finished_at=timezone.now())
    assert reason_to_fine_tune(policy) is None
    TrainingRun.objects.update(state=RunState.FAILED)
    assert "nothing has yet" in (reason_to_fine_tune(policy) or "")
    assert made.pk in Tuning.objects.counted(TUNED).values_list("pk", flat=True), "it serves"


@pytest.mark.parametrize("what", ["deleted", "withheld"])
def test_a_sheet_is_not_shown_any_more_once_a_photo_is_taken_back(
    alice: User, mona: User, client: Client, what: str
) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    made = tuning(RunState.RUNNING)
    page = f"/admin/training/trainingrun/{made.run_id}/change/"
    sheet = page.replace("change", "contact-sheet")
    client.force_login(mona)
    assert client.get(sheet).status_code == 200
    assertContains(client.get(page), sheet)
    taught = set(taught_by(made.dataset).photos)
    image = next(image for image in photos["cat"] if image.sha256 in taught)
    if what == "deleted":
        image.delete()
    else:
        image.teaches = False
        image.save()
    assert client.get(sheet).status_code == 404
    assertNotContains(client.get(page), sheet)
    assert tidy_fine_tunings().endswith(" and 1 contact sheets removed.")
    made.refresh_from_db()
    assert made.contact_sheet is None


def test_sheets_do_not_stay_for_ever(alice: User) -> None:
    teach_world(alice, ["cat", "dog"])
    made = tuning(RunState.PROMOTED)
    assert tidy_fine_tunings().endswith(" and 0 contact sheets removed.")
    Tuning.objects.update(created_at=timezone.now() - timedelta(days=8))
    assert tidy_fine_tunings().endswith(" and 1 contact sheets removed.")
    made.refresh_from_db()
    assert made.contact_sheet is None


def test_bytes_that_taught_a_network_never_judge_when_they_come_back(alice: User) -> None:
    photos = teach_world(alice, ["cat", "dog"])
    made = tuning(RunState.PROMOTED)
    taught = set(taught_by(made.dataset).photos)
    # As after a deletion and another upload: no group remembers a side.
    Content.objects.update(straddles=False)
    for content in Content.objects.select_related("group"):
        content.group.side = ""
        content.group.save()
    again = take_snapshot(COMMUNITY, BACKBONE).examples
    judging = {again.photos[row] for row in again.rows_on(TEST)}
    assert judging and not judging & taught
    known = memorised_by(TUNED, again.photos)
    learnt = {photo for photo, is_known in zip(again.photos, known, strict=True) if is_known}
    first = taught_by(made.dataset)
    assert learnt == {first.photos[row] for row in first.rows_on(TRAIN)}
    assert not memorised_by(BACKBONE, again.photos).any()
    # A former test photo's group judges, and one that taught is found to be its twin: it stays out.
    twin = Content.objects.get(sha256=next(iter(taught)))
    twin.group.side = TEST
    twin.group.save()
    assert twin.sha256 not in take_snapshot(COMMUNITY, BACKBONE).examples.photos
    made.removed_at = timezone.now()
    made.save()
    assert twin.sha256 in take_snapshot(COMMUNITY, BACKBONE).examples.photos
    assert photos and TRAIN in again.sides
