"""Where a backbone's numbers lie on this machine, and the proof that they are the right ones."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from tagging.backbones.cards import BackboneCard, tuned_digest

_CHUNK_BYTES = 1 << 20


class BackboneUnavailable(RuntimeError):
    """Raised when a backbone cannot be used here; the message says why and what to do."""


@dataclass(frozen=True)
class WeightsRecord:
    """What is known about the weights in use: their sha256, and what they were accepted as."""

    sha256: str
    label: str


def backbones_folder(store: Path) -> Path:
    """Return the folder under the models store that holds everything about backbones."""
    return store / "backbones"


def fetched_weights_path(card: BackboneCard, store: Path) -> Path:
    """Return where the fetched weights of this card lie, whether or not they are there."""
    return backbones_folder(store) / "weights" / f"{card.key}.weights.h5"


def record_path(card: BackboneCard, store: Path) -> Path:
    """Return where the record beside the fetched weights lies."""
    return backbones_folder(store) / "weights" / f"{card.key}.json"


def weights_path(card: BackboneCard, store: Path) -> Path:
    """Return the weights file of a backbone; raise BackboneUnavailable where there is none."""
    if card.bundled_file is None:
        path = fetched_weights_path(card, store)
        if not path.is_file():
            raise BackboneUnavailable(_how_to_fetch(card))
        return path
    package, inside = card.bundled_file
    # find_spec looks the package up without running it: it is a carrier of one file to us.
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec else []:
        if (path := Path(folder) / inside).is_file():
            return path
    raise BackboneUnavailable(
        f"The weights of {card.key} are not installed: install the package "
        f"{package.replace('_', '-')} (it is listed in requirements.txt)."
    )


def read_record(card: BackboneCard, store: Path) -> WeightsRecord:
    """Return the record of the weights in use, without reading the weights themselves.

    A bundled backbone has exactly one accepted file, named by its card; for a fetched one the
    record was written beside it. Raises BackboneUnavailable where weights or record are missing.
    """
    weights_path(card, store)
    if card.is_bundled:
        accepted = card.accepted_hashes[0]
        return WeightsRecord(sha256=accepted.digest, label=accepted.label)
    try:
        return WeightsRecord(**json.loads(record_path(card, store).read_text()))
    except (OSError, ValueError, TypeError) as error:
        raise BackboneUnavailable(
            f"The record of the {card.key} weights cannot be read. {_how_to_fetch(card)}"
        ) from error


def write_record(card: BackboneCard, store: Path, record: WeightsRecord) -> None:
    """Write the record beside the fetched weights, whole or not at all."""
    path = record_path(card, store)
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(asdict(record), indent=2) + "\n")
    part.replace(path)


def verified_weights(card: BackboneCard, store: Path) -> tuple[Path, WeightsRecord]:
    """Return the weights file and its record after hashing the file.

    Raises BackboneUnavailable when the bytes are not the recorded ones.
    """
    path, record = weights_path(card, store), read_record(card, store)
    found = file_sha256(path)
    if found != record.sha256 or not found.startswith(tuned_digest(card)):
        raise BackboneUnavailable(
            f"The weights of {card.key} have changed: {path} has sha256 {found}, expected "
            f"{record.sha256} ({record.label}). Install or fetch them again."
        )
    return path, record


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _how_to_fetch(card: BackboneCard) -> str:
    if card.tuned_from:
        return (
            f"The fine-tuned weights of {card.key} are not here. Bring "
            f"{card.key}.weights.h5 and {card.key}.json back from a backup, or fine-tune again."
        )
    return (
        f"{card.key} has no weights yet: run manage.py fetch_backbone {card.key} "
        f"(or fetch_backbone {card.key} --from FILE where the network is out of reach)."
    )
