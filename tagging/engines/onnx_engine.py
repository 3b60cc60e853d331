"""ONNX Runtime on the CPU: opens in a tenth of a second and needs no TensorFlow."""

from __future__ import annotations

from typing import cast

from tagging.backbones.cards import BackboneCard
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


class OnnxEngine:
    """Serves a prepared folder with ONNX Runtime on the CPU."""

    name = "onnx"
    precision: Precision = "float32"

    def __init__(self, card: BackboneCard, prepared: PreparedBackbone, threads: int = 0) -> None:
        """Open the graph and check it; `threads` 0 asks the environment, then the machine.

        Raises EngineMismatch when the golden outputs are not met.
        """
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or thread_count()
        options.inter_op_num_threads = 1
        # Threads that spin between photos would take the other processes' cores.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self.card = card
        self._head = prepared.head
        self._session = onnxruntime.InferenceSession(
            prepared.graph, options, providers=["CPUExecutionProvider"]
        )
        self._input_name = self._session.get_inputs()[0].name
        check_golden(self, prepared)

    def embed(self, images: Images) -> Embeddings:
        """Return float32 [n, dimension] for uint8 [n, size, size, 3], a few images at a time."""
        return embed_in_parts(images, self.card, self._run)

    def imagenet_head(self) -> Head | None:
        """Return (kernel [top_features, 1000], bias [1000]), or None without a top."""
        return self._head

    def _run(self, part: Images) -> Embeddings:
        (embeddings,) = self._session.run(None, {self._input_name: part})
        return cast(Embeddings, embeddings)
