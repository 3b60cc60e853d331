"""The network itself is taught, with real photos, through the command alone."""

from __future__ import annotations

import io
import json
import time
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from PIL import Image as PillowImage
from PIL import ImageFilter
from pytest_django.asserts import assertContains

from gallery.models import Image, User
from tagging.backbones.cards import get_card
from tagging.models import Embedding, ModelVersion, Promotion
from tagging.registry import live_version
from tagging.services.pruning import prune_versions
from tests.training.classroom import BACKBONE, manage
from training.learning.fine_tuning.starting import answers_to_learn
from training.learning.fine_tuning.task import CHECKPOINT_FOLDER, Answers, read_history
from training.models import DatasetVersion, RunState, TrainingRun, Tuning
from training.options import RetrainOptions
from training.report import RetrainReport
from training.runner import carry_out
from training.services import begin_run
from training.snapshot import taught_by
from training.tuning import story
from training.tuning.folders import tunings_folder
from training.tuning.photos import readable_photos
from training.tuning.process import epochs_in
from training.tuning.wishes import TuningWish, tuning_settings

pytestmark = [pytest.mark.network, pytest.mark.django_db(transaction=True)]

EACH = 24
KINDS = ("dots", "stripes")


def picture(kind: str, number: int) -> bytes:
    """Return a noisy picture of one of two kinds that a network tells apart with some effort."""
    random = np.random.default_rng([KINDS.index(kind), number])
    canvas = random.integers(60, 190, (96, 128, 3)).astype(np.float64)
    rows, columns = np.mgrid[:96, :128]
    if kind == "dots":
        for _ in range(14):
            y, x = random.integers(0, 96), random.integers(0, 128)
            canvas[(rows - y) ** 2 + (columns - x) ** 2 < 20] += random.choice([-70, 70])
    else:
        angle = random.uniform(0, np.pi)
        wave = np.sin((rows * np.sin(angle) + columns * np.cos(angle)) / random.uniform(2, 3))
        canvas += 30 * wave[..., None]
    photo = PillowImage.fromarray(canvas.clip(0, 255).astype(np.uint8))
    photo = photo.filter(ImageFilter.GaussianBlur(0.6))
    buffer = io.BytesIO()
    photo.save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def lessons(network_store: Path, tmp_path: Path) -> Path:
    """Two folders of curated photos, imported."""
    folder = tmp_path / "lessons"
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for number in range(EACH):
            (folder / kind / f"{number}.png").write_bytes(picture(kind, number))
    call_command(
        "import_folder", str(folder), "--owner", "ann", "--tags-from-folders", "--curated",
        stdout=io.StringIO(), stderr=io.StringIO(),
    )  # fmt: skip
    return folder


def fine_tune_here(monkeypatch: pytest.MonkeyPatch, **options: Any) -> RetrainReport:
    """Return the report of a fine-tuning of the top block that is carried out in this process.

    The head alone gets every one of these pictures right. So it starts from a head that knows
    nothing, and the network has something to gain.
    """

    def from_nothing(*arguments: Any) -> Answers:
        known = answers_to_learn(*arguments)
        return replace(known, kernel=0 * known.kernel, bias=0 * known.bias)

    monkeypatch.setattr(story, "answers_to_learn", from_nothing)
    wish = TuningWish(tuning_settings(blocks=1, epochs=2, without=["flip"]))
    wishes = RetrainOptions(tuning=wish, **options)
    run = begin_run(backbone=BACKBONE, options=wishes.as_json())
    assert RetrainOptions.of(run).tuning == wish
    return carry_out(run, wishes)


def test_a_fine_tuned_network_goes_live_with_one_decision(
    lessons: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client, mona: User
) -> None:
    sheet = tmp_path / "sheet.jpg"
    report = fine_tune_here(monkeypatch, contact_sheet=str(sheet))
    assert report.promoted, report.reason
    (run,), (tuning,) = TrainingRun.objects.all(), Tuning.objects.all()
    assert run.backbone == tuning.backbone == live_version().backbone
    assert get_card(run.backbone).tuned_from == tuning.base == BACKBONE
    assert report.version == 1
    assert "tune" in report.seconds
    speed = next(line for line in report.gate if line.name == "speed")
    assert speed.passed and "times as long per photo" in speed.sentence

    assert tuning.epochs == 2
    assert tuning.photos == len(taught_by(tuning.dataset).photos)
    assert tuning.finished_at is not None and tuning.seconds_left is None
    assert "Fine-tuning, epoch" in run.log
    assert not list(tunings_folder().iterdir()), "no copy of a photo stays"
    vectors = Embedding.objects.of_backbone(run.backbone)
    assert vectors.count() == Image.objects.count()

    with PillowImage.open(sheet) as opened:
        assert opened.format == "JPEG" and opened.width > opened.height / 2
    client.force_login(mona)
    page = client.get(f"/admin/training/trainingrun/{run.pk}/change/")
    assertContains(page, "tuning__line--judged")
    assertContains(page, "switched off: flip")
    assertContains(page, "None of its photos was taken back since.")
    shown = client.get(f"/admin/training/trainingrun/{run.pk}/contact-sheet/")
    assert (shown.headers["Content-Type"], shown.content) == ("image/jpeg", sheet.read_bytes())
    card = client.get("/models/1/")
    assertContains(card, f"has learnt from {tuning.photos} photos of dataset")
    assertContains(card, "until then this version still holds what it learnt")
    written = (live_version().directory / "card.md").read_text()
    assert f"fine-tuned here on {tuning.photos} photos of dataset" in written
    assert client.get(f"/admin/training/trainingrun/{run.pk}/contact-sheet/").status_code == 200
    client.logout()
    assert client.get(f"/admin/training/trainingrun/{run.pk}/contact-sheet/").status_code == 302

    ModelVersion.objects.filter(number=1).update(pruned_at=timezone.now())
    Promotion.objects.create(version=ModelVersion.objects.bootstrap(), is_rollback=True)
    prune_versions()
    tuning.refresh_from_db()
    assert tuning.removed_at is not None
    assert not vectors.exists()
    assert not list((lessons.parent / "models_store" / "backbones" / "weights").glob("*+*"))


def test_killed_and_asked_for_again_it_goes_on_where_it_was(lessons: Path, tmp_path: Path) -> None:
    command = ("retrain", "--fine-tune", "--blocks", "1", "--epochs", "3", "--no-rotation")
    first = manage(*command)
    deadline = time.monotonic() + 300
    while not (folders := list(tunings_folder().glob("[0-9]*"))) or epochs_in(folders[0]) < 1:
        assert first.poll() is None and time.monotonic() < deadline, first.communicate()
        time.sleep(0.2)
    wait_for_checkpoint(folders[0])
    first.kill()
    first.communicate()
    before = [asdict(point) for point in read_history(folders[0])]

    told = tmp_path / "report.json"
    second = manage(*command, "--json", str(told))
    out, errors = second.communicate(timeout=600)
    assert second.returncode == 0, out + errors
    killed, resumed = TrainingRun.objects.order_by("pk")
    assert killed.state == RunState.FAILED
    tuning = resumed.tuning
    assert tuning.settings["resumed"] is True
    assert tuning.dataset == killed.dataset
    whole = [point["epoch"] for point in tuning.history if point["judged_loss"] is not None]
    assert whole == list(range(whole[-1] + 1)) and whole[-1] >= 2
    assert tuning.history[0] == before[0], "what was known is told on"
    assert not list(tunings_folder().iterdir())
    if resumed.state == RunState.REFUSED:
        assert "Fine-tuning did not help" in json.loads(told.read_text())["reason"]


def test_a_dry_run_writes_the_contact_sheet_and_nothing_else(
    lessons: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sheet = tmp_path / "sheet.jpg"
    with pytest.raises(SystemExit) as ended:
        call_command("retrain", "--fine-tune", "--dry-run", "--contact-sheet", str(sheet))
    assert ended.value.code == 0
    assert "How long that takes is known after its first minute" in capsys.readouterr().out
    with PillowImage.open(sheet) as opened:
        assert opened.format == "JPEG"
    assert not Tuning.objects.exists() and not DatasetVersion.objects.exists()
    assert not tunings_folder().exists()


def test_photos_that_cannot_be_read_are_left_out(
    lessons: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashes = tuple(Image.objects.values_list("sha256", flat=True))[:5]
    damaged = Image.objects.get(sha256=hashes[1])
    damaged.original_path.write_bytes(b"no photo any more")
    Image.objects.filter(sha256=hashes[3]).update(teaches=False)
    read = [place for place, photo in readable_photos((*hashes, "0" * 64), 256)]
    assert read == [0, 2, 4]


def wait_for_checkpoint(folder: Path) -> None:
    """The line of an epoch is written just before its weights."""
    deadline = time.monotonic() + 60
    while not (folder / CHECKPOINT_FOLDER).exists() or not any(
        (folder / CHECKPOINT_FOLDER).iterdir()
    ):
        assert time.monotonic() < deadline
        time.sleep(0.1)
