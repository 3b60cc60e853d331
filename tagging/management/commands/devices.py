"""`manage.py devices [--json]`: what this machine has for the network, and what serves on it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from tagging.backbones.cards import CARDS, get_card
from tagging.backbones.prepare import is_prepared
from tagging.backbones.tuned import tuned_keys
from tagging.backbones.weights import BackboneUnavailable, fetched_weights_path
from tagging.devices import (
    HOW_TO_INSTALL_GPU,
    Processor,
    gpu_is_usable,
    may_have_gpu,
    read_gpus,
    read_processor,
    why_not_used,
)
from tagging.engine import EngineChoice, decide_engine
from tagging.engines.openvino_engine import HOW_TO_INSTALL, openvino_is_installed


class Command(BaseCommand):
    """Say what eyes sees of this machine and what it will use."""

    help = "Show cores, memory and GPUs, the engine that serves, and which backbones are ready."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare --json."""
        parser.add_argument("--json", action="store_true", help="for other programs")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the findings; a GPU that cannot be used is told with what to do."""
        found = look_around(settings.EYES_MODELS_STORE, settings.EYES_ENGINE)
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
        else:
            self._tell(found)

    def _tell(self, found: dict[str, Any]) -> None:
        processor = found["processor"]
        features = ", ".join(processor["features"]) or "nothing special"
        self.stdout.write(
            f"CPU       {processor['model']}: {_counted(processor['cores'], 'core')} and "
            f"{gigabytes(processor['memory_bytes'])} in reach; {features}"
        )
        for gpu in found["gpus"]:
            load = "" if gpu["load"] is None else f", {gpu['load']} % busy"
            self.stdout.write(
                f"GPU       {gpu['name']}: {gigabytes(gpu['used_bytes'])} of "
                f"{gigabytes(gpu['memory_bytes'])} in use{load}; driver {gpu['driver']}"
            )
        if not found["gpus"] and not found["gpu_driver_is_here"]:
            self.stdout.write("GPU       none")
        self.stdout.write(f"Engine    {found['engine']}, since {found['engine_reason']}")
        for backbone in found["backbones"]:
            if backbone["has_weights"]:
                live = "  (EYES_BACKBONE)" if backbone["key"] == settings.EYES_BACKBONE else ""
                self.stdout.write(f"Backbone  {backbone['key']}: {backbone['state']}{live}")
        absent = [one["key"] for one in found["backbones"] if not one["has_weights"]]
        if absent:
            self.stdout.write(
                f"Others    {', '.join(absent)}: without weights yet (manage.py fetch_backbone KEY)"
            )
        for sentence in found["advice"]:
            self.stdout.write(self.style.WARNING(sentence))


def look_around(store: Path, choice: str) -> dict[str, Any]:
    """Return everything the command tells, as plain data for JSON.

    TensorFlow is imported only where a driver of NVIDIA is on the machine.
    """
    processor, gpus, has_driver = read_processor(), read_gpus(), may_have_gpu()
    sees_gpu = gpu_is_usable()
    decision = decide_engine(cast("EngineChoice", choice))
    advice = []
    if (gpus or has_driver) and not sees_gpu:
        advice.append(f"There is a GPU, but TensorFlow cannot use it. {why_not_used(gpus)}")
    elif has_driver and not gpus:
        advice.append(f"Its name and load are told with nvidia-ml-py: {HOW_TO_INSTALL_GPU}.")
    if (gpus or has_driver) and sees_gpu and decision.name != "keras":
        advice.append(f"EYES_ENGINE={choice} leaves the GPU idle; EYES_ENGINE=auto would use it.")
    advice += advice_for_cpu(processor, decision.name)
    return {
        "processor": asdict(processor),
        "gpus": [asdict(gpu) for gpu in gpus],
        "gpu_driver_is_here": has_driver,
        "tensorflow_sees_gpu": sees_gpu,
        "engine": decision.name,
        "engine_reason": decision.reason,
        "backbones": [
            {"key": key, "engine": decision.name, **readiness(key, store)}
            for key in [*CARDS, *tuned_keys(store)]
        ],
        "advice": advice,
    }


def advice_for_cpu(processor: Processor, engine: str) -> list[str]:
    """Return a sentence where OpenVINO is chosen and missing, or would be quicker."""
    if engine == "openvino" and not openvino_is_installed():
        return [f"EYES_ENGINE=openvino needs a package that is not installed: {HOW_TO_INSTALL}."]
    if engine == "onnx" and processor.has_bfloat16:
        install = "" if openvino_is_installed() else f" (after {HOW_TO_INSTALL})"
        return [f"This CPU computes in bfloat16: EYES_ENGINE=openvino{install} is quicker here."]
    return []


def readiness(key: str, store: Path) -> dict[str, Any]:
    """Return whether a backbone has its weights, could serve now, and its state in words."""
    card = get_card(key)
    has_weights = card.is_bundled or fetched_weights_path(card, store).is_file()
    try:
        ready = is_prepared(key, store)
    except BackboneUnavailable as error:
        return {"has_weights": has_weights, "is_ready": False, "state": f"not ready. {error}"}
    state = "ready" if ready else "its weights are here; it is prepared when it is first used"
    return {"has_weights": has_weights, "is_ready": ready, "state": state}


def gigabytes(count: int) -> str:
    """Return a number of bytes as "23.4 GB"."""
    return f"{count / 1e9:.1f} GB"


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"
