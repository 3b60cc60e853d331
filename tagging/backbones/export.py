"""Write a prepared backbone: `python -m tagging.backbones.export KEY STORE FOLDER`.

Run as a process of its own by `prepare`, so that no server keeps TensorFlow's memory. FOLDER is
an empty folder to write into; the caller moves it into place.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tagging.backbones.cards import BackboneCard, get_card
from tagging.backbones.prepared import (
    GOLDEN_FILE,
    GOLDEN_TOLERANCE,
    GRAPH_FILE,
    HEAD_FILE,
    golden_difference,
    golden_images,
    write_source,
)
from tagging.backbones.refusals import REFUSAL_MARK
from tagging.backbones.weights import BackboneUnavailable, read_record

Images = npt.NDArray[np.uint8]
Embeddings = npt.NDArray[np.float32]


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
    check_graph(card, folder / GRAPH_FILE, images, embeddings)
    write_source(folder, card, record)


def check_graph(card: BackboneCard, path: Path, images: Images, expected: Embeddings) -> None:
    """Raise BackboneUnavailable unless the graph opens and gives what Keras gave.

    The export writes operations that it cannot translate into the graph as they are.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # what it has to say is in the exception
    try:
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        name = session.get_inputs()[0].name
        rows = [session.run(None, {name: image[None]})[0] for image in images]
    except Exception as error:
        raise BackboneUnavailable(
            f"The exported graph of {card.key} does not run: {str(error).splitlines()[0][:500]}"
        ) from error
    difference = golden_difference(np.concatenate(rows), expected)
    if not difference <= GOLDEN_TOLERANCE:
        raise BackboneUnavailable(
            f"The exported graph of {card.key} is off by {difference:.2g} of the scale of what "
            f"Keras gives; at most {GOLDEN_TOLERANCE:g} is accepted."
        )


def main(arguments: list[str]) -> int:
    """Return the exit status: 0 when written, 1 with one clear line on stderr when refused."""
    key, store, folder = arguments
    try:
        export_backbone(key, Path(store), Path(folder))
    except BackboneUnavailable as refusal:
        print(f"{REFUSAL_MARK}{refusal}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
