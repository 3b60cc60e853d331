"""Which version speaks: promotion, rollback, and files that are not the published ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ
from pytest_django import DjangoCaptureOnCommitCallbacks

from gallery.models import User
from tagging import classifier as classifier_module
from tagging.classifier import current_classifier
from tagging.head import GoldenOutputs
from tagging.models import ModelVersion, Promotion, VersionState
from tagging.registry import live_version, serving_version, standing_versions
from tagging.services.versions import PromotionRefused, promote_version, roll_back
from tests.tagging.network_cast import change_one_byte, constant_head, publish

pytestmark = [pytest.mark.network, pytest.mark.django_db]


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test begins like a process that has loaded nothing yet."""
    monkeypatch.setattr(classifier_module, "_held", None)


def numbers() -> list[int]:
    """Return the numbers of the live version and of those behind it."""
    return [version.number for version in standing_versions()]


def test_version_0_is_live_before_the_first_promotion(network_store: Path) -> None:
    assert live_version().number == 0
    assert serving_version().head is None
    assert numbers() == [0]


def test_a_promotion_is_one_row_a_job_and_an_announcement(
    mona: User,
    network_store: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    with django_capture_on_commit_callbacks(execute=True):
        promotion = promote_version(version=version, by=mona, reason="Better.")
    assert Promotion.objects.get() == promotion
    assert live_version() == version
    assert version.state == VersionState.PROMOTED
    assert [job.func() for job in OrmQ.objects.order_by("pk")] == [
        "tagging.tasks.retag_library",
        "training.tasks.tell_contributors",
    ]


def test_a_process_follows_between_two_jobs_and_asks_little(network_store: Path) -> None:
    assert current_classifier().version.number == 0
    promote_version(version=publish(network_store, 1, constant_head(heron=0.95)))
    assert current_classifier().version.number == 1
    loaded = current_classifier().loaded
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert current_classifier().loaded is loaded
    assert len(queries) == 2


def test_rolling_back_twice_goes_two_steps_back(network_store: Path) -> None:
    for number in (1, 2, 3):
        promote_version(version=publish(network_store, number, constant_head(heron=0.95)))
    assert numbers() == [3, 2, 1, 0]
    assert roll_back().version.number == 2
    assert numbers() == [2, 1, 0]
    assert roll_back().version.number == 1
    assert roll_back().version.number == 0
    with pytest.raises(PromotionRefused, match="nothing was live before"):
        roll_back()
    promote_version(version=ModelVersion.objects.get(number=3))
    assert numbers() == [3, 0]


def test_promoting_an_earlier_version_can_be_rolled_back_as_well(network_store: Path) -> None:
    versions = [publish(network_store, number, constant_head(heron=0.95)) for number in (1, 2)]
    for version in (*versions, versions[0]):
        promote_version(version=version)
    assert numbers() == [1, 2, 0]
    assert roll_back().version.number == 2


@pytest.mark.parametrize("name", ["head.npz", "golden.npz", "card.md", "manifest.json"])
def test_one_changed_byte_is_refused_and_the_previous_version_serves(
    network_store: Path, name: str
) -> None:
    for number in (1, 2):
        promote_version(version=publish(network_store, number, constant_head(heron=0.95)))
    change_one_byte(network_store / "2" / name)
    assert current_classifier().version.number == 1
    damaged = ModelVersion.objects.get(number=2)
    assert damaged.state == VersionState.DAMAGED
    assert name in damaged.problem
    assert live_version() == damaged


def test_a_running_worker_keeps_its_good_copy(network_store: Path) -> None:
    promote_version(version=publish(network_store, 1, constant_head(heron=0.95)))
    held = current_classifier().loaded
    change_one_byte(network_store / "1" / "head.npz")
    assert current_classifier().loaded is held
    promote_version(version=publish(network_store, 2, constant_head(heron=0.95)))
    change_one_byte(network_store / "2" / "head.npz")
    assert current_classifier().loaded is held


def test_a_repaired_version_serves_again(network_store: Path) -> None:
    promote_version(version=publish(network_store, 1, constant_head(heron=0.95)))
    change_one_byte(network_store / "1" / "head.npz")
    assert serving_version().version.number == 0
    change_one_byte(network_store / "1" / "head.npz")
    assert serving_version().version.number == 1
    assert ModelVersion.objects.get(number=1).state == VersionState.PROMOTED


def test_a_damaged_version_is_not_promoted(network_store: Path) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    change_one_byte(network_store / "1" / "head.npz")
    with pytest.raises(PromotionRefused, match=r"head\.npz was changed.*present one stays"):
        promote_version(version=version)
    assert not Promotion.objects.exists()
    assert ModelVersion.objects.get(number=1).state == VersionState.DAMAGED


def test_a_version_with_other_outputs_than_recorded_is_not_promoted(network_store: Path) -> None:
    head = constant_head(heron=0.95)
    golden = GoldenOutputs.of(head, [[0.0] * head.dimension])
    version = publish(network_store, 1, replace(head, bias=head.bias + 1), golden)
    with pytest.raises(PromotionRefused, match="off the recorded ones"):
        promote_version(version=version)


def test_a_version_whose_backbone_is_not_prepared_is_not_promoted(network_store: Path) -> None:
    version = publish(network_store, 1, constant_head(heron=0.95))
    version.backbone = "vgg16"
    version.save()
    with pytest.raises(PromotionRefused, match="fetch_backbone vgg16"):
        promote_version(version=version)


def test_rolling_back_passes_over_a_damaged_version(network_store: Path) -> None:
    for number in (1, 2, 3):
        promote_version(version=publish(network_store, number, constant_head(heron=0.95)))
    change_one_byte(network_store / "2" / "head.npz")
    assert roll_back().version.number == 1


def test_promoting_needs_neither_onnx_runtime_nor_tensorflow() -> None:
    import subprocess
    import sys

    code = (
        "import sys, django; django.setup();"
        "import tagging.services.versions, tagging.admin, tagging.receivers;"
        "print([name for name in ('onnxruntime', 'tensorflow', 'keras') if name in sys.modules])"
    )
    environment = {"DJANGO_SETTINGS_MODULE": "eyes.settings", "PATH": ""}
    root = Path(__file__).resolve().parents[2]
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True
    )
    assert result.stdout.strip() == "[]", result.stderr
