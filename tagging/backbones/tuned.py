"""Fine-tuned networks in the store: each a weights file that never changes, named by its hash."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

from tagging.backbones.cards import BackboneCard, get_card, tuned_key
from tagging.backbones.prepare import backbone_locked, prepare_backbone, prepared_folder
from tagging.backbones.weights import (
    BackboneUnavailable,
    WeightsRecord,
    backbones_folder,
    fetched_weights_path,
    file_sha256,
    record_path,
    write_record,
)


def install_tuned(
    base: BackboneCard, weights: Path, store: Path, label: str, *, mirrored: bool = False
) -> str:
    """Bring fine-tuned weights into the store, ready to serve, and return their network's key.

    `weights` is a file in Keras' own weights format for the network of `base`; it is copied.
    `label` says for people what it is; a `mirrored` one averages what it says of a photo and of
    its mirror image, at the cost of one more pass. Installing the same file twice changes nothing.
    Raises BackboneUnavailable (not a file of this network, failed export, no space); nothing new
    stays.
    """
    try:
        sha256 = file_sha256(weights)
    except OSError as error:
        raise BackboneUnavailable(f"The fine-tuned weights cannot be read: {error}") from error
    card = get_card(tuned_key(base, sha256, mirrored=mirrored))
    was_there = record_path(card, store).is_file()
    try:
        _copy(card, weights, store, WeightsRecord(sha256, label))
        prepare_backbone(card.key, store)
    except (OSError, BackboneUnavailable) as error:
        if not was_there:
            with contextlib.suppress(OSError):
                remove_tuned(card.key, store)
        if isinstance(error, BackboneUnavailable):
            raise
        raise BackboneUnavailable(f"The fine-tuned network cannot be stored: {error}") from error
    return card.key


def tuned_keys(store: Path) -> list[str]:
    """Return the keys of the fine-tuned networks whose weights are here, in alphabetical order."""
    names = (backbones_folder(store) / "weights").glob("*+*.weights.h5")
    return sorted(path.name.removesuffix(".weights.h5") for path in names)


def remove_tuned(key: str, store: Path) -> bool:
    """Remove a fine-tuned network's files; return whether there were any.

    Raises ValueError for a network that was not fine-tuned here: those are not ours to remove.
    """
    card = get_card(key)
    if not card.tuned_from:
        raise ValueError(f"{key} was not fine-tuned here.")
    if not backbones_folder(store).is_dir():
        return False
    with backbone_locked(key, store):
        target = fetched_weights_path(card, store)
        found = target.exists()
        # The record goes last: without it a rest of the files is never taken for whole.
        unfinished = backbones_folder(store).glob(f".{key}.part-*")
        for folder in (prepared_folder(key, store), *unfinished):
            shutil.rmtree(folder, ignore_errors=True)
        for path in (_part_of(target), target, record_path(card, store)):
            path.unlink(missing_ok=True)
    return found


def _copy(card: BackboneCard, weights: Path, store: Path, record: WeightsRecord) -> None:
    """Bring the file and its record into the store, unless they are there."""
    target = fetched_weights_path(card, store)
    target.parent.mkdir(parents=True, exist_ok=True)
    with backbone_locked(card.key, store, "install"):
        if not record_path(card, store).is_file():
            part = _part_of(target)
            shutil.copyfile(weights, part)
            part.replace(target)
            write_record(card, store, record)


def _part_of(target: Path) -> Path:
    """Return what a file is called while it is being copied."""
    return target.with_name(f".{target.name}.part")
