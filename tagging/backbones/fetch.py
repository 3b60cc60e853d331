"""Get the weights of a backbone onto this machine: download or copy, check, prepare, install.

Everything happens in a staging folder first. The weights that were in use stay in use until the
new ones have been hashed, loaded into the network and exported.
"""

from __future__ import annotations

import hashlib
import http.client
import re
import shutil
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tagging.backbones.cards import AcceptedHash, BackboneCard
from tagging.backbones.prepare import (
    backbone_locked,
    move_into_place,
    prepare_backbone,
    prepared_folder,
)
from tagging.backbones.weights import (
    WeightsRecord,
    backbones_folder,
    fetched_weights_path,
    record_path,
    write_record,
)

_CHUNK_BYTES = 1 << 20
# The largest weights of keras.applications are some 1.4 GB.
_MOST_BYTES = 2 << 30
# For the connection and for each read: a dead network is noticed, a slow one is waited for.
_SILENCE_SECONDS = 30

OnBytes = Callable[[int, int | None], None]
"""Told after each chunk: how many bytes came, and how many there will be in all where known."""


class FetchFailed(RuntimeError):
    """Raised when the weights could not be had or are not trusted; nothing was changed."""


def fetch_weights(
    card: BackboneCard,
    store: Path,
    *,
    source: Path | None = None,
    sha256: str | None = None,
    on_bytes: OnBytes = lambda _count, _total: None,
    on_checked: Callable[[WeightsRecord], None] = lambda _record: None,
) -> WeightsRecord:
    """Return the record of the installed weights, after the backbone was prepared from them.

    The file comes from `source`, else from the official address; it must have one of the hashes
    on the card, or exactly `sha256` where given. `on_checked` is called before the slow export.
    Raises FetchFailed, or BackboneUnavailable when the network cannot load the file.
    """
    if card.is_bundled:
        raise FetchFailed(f"The weights of {card.key} came with its package; nothing to fetch.")
    home = backbones_folder(store)
    try:
        home.mkdir(parents=True, exist_ok=True)
        with backbone_locked(card.key, store, "fetch"):
            for leftover in home.glob(f".{card.key}.fetch-*"):
                shutil.rmtree(leftover, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=home, prefix=f".{card.key}.fetch-") as staging:
                stage = Path(staging)
                record = _stage_weights(card, stage, source, sha256, on_bytes)
                on_checked(record)
                prepare_backbone(card.key, stage)
                _install(card, stage, store)
    except OSError as error:
        raise FetchFailed(f"{card.key} cannot be written to {home}: {error}") from error
    return record


def obtain_weights(
    card: BackboneCard,
    target: Path,
    *,
    source: Path | None = None,
    sha256: str | None = None,
    on_bytes: OnBytes = lambda _count, _total: None,
) -> WeightsRecord:
    """Write the weights file to `target` while hashing it, and return what it was accepted as.

    Raises FetchFailed when the file is missing, the network out of reach, or the hash unknown;
    `target` is then not there.
    """
    if sha256 is not None and not re.fullmatch(r"[0-9a-fA-F]{64}", sha256):
        raise FetchFailed(f"{sha256!r} is not a sha256: 64 hexadecimal digits are expected.")
    md5, sha = hashlib.md5(usedforsecurity=False), hashlib.sha256()
    part = target.with_name(f".{target.name}.part")
    try:
        with _opened(card, source) as (stream, total), part.open("wb") as file:
            while chunk := stream.read(_CHUNK_BYTES):
                file.write(chunk)
                md5.update(chunk)
                sha.update(chunk)
                on_bytes(len(chunk), total)
                if file.tell() > _MOST_BYTES:
                    raise FetchFailed(f"The file is larger than {_MOST_BYTES:,} bytes.")
            if total is not None and file.tell() != total:
                raise FetchFailed(f"The file ended after {file.tell()} of {total} bytes.")
        record = _accept(card, sha.hexdigest(), md5.hexdigest(), sha256)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    return record


def _stage_weights(
    card: BackboneCard, stage: Path, source: Path | None, sha256: str | None, on_bytes: OnBytes
) -> WeightsRecord:
    target = fetched_weights_path(card, stage)
    target.parent.mkdir(parents=True)
    record = obtain_weights(card, target, source=source, sha256=sha256, on_bytes=on_bytes)
    _examine(target)
    write_record(card, stage, record)
    return record


def _examine(path: Path) -> None:
    """Refuse a file that is trusted but no plain file of weights, before a network is built."""
    from tagging.backbones.weight_files import UnsafeWeightFile, examine_weight_file

    try:
        examine_weight_file(path)
    except UnsafeWeightFile as error:
        raise FetchFailed(f"The file is refused: {error}") from error


def _install(card: BackboneCard, stage: Path, store: Path) -> None:
    """Move weights, record and prepared folder from the stage into the store."""
    with backbone_locked(card.key, store):
        target = fetched_weights_path(card, store)
        target.parent.mkdir(parents=True, exist_ok=True)
        fetched_weights_path(card, stage).replace(target)
        record_path(card, stage).replace(record_path(card, store))
        move_into_place(prepared_folder(card.key, stage), prepared_folder(card.key, store))


@contextmanager
def _opened(card: BackboneCard, source: Path | None) -> Iterator[tuple[BinaryIO, int | None]]:
    """Open the file or the official address; say in words why either cannot be read."""
    if source is not None:
        try:
            file = source.open("rb")
        except OSError as error:
            raise FetchFailed(f"{source} cannot be read: {error.strerror}.") from error
        with file:
            yield file, source.stat().st_size
        return
    if card.download is None:
        raise FetchFailed(f"No address is known for {card.key}; give a file with --from.")
    url = card.download.url
    try:
        with urllib.request.urlopen(url, timeout=_SILENCE_SECONDS) as response:
            yield response, response.length
    except (
        urllib.error.URLError,
        http.client.HTTPException,
        TimeoutError,
        ConnectionError,
    ) as error:
        reason = getattr(error, "reason", None) or error
        raise FetchFailed(
            f"{url} is out of reach ({reason}). Download {card.download.file_name} elsewhere and "
            f"run: manage.py fetch_backbone {card.key} --from FILE"
        ) from error


def _accept(card: BackboneCard, sha: str, md5: str, wanted: str | None) -> WeightsRecord:
    """Return the record of a file with these hashes, or refuse it with what to do."""
    known = _find_known(card, sha, md5)
    if wanted is not None:
        if sha != wanted.lower():
            raise FetchFailed(f"The file has sha256 {sha}, not the {wanted.lower()} you gave.")
        return WeightsRecord(sha, known.label if known else "accepted by the sha256 given")
    if known is None:
        labels = "; ".join(accepted.label for accepted in card.accepted_hashes)
        raise FetchFailed(
            f"The file has sha256 {sha}, which is none of those known for {card.key} ({labels}). "
            f"If you trust it, repeat with --sha256 {sha}"
        )
    return WeightsRecord(sha, known.label)


def _find_known(card: BackboneCard, sha: str, md5: str) -> AcceptedHash | None:
    found = {"sha256": sha, "md5": md5}
    for accepted in card.accepted_hashes:
        if accepted.digest == found[accepted.algorithm]:
            return accepted
    return None
