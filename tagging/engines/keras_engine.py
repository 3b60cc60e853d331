"""The Keras network itself: what serves on a GPU."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np

from tagging.backbones.cards import BackboneCard
from tagging.backbones.prepared import PreparedBackbone
from tagging.engines.interface import (
    Embeddings,
    EngineMismatch,
    Head,
    Images,
    Precision,
    check_golden,
    check_images,
)

logger = logging.getLogger(__name__)

GPU_BATCHES = (1, 8, 64)
"""The only batch shapes that a GPU ever sees. Each new shape costs a tracing of the graph and a
search for the quickest convolution, seconds together; with these three that is paid once, before
the first photo. One is an upload, eight a micro-batch, 64 an import."""

_CPU_BATCH = 64


def batch_plan(count: int, batches: tuple[int, ...] = GPU_BATCHES) -> list[tuple[int, int]]:
    """Return (batch shape, photos in it) until `count` photos are done; shapes ascend.

    What is left over fills a shape up only where it is at least half of it, else the next smaller
    shapes take it: no pass is more than half padding.
    """
    plan: list[tuple[int, int]] = []
    while count:
        padded = (batch for batch in batches if count <= batch <= 2 * count)
        whole = (batch for batch in reversed(batches) if batch <= count)
        batch = next(padded, None) or next(whole, batches[0])
        plan.append((batch, min(batch, count)))
        count -= min(batch, count)
    return plan


class KerasEngine:
    """Serves the Keras network, for machines with a GPU and for comparison.

    On a GPU it computes in half precision where that meets the golden outputs, with memory that
    grows as it is needed, on the fixed shapes of GPU_BATCHES, all of which have run once when the
    constructor returns. On a CPU it computes in float32, in one graph for any number of photos.
    """

    name = "keras"

    def __init__(
        self,
        card: BackboneCard,
        prepared: PreparedBackbone,
        store: Path,
        *,
        precision: Precision | None = None,
        batches: tuple[int, ...] | None = None,
        jit_compile: bool = False,
    ) -> None:
        """Load the network with its weights from the store, check it, and warm it up.

        Of `prepared` only the golden outputs and the head are read. `precision` None chooses by
        the machine and falls back to float32; a given one is taken or raises EngineMismatch. Raises
        BackboneUnavailable when the weights cannot be used.
        `batches` None chooses by the machine as well; () is one graph for any number of photos.
        `jit_compile` lets XLA compile the graphs.
        """
        from tagging.backbones.networks import CannotCompute, prepare_gpus, sees_gpu

        self.card = card
        self._head = prepared.head
        self._store, self._jit_compile = store, jit_compile
        has_gpu = sees_gpu()
        if has_gpu:
            prepare_gpus()
        self._batches = (GPU_BATCHES if has_gpu else ()) if batches is None else batches
        self.precision: Precision = precision or (_half(card) if has_gpu else "float32")
        try:
            self._open(prepared)
        except (EngineMismatch, CannotCompute) as error:
            if precision is not None or self.precision == "float32":
                raise
            logger.warning("%s computes in float32, not %s: %s", card.key, self.precision, error)
            self.precision = "float32"
            self._open(prepared)

    def embed(self, images: Images) -> Embeddings:
        """Return float32 [n, dimension] for uint8 [n, size, size, 3]."""
        check_images(images, self.card)
        result = np.empty((len(images), self.card.dimension), dtype=np.float32)
        start = 0
        for batch, count in self._plan(len(images)):
            part = images[start : start + count]
            if count < batch:
                part = np.concatenate([part, np.zeros((batch - count, *part.shape[1:]), np.uint8)])
            result[start : start + count] = self._embed_batch(part)[:count]
            start += count
        return result

    def imagenet_head(self) -> Head | None:
        """Return (kernel [top_features, 1000], bias [1000]), or None without a top."""
        return self._head

    def _open(self, prepared: PreparedBackbone) -> None:
        """Build the network in the present precision, check it and run every shape once."""
        self._embed_batch = self._compile()
        check_golden(self, prepared)
        side = self.card.input_size
        for batch in self._batches:
            self._embed_batch(np.zeros((batch, side, side, 3), dtype=np.uint8))

    def _compile(self) -> Callable[[Images], Embeddings]:
        from tagging.backbones.networks import compile_embedder, computing_in, load_network

        with computing_in(self.precision):
            network, _ = load_network(self.card, self._store)
        return compile_embedder(network, batches=self._batches, jit_compile=self._jit_compile)

    def _plan(self, count: int) -> list[tuple[int, int]]:
        if self._batches:
            return batch_plan(count, self._batches)
        starts = range(0, count, _CPU_BATCH)
        sizes = [min(_CPU_BATCH, count - start) for start in starts]
        return list(zip(sizes, sizes, strict=True))


def _half(card: BackboneCard) -> Precision:
    """Return the half precision that this network stands.

    float16 keeps eight times finer steps than bfloat16 but ends at 65,504. Networks that read
    pixels divided to one stay at some hundreds; those of the Caffe scaling reach 26,000 (VGG16 on
    noise), too near to trust.
    """
    return "bfloat16" if card.scaling == "caffe" else "float16"
