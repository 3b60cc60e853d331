"""From embeddings to the probabilities of the 1,000 classes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


def class_probabilities(embeddings: Floats, head: tuple[Floats, Floats]) -> Floats:
    """Return float32 [n, classes]: the softmax of what a backbone's own head makes of embeddings.

    `embeddings` is float [n, d], half precision included; `head` is (kernel [k, classes],
    bias [classes]) with k <= d: the head reads the first k numbers. Raises ValueError otherwise.
    """
    kernel, bias = head
    if embeddings.ndim != 2 or embeddings.shape[1] < len(kernel):
        raise ValueError(f"The head reads {len(kernel)} numbers, not {embeddings.shape}.")
    logits = embeddings[:, : len(kernel)].astype(np.float32) @ kernel + bias
    # Shifting all logits alike changes no probability and keeps exp() from overflowing.
    logits -= logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    probabilities: Floats = powers / powers.sum(axis=1, keepdims=True)
    return probabilities
