"""The folder of a prepared backbone: what stands in it and how it is read and checked.

embed.onnx          the network, uint8 [n, size, size, 3] -> float32 [n, dimension]
imagenet_head.npz   kernel [top_features, 1000] and bias [1000]; absent without a top
golden.npz          a few drawn images and the embeddings that Keras gave for them
source.json         format, card facts, sha256 of the weights and of the other files
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tagging.backbones.cards import BackboneCard
from tagging.backbones.weights import WeightsRecord, file_sha256

GRAPH_FILE = "embed.onnx"
HEAD_FILE = "imagenet_head.npz"
GOLDEN_FILE = "golden.npz"
SOURCE_FILE = "source.json"

# Raise it whenever the same weights would give another folder: the old ones are made anew.
FORMAT = 1

GOLDEN_TOLERANCE = 1e-3
"""Largest difference from the golden outputs, relative to the largest golden number (and never
below 1, so that a network of tiny outputs is not held to less than float32 can keep)."""


class DamagedBackbone(RuntimeError):
    """Raised when a prepared folder is incomplete or its bytes are not the recorded ones."""


@dataclass(frozen=True)
class PreparedBackbone:
    """The checked content of a prepared folder; `head` is (kernel, bias) or None."""

    graph: bytes
    head: tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]] | None
    golden_images: npt.NDArray[np.uint8]
    golden_embeddings: npt.NDArray[np.float32]


def source_facts(card: BackboneCard, record: WeightsRecord) -> dict[str, Any]:
    """Return what a prepared folder must have been made from to be the right one."""
    parts = card.application.parts if card.application else ()
    return {
        "format": FORMAT,
        "key": card.key,
        "input_size": card.input_size,
        "dimension": card.dimension,
        "top_features": card.top_features,
        "parts": [str(part) for part in parts],
        "scaling": card.scaling,
        "weights_sha256": record.sha256,
        "weights_label": record.label,
    }


def read_source(folder: Path) -> dict[str, Any] | None:
    """Return source.json as a dict, or None where it is missing or unreadable."""
    try:
        facts = json.loads((folder / SOURCE_FILE).read_text())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) else None


def write_source(folder: Path, card: BackboneCard, record: WeightsRecord) -> None:
    """Write source.json with the hashes of the files that stand in the folder now."""
    files = {path.name: file_sha256(path) for path in sorted(folder.iterdir())}
    facts = source_facts(card, record) | {"files": files}
    (folder / SOURCE_FILE).write_text(json.dumps(facts, indent=2) + "\n")


def read_prepared(folder: Path) -> PreparedBackbone:
    """Return the content of a prepared folder after checking every file's sha256.

    Raises DamagedBackbone with the name of the first file that is missing or changed.
    """
    files = (read_source(folder) or {}).get("files")
    if not isinstance(files, dict) or not {GRAPH_FILE, GOLDEN_FILE} <= files.keys():
        raise DamagedBackbone(f"{folder} holds no readable {SOURCE_FILE}.")
    for name, expected in files.items():
        path = folder / name
        if not path.is_file() or file_sha256(path) != expected:
            raise DamagedBackbone(f"{path} is missing or not the file that was prepared.")
    with np.load(folder / GOLDEN_FILE) as golden:
        images, embeddings = golden["images"], golden["embeddings"]
    head = None
    if HEAD_FILE in files:
        with np.load(folder / HEAD_FILE) as arrays:
            head = (arrays["kernel"], arrays["bias"])
    return PreparedBackbone((folder / GRAPH_FILE).read_bytes(), head, images, embeddings)


def golden_difference(
    embeddings: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]
) -> float:
    """Return the largest difference as a share of the scale (see GOLDEN_TOLERANCE).

    Infinity where the shapes differ or a number is not finite.
    """
    if embeddings.shape != expected.shape or not np.isfinite(embeddings).all():
        return float("inf")
    scale = max(1.0, float(np.abs(expected).max()))
    return float(np.abs(embeddings - expected).max()) / scale


def golden_distance(
    embeddings: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]
) -> float:
    """Return the length of an image's difference as a share of the expected length, on average.

    Infinity where the shapes differ or a number is not finite.
    """
    if embeddings.shape != expected.shape or not np.isfinite(embeddings).all():
        return float("inf")
    lengths = np.linalg.norm(expected, axis=1)
    return float((np.linalg.norm(embeddings - expected, axis=1) / lengths).mean())


def golden_images(card: BackboneCard) -> npt.NDArray[np.uint8]:
    """Return four drawn images, uint8 [4, size, size, 3], the same on every machine.

    Ramps, a chessboard with coloured squares, seeded noise and smooth coloured waves: edges, flat
    areas, fine grain and colours, so that exchanged channels or a lost scaling show at once.
    """
    size = card.input_size
    down, across = np.mgrid[0:size, 0:size].astype(np.float64) / (size - 1)
    ramps = np.stack([across, down, 1 - across], axis=-1)
    chess = ((down * 8).astype(int) + (across * 8).astype(int)) % 2
    coloured = np.stack([chess, 1 - chess, chess * across], axis=-1)
    noise = np.random.default_rng(20).random((size, size, 3))
    turns = np.stack([9 * across + 4 * down, 7 * down, 5 * across * down], axis=-1)
    waves = 0.5 + 0.5 * np.sin(2 * np.pi * turns)
    return np.round(np.stack([ramps, coloured, noise, waves]) * 255).astype(np.uint8)
