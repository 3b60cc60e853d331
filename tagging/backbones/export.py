"""Write a prepared backbone: `python -m tagging.backbones.export KEY STORE FOLDER`.

Run as a process of its own by `prepare`, so that no server keeps TensorFlow's memory. FOLDER is
an empty folder to write into; the caller moves it into place.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from tagging.backbones.cards import get_card
from tagging.backbones.prepared import (
    GOLDEN_FILE,
    GRAPH_FILE,
    HEAD_FILE,
    golden_images,
    write_source,
)
from tagging.backbones.weights import BackboneUnavailable, read_record


def export_backbone(key: str, store: Path, folder: Path) -> None:
    """Fill `folder` with the ONNX graph, the head, golden outputs and their hashes.

    Raises BackboneUnavailable when the weights are missing, changed or of another network.
    """
    from tagging.backbones.networks import compile_embedder, load_network

    card = get_card(key)
    record = read_record(card, store)
    network, head = load_network(card, store)
    images = golden_images(card)
    embeddings = compile_embedder(network)(images)  # also marks the network as built for export
    np.savez(folder / GOLDEN_FILE, images=images, embeddings=embeddings)
    if head is not None:
        np.savez(folder / HEAD_FILE, kernel=head["kernel"], bias=head["bias"])
    network.export(folder / GRAPH_FILE, format="onnx", verbose=False)
    write_source(folder, card, record)


def main(arguments: list[str]) -> int:
    """Return the exit status: 0 when written, 1 with one clear line on stderr when refused."""
    key, store, folder = arguments
    try:
        export_backbone(key, Path(store), Path(folder))
    except BackboneUnavailable as refusal:
        print(f"{REFUSAL_MARK}{refusal}", file=sys.stderr)
        return 1
    return 0


# Tells the caller which line of a chatty stderr is the reason.
REFUSAL_MARK = "refused: "

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
