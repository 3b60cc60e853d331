"""OpenVINO on the CPU, an optional package: in bfloat16 where the CPU computes in it by itself.

There a photo takes two thirds of the time of ONNX Runtime (benchmarks/int8.py); on other CPUs it is
no quicker, so it is never taken unasked.
"""

from __future__ import annotations

import importlib.util
from typing import cast

from tagging.backbones.cards import BackboneCard
from tagging.backbones.prepare import BackboneUnavailable
from tagging.backbones.prepared import PreparedBackbone
from tagging.engines.interface import (
    Embeddings,
    Head,
    Images,
    Precision,
    check_golden,
    embed_in_parts,
    thread_count,
)

HOW_TO_INSTALL = "pip install -r requirements-openvino.txt"


def openvino_is_installed() -> bool:
    """Return whether the optional package is there, without importing it."""
    return importlib.util.find_spec("openvino") is not None


class OpenvinoEngine:
    """Serves a prepared folder with OpenVINO on the CPU."""

    name = "openvino"

    def __init__(
        self,
        card: BackboneCard,
        prepared: PreparedBackbone,
        threads: int = 0,
        *,
        precision: Precision | None = None,
    ) -> None:
        """Open the graph and check it; `threads` 0 asks the environment, then the machine.

        `precision` None takes bfloat16 where the CPU has it, else float32. Raises
        BackboneUnavailable where the package is missing, and EngineMismatch when the golden
        outputs are not met.
        """
        if not openvino_is_installed():
            raise BackboneUnavailable(
                f"The engine openvino needs a package that is not installed: {HOW_TO_INSTALL}. "
                "EYES_ENGINE=auto does without it."
            )
        import openvino

        core = openvino.Core()
        has_bfloat16 = "BF16" in core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        self.card = card
        self.precision: Precision = precision or ("bfloat16" if has_bfloat16 else "float32")
        self._head = prepared.head
        model = core.read_model(prepared.graph)
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "NUM_STREAMS": 1,
            "INFERENCE_NUM_THREADS": threads or thread_count(),
            "INFERENCE_PRECISION_HINT": "bf16" if self.precision == "bfloat16" else "f32",
        }
        self._request = core.compile_model(model, "CPU", settings).create_infer_request()
        check_golden(self, prepared)

    def embed(self, images: Images) -> Embeddings:
        """Return float32 [n, dimension] for uint8 [n, size, size, 3], a few images at a time."""
        return embed_in_parts(images, self.card, self._run)

    def imagenet_head(self) -> Head | None:
        """Return (kernel [top_features, 1000], bias [1000]), or None without a top."""
        return self._head

    def _run(self, part: Images) -> Embeddings:
        answer = self._request.infer({0: part}, share_inputs=True, share_outputs=True)
        return cast(Embeddings, answer[0])
