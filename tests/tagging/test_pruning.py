"""Old versions lose their files, never one that is live or that a roll-back needs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from gallery.models import User
from tagging import version_files
from tagging.models import ModelVersion, VersionState
from tagging.registry import live_version, standing_versions
from tagging.services import pruning
from tagging.services import versions as versions_module
from tagging.services.pruning import prune_versions
from tagging.services.versions import PromotionRefused, promote_version, roll_back
from tagging.tasks import prune_versions as prune_job
from tagging.version_files import REMOVED, published_numbers
from tests.tagging.network_cast import change_one_byte, constant_head, publish

pytestmark = [pytest.mark.network, pytest.mark.django_db]


def publish_many(store: Path, last: int, *, first: int = 1) -> list[ModelVersion]:
    """Return versions with files, not promoted."""
    return [publish(store, number, constant_head(heron=0.95)) for number in range(first, last + 1)]


def numbers_pruned() -> list[int]:
    pruned = ModelVersion.objects.exclude(pruned_at=None).order_by("number")
    return list(pruned.values_list("number", flat=True))


def test_the_newest_five_keep_their_files(network_store: Path) -> None:
    publish_many(network_store, 7)
    assert prune_job() == "Removed the files of version 1, 2."
    assert prune_job() == "No version had to be pruned."
    assert published_numbers(network_store) == {3, 4, 5, 6, 7}
    assert numbers_pruned() == [1, 2]
    assert ModelVersion.objects.get(number=1).metrics == {"macro_f1": 0.5}, "figures are kept"


def test_the_live_one_and_the_one_to_go_back_to_are_kept(network_store: Path) -> None:
    for version in publish_many(network_store, 3):
        promote_version(version=version)
    publish_many(network_store, 9, first=4)
    assert prune_versions() == [4, 1]
    assert [version.number for version in standing_versions()] == [3, 2, 0]
    assert roll_back().version.number == 2
    assert roll_back().version.number == 0, "pruned version 1 is passed over"


def test_a_damaged_version_is_nothing_to_go_back_to(network_store: Path) -> None:
    for version in publish_many(network_store, 3):
        promote_version(version=version)
    ModelVersion.objects.filter(number=2).update(state=VersionState.DAMAGED)
    publish_many(network_store, 8, first=4)
    assert prune_versions() == [2]
    assert roll_back().version.number == 1


def test_nothing_to_prune_on_the_first_day(db: None) -> None:
    assert prune_versions() == []
    ModelVersion.objects.bootstrap()
    assert prune_versions() == []


def test_a_pruned_version_cannot_go_live_and_is_not_called_damaged(
    network_store: Path, mona: User
) -> None:
    stale, *_ = publish_many(network_store, 6)
    prune_versions()
    for version in (stale, ModelVersion.objects.get(number=1)):
        with pytest.raises(PromotionRefused, match=r"Version 1 cannot go live: Its files were re"):
            promote_version(version=version, by=mona)
    assert ModelVersion.objects.get(number=1).state == VersionState.CANDIDATE
    assert live_version().is_bootstrap


def test_killed_before_the_files_went_the_next_call_finishes(
    network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_many(network_store, 6)

    def killed(*_: object, **__: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pruning, "remove_files", killed)
        with pytest.raises(KeyboardInterrupt):
            prune_versions()
    assert numbers_pruned() == [1] and 1 in published_numbers(network_store)
    with monkeypatch.context() as patched:
        patched.setattr(version_files.shutil, "rmtree", killed)
        with pytest.raises(KeyboardInterrupt):
            prune_versions()
    assert list(network_store.glob(f"*{REMOVED}"))
    assert prune_versions() == []
    assert not list(network_store.glob(f"*{REMOVED}"))
    assert published_numbers(network_store) == {2, 3, 4, 5, 6}


def test_a_disk_that_refuses_stops_no_other_version(
    network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_many(network_store, 7)
    real = version_files.remove_files

    def refuse_one(store: Path, number: int) -> bool:
        if number == 1:
            raise PermissionError("read-only")
        return real(store, number)

    monkeypatch.setattr(pruning, "remove_files", refuse_one)
    assert prune_versions() == [2, 1]
    assert published_numbers(network_store) == {1, 3, 4, 5, 6, 7}


def test_a_promotion_that_comes_first_keeps_the_files(
    network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = publish_many(network_store, 6)
    real = pruning.hold_promotions

    def promoted_just_before() -> None:
        monkeypatch.setattr(pruning, "hold_promotions", real)
        promote_version(version=first)
        real()

    monkeypatch.setattr(pruning, "hold_promotions", promoted_just_before)
    assert prune_versions() == []
    assert live_version() == first and 1 in published_numbers(network_store)


def test_a_promotion_that_comes_second_is_refused(
    network_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *_ = publish_many(network_store, 6)
    real = versions_module.hold_promotions

    def pruned_just_before() -> None:
        prune_versions()
        real()

    monkeypatch.setattr(versions_module, "hold_promotions", pruned_just_before)
    with pytest.raises(PromotionRefused, match="have just been removed"):
        promote_version(version=first)
    assert live_version().is_bootstrap


def test_files_that_are_gone_or_changed_already_are_no_obstacle(network_store: Path) -> None:
    publish_many(network_store, 7)
    shutil.rmtree(network_store / "1")
    change_one_byte(network_store / "2" / "head.npz")
    assert prune_versions() == [2, 1]
    assert published_numbers(network_store) == {3, 4, 5, 6, 7}
