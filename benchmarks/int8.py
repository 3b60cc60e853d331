"""What whole numbers of eight bits would gain, and what they would do to the embeddings.

The exported graph is quantised by ONNX Runtime (static, per channel, calibrated on photos of
FOLDER) and served beside the graph as it is and, where it is installed, OpenVINO. Each says its
milliseconds per photo in turn, how near its embeddings are to those of float32, and how a head
does that was taught on float32 embeddings, as it would after a change of the engine. FOLDER holds a
folder of photos per tag. Run with

    python -m benchmarks.int8 FOLDER [--backbone KEY] [--store MODELS_STORE] [--photos N]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.head_quality import ROUNDS, fit_of_eyes, split
from benchmarks.setting import fresh_installation
from benchmarks.written import WriteUp

CALIBRATED, SPEED_ROUNDS = 100, 25
CHUNK = 8

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Embed = Callable[[Pixels], Floats]


def main() -> None:
    """Write down a table with a row per way to serve the same graph."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--backbone", default="efficientnet_lite0")
    parser.add_argument("--store", type=Path, help="a models store that holds the backbone")
    parser.add_argument("--photos", type=int, default=1400, help="so many at most")
    wishes = parser.parse_args()
    paths = sorted(path for path in wishes.folder.rglob("*") if path.is_file())
    paths = paths[:: max(1, len(paths) // wishes.photos)]
    names = sorted({path.parent.name for path in paths})
    labels = np.array([names.index(path.parent.name) for path in paths])
    with fresh_installation(store=wishes.store) as folder:
        pixels = decode(paths, wishes.backbone)
        spread = np.linspace(0, len(pixels) - 1, min(CALIBRATED, len(pixels))).astype(int)
        ways, seconds = ways_to_serve(wishes.backbone, folder, pixels[spread])
        speed = milliseconds(ways, pixels)
        vectors = {
            name: np.concatenate(
                [embed(pixels[start : start + CHUNK]) for start in range(0, len(pixels), CHUNK)]
            )
            for name, embed in ways.items()
        }
    command = f"python -m benchmarks.int8 FOLDER --backbone {wishes.backbone}"
    name = f"int8-{wishes.backbone.replace('_', '-')}"
    page = WriteUp(name, f"Eight bits for {wishes.backbone}", command)
    page.say(f"{len(paths)} photos; quantised in {seconds:.0f} s.")
    columns = ["way", "ms alone", f"ms in {CHUNK}", "cosine, mean", "least"]
    rows = [[n, *speed[n], *nearness(vectors[n], vectors["onnx"])] for n in ways]
    own = swapped(vectors, labels)
    rows = [[*row, own[row[0]]] for row in rows]
    columns.append("right under a head taught in float32")
    page.figures |= {"photos": len(paths), "columns": columns, "rows": rows}
    page.table(columns, rows)
    page.save()


def decode(paths: list[Path], backbone: str) -> Pixels:
    """Return uint8 [n, size, size, 3]."""
    from tagging.backbones.cards import get_card
    from tagging.services.embeddings import decode_for

    return np.stack([decode_for(get_card(backbone), path) for path in paths])


def ways_to_serve(key: str, folder: Path, chosen: Pixels) -> tuple[dict[str, Embed], float]:
    """Return the engines that are here and the quantised graph, and the seconds that took."""
    import onnxruntime

    from tagging.backbones.prepared import GRAPH_FILE
    from tagging.engine import open_engine
    from tagging.engines.interface import thread_count
    from tagging.engines.openvino_engine import openvino_is_installed

    store = folder / "models_store"
    ways: dict[str, Embed] = {"onnx": open_engine(key, store, "onnx").embed}
    if openvino_is_installed():
        engine = open_engine(key, store, "openvino")
        ways[f"openvino, {engine.precision}"] = engine.embed
    started = time.perf_counter()
    graph = quantise(store / "backbones" / key / GRAPH_FILE, folder, chosen)
    seconds = time.perf_counter() - started
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = thread_count()
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    ways["onnx, int8"] = lambda pixels: np.asarray(session.run(None, {name: pixels})[0])
    return ways, seconds


def quantise(graph: Path, folder: Path, chosen: Pixels) -> Path:
    """Return the graph in eight bits, weights per channel, activations calibrated."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self, input_name: str) -> None:
            self.photos: Iterator[dict[str, Any]] = ({input_name: each[None]} for each in chosen)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.photos, None)

    import onnx

    ready, small = folder / "ready.onnx", folder / "int8.onnx"
    quant_pre_process(str(graph), str(ready), skip_symbolic_shape=True)
    reader = Reader(onnx.load(str(graph)).graph.input[0].name)
    quantize_static(str(ready), str(small), reader, quant_format=QuantFormat.QDQ, per_channel=True)
    return small


def milliseconds(ways: dict[str, Embed], pixels: Pixels) -> dict[str, list[str]]:
    """Return the median milliseconds per photo alone and in a batch, measured in turn."""
    told: dict[str, list[str]] = {name: [] for name in ways}
    for batch in (1, CHUNK):
        found: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(SPEED_ROUNDS):
            start = number * batch % (len(pixels) - batch)
            for name, embed in ways.items():
                started = time.perf_counter()
                embed(pixels[start : start + batch])
                found[name].append(1000 * (time.perf_counter() - started) / batch)
        for name in ways:
            told[name].append(f"{np.median(found[name][2:]):.1f}")
    return told


def nearness(vectors: Floats, exact: Floats) -> list[str]:
    """Return mean and least cosine to the embeddings of float32."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(exact, axis=1)
    cosine = (vectors * exact).sum(axis=1) / lengths
    return [f"{cosine.mean():.4f}", f"{cosine.min():.4f}"]


def swapped(found: dict[str, Floats], labels: NDArray[np.intp]) -> dict[str, str]:
    """Return top-1 of heads taught on float32 embeddings that judge each way's own."""
    from training.learning.features import standardisation, standardise

    right: dict[str, list[float]] = {name: [] for name in found}
    # As the database holds them.
    vectors = {name: some.astype(np.float16) for name, some in found.items()}
    exact = vectors["onnx"]
    for seed in range(ROUNDS):
        learns, stops, judges = split(labels, seed)
        mean, scale = standardisation(exact[learns])
        taught, stopped = (standardise(exact[rows], mean, scale) for rows in (learns, stops))
        score = fit_of_eyes(taught, labels[learns], stopped, labels[stops])
        for name, some in vectors.items():
            guess = score(standardise(some[judges], mean, scale)).argmax(axis=1)
            right[name].append(float((guess == labels[judges]).mean()))
    return {name: f"{np.mean(each):.2%}" for name, each in right.items()}


if __name__ == "__main__":
    main()
