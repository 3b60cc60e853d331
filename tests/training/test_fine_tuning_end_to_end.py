"""The network itself is taught, with real photos, through the command alone."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from PIL import Image as PillowImage
from PIL import ImageFilter

from gallery.models import Image
from tagging.backbones.cards import get_card
from tagging.models import Embedding
from tagging.registry import live_version
from tests.training.classroom import manage
from training.models import RunState, TrainingRun, Tuning
from training.tuning.folders import tunings_folder

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


def fine_tune(tmp_path: Path, *arguments: str) -> dict[str, Any]:
    """Return the report of a fine-tuning of the top block."""
    told = tmp_path / "report.json"
    process = manage("retrain", "--fine-tune", "--blocks", "1", "--json", str(told), *arguments)
    out, errors = process.communicate(timeout=900)
    assert process.returncode == 0, out + errors
    report: dict[str, Any] = json.loads(told.read_text())
    return report


def test_a_fine_tuned_network_goes_live_with_one_decision(lessons: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.jpg"
    report = fine_tune(tmp_path, "--epochs", "2", "--no-flip", "--contact-sheet", str(sheet))
    print(json.dumps({k: v for k, v in report.items() if k != "metrics"}, indent=1))
    print(Tuning.objects.get().history)
    assert report["promoted"] is True, report["reason"]
