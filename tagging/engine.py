"""Which engine turns pixels into embeddings here, opened and checked.

On a CPU the ONNX graph serves: it opens in a tenth of a second and needs no TensorFlow. Where
TensorFlow sees a GPU, the Keras network itself serves. OpenVINO is there for those who ask for it.
All read the same prepared folder, and all must reproduce its golden outputs before they answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tagging.backbones.cards import get_card
from tagging.backbones.prepare import BackboneUnavailable, prepare_backbone
from tagging.backbones.prepared import DamagedBackbone, read_prepared
from tagging.devices import gpu_is_usable
from tagging.engines.interface import Engine, EngineMismatch
from tagging.engines.keras_engine import KerasEngine
from tagging.engines.onnx_engine import OnnxEngine
from tagging.engines.openvino_engine import OpenvinoEngine

__all__ = [
    "BackboneUnavailable",
    "Engine",
    "EngineChoice",
    "EngineDecision",
    "EngineMismatch",
    "KerasEngine",
    "OnnxEngine",
    "OpenvinoEngine",
    "decide_engine",
    "open_engine",
]

EngineChoice = Literal["auto", "onnx", "keras", "openvino"]
EngineName = Literal["onnx", "keras", "openvino"]
ENGINE_CHOICES: tuple[str, ...] = get_args(EngineChoice)


@dataclass(frozen=True)
class EngineDecision:
    """Which engine serves on this machine, and why in words."""

    name: EngineName
    reason: str


def decide_engine(choice: EngineChoice) -> EngineDecision:
    """Return what a choice means here; "auto" is Keras where TensorFlow sees a GPU, else ONNX.

    TensorFlow is imported only where there may be a GPU. Raises ValueError for another choice.
    """
    if choice not in ENGINE_CHOICES:
        raise ValueError(f"There is no engine {choice!r}. Known: {', '.join(ENGINE_CHOICES)}.")
    if choice != "auto":
        return EngineDecision(choice, f"EYES_ENGINE={choice} says so")
    if gpu_is_usable():
        return EngineDecision("keras", "TensorFlow sees a GPU")
    return EngineDecision("onnx", "there is no GPU that TensorFlow could use")


def open_engine(
    key: str, store: Path, choice: EngineChoice = "auto", *, threads: int = 0
) -> Engine:
    """Return a checked engine for a backbone, preparing the backbone first where needed.

    A prepared folder that was damaged on disk is made anew once. Raises UnknownBackbone,
    BackboneUnavailable (no weights, failed export, an engine that is not installed),
    EngineMismatch (golden outputs not met), and ValueError for another choice.
    """
    name = decide_engine(choice).name
    card = get_card(key)
    try:
        prepared = read_prepared(prepare_backbone(key, store))
    except DamagedBackbone:
        prepared = read_prepared(prepare_backbone(key, store, again=True))
    if name == "keras":
        return KerasEngine(card, prepared, store)
    if name == "openvino":
        return OpenvinoEngine(card, prepared, threads)
    return OnnxEngine(card, prepared, threads)
