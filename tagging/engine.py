"""The two engines that turn pixels into embeddings, behind one small interface.

On a CPU the ONNX graph serves: it opens in a tenth of a second and needs no TensorFlow. Where
TensorFlow sees a GPU, the Keras network itself serves. Both read the same prepared folder, and
both must reproduce its golden outputs before they answer.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import numpy.typing as npt

from tagging.backbones.cards import BackboneCard, get_card
from tagging.backbones.prepare import BackboneUnavailable, prepare_backbone
from tagging.backbones.prepared import (
    GOLDEN_TOLERANCE,
    DamagedBackbone,
    PreparedBackbone,
    golden_difference,
    read_prepared,
)

__all__ = [
    "BackboneUnavailable",
    "Engine",
    "EngineChoice",
    "EngineMismatch",
    "KerasEngine",
    "OnnxEngine",
    "open_engine",
]

Images = npt.NDArray[np.uint8]
Embeddings = npt.NDArray[np.float32]
Head = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]
EngineChoice = Literal["auto", "onnx", "keras"]

_KERAS_BATCH = 64
_THREADS_VARIABLE = "EYES_ENGINE_THREADS"
# Beyond this one photo gains little; several workers are the better use of more cores.
_MOST_THREADS = 8


class EngineMismatch(RuntimeError):
    """Raised when an engine does not reproduce the golden outputs of its backbone."""


class Engine(Protocol):
    """What serves a backbone. Not to be carried across a fork: open it where it is used."""

    @property
    def card(self) -> BackboneCard:
        """Return the facts of the backbone that this engine serves."""

    @property
    def name(self) -> str:
        """Return "onnx" or "keras"."""

    def embed(self, images: Images) -> Embeddings:
        """Return float32 [n, dimension] for uint8 [n, size, size, 3]; n may be 0."""

    def imagenet_head(self) -> Head | None:
        """Return (kernel [top_features, 1000], bias [1000]), or None without a top."""


class OnnxEngine:
    """Serves a prepared folder with ONNX Runtime on the CPU."""

    name = "onnx"

    def __init__(self, card: BackboneCard, prepared: PreparedBackbone, threads: int = 0) -> None:
        """Open the graph and check it; `threads` 0 asks the environment, then the machine.

        Raises EngineMismatch when the golden outputs are not met.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or _thread_count()
        options.inter_op_num_threads = 1
        # Threads that spin between photos would take the other processes' cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.card = card
        self._head = prepared.head
        self._session = onnxruntime.InferenceSession(
            prepared.graph, options, providers=["CPUExecutionProvider"]
        )
        self._input_name = self._session.get_inputs()[0].name
        _check_golden(self, prepared)

    def embed(self, images: Images) -> Embeddings:
        """Return float32 [n, dimension] for uint8 [n, size, size, 3], a few images at a time."""
        _check_images(images, self.card)
        result = np.empty((len(images), self.card.dimension), dtype=np.float32)
        step = self.card.cpu_batch
        for start in range(0, len(images), step):
            part = np.ascontiguousarray(images[start : start + step])
            (result[start : start + len(part)],) = self._session.run(None, {self._input_name: part})
        return result

    def imagenet_head(self) -> Head | None:
        """Return (kernel [top_features, 1000], bias [1000]), or None without a top."""
        return self._head


class KerasEngine:
    """Serves the Keras network itself, for machines with a GPU and for comparison."""

    name = "keras"

    def __init__(self, card: BackboneCard, prepared: PreparedBackbone, store: Path) -> None:
        """Load the network with its weights and check it.

        Raises EngineMismatch, and BackboneUnavailable when the weights cannot be used.
        """
        from tagging.backbones.networks import compile_embedder, load_network

        self.card = card
        self._head = prepared.head
        network, _ = load_network(card, store)
        self._embed_batch = compile_embedder(network)
        _check_golden(self, prepared)

    def embed(self, images: Images) -> Embeddings:
        """Return float32 [n, dimension] for uint8 [n, size, size, 3]."""
        _check_images(images, self.card)
        result = np.empty((len(images), self.card.dimension), dtype=np.float32)
        for start in range(0, len(images), _KERAS_BATCH):
            part = images[start : start + _KERAS_BATCH]
            result[start : start + len(part)] = self._embed_batch(part)
        return result

    def imagenet_head(self) -> Head | None:
        """Return (kernel [top_features, 1000], bias [1000]), or None without a top."""
        return self._head


def open_engine(
    key: str, store: Path, choice: EngineChoice = "auto", *, threads: int = 0
) -> Engine:
    """Return a checked engine for a backbone, preparing the backbone first where needed.

    "auto" is Keras where TensorFlow sees a GPU, else ONNX Runtime. A prepared folder that was
    damaged on disk is made anew once. Raises UnknownBackbone, BackboneUnavailable (no weights,
    failed export), EngineMismatch (golden outputs not met), and ValueError for another choice.
    """
    if choice not in ("auto", "onnx", "keras"):
        raise ValueError(f"There is no engine {choice!r}. Known: auto, onnx, keras.")
    card = get_card(key)
    try:
        prepared = read_prepared(prepare_backbone(key, store))
    except DamagedBackbone:
        prepared = read_prepared(prepare_backbone(key, store, again=True))
    if choice == "keras" or (choice == "auto" and _gpu_is_usable()):
        return KerasEngine(card, prepared, store)
    return OnnxEngine(card, prepared, threads)


def _check_golden(engine: Engine, prepared: PreparedBackbone) -> None:
    difference = golden_difference(engine.embed(prepared.golden_images), prepared.golden_embeddings)
    if not difference <= GOLDEN_TOLERANCE:
        raise EngineMismatch(
            f"The {engine.name} engine of {engine.card.key} is off by {difference:.2g} of the "
            f"golden outputs' scale; at most {GOLDEN_TOLERANCE:g} is accepted."
        )


def _check_images(images: Images, card: BackboneCard) -> None:
    expected = (card.input_size, card.input_size, 3)
    if images.ndim != 4 or images.shape[1:] != expected or images.dtype != np.uint8:
        raise ValueError(
            f"{card.key} takes uint8 images of shape (n, {expected[0]}, {expected[1]}, 3), "
            f"not {images.dtype} {images.shape}."
        )


def _thread_count() -> int:
    """Return the threads for one photo: the environment's wish, else the cores we may use."""
    wish = os.environ.get(_THREADS_VARIABLE, "").strip()
    if wish:
        if not wish.isdigit() or int(wish) == 0:
            raise ValueError(f"{_THREADS_VARIABLE}={wish!r} is not a positive whole number.")
        return int(wish)
    return min(len(os.sched_getaffinity(0)), _MOST_THREADS)


def _gpu_is_usable() -> bool:
    """Return whether TensorFlow sees a GPU, importing it only where there may be one."""
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return False
    if not Path("/dev/nvidia0").exists() and shutil.which("nvidia-smi") is None:
        return False
    from tagging.backbones.networks import sees_gpu

    return sees_gpu()
