"""What the Keras engine does on a GPU: precision, XLA, batch sizes, memory, and how exact it is.

Needs neither a database nor an exported graph: the golden outputs are computed here, in float32 on
the CPU, and held against those of the GPU. Backbones whose weights are not in the store get random
ones, which say nothing of accuracy and everything of speed. Run with

    python -m benchmarks.gpu_engine [--backbones KEY ...] [--store MODELS_STORE]
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.setting import ROOT
from benchmarks.written import WriteUp

ROUNDS = 30
PRECISIONS = ("float32", "float16", "bfloat16")


@dataclass(frozen=True)
class Subject:
    """A backbone, the store that holds its weights, and what it must give."""

    card: Any
    store: Path
    prepared: Any
    is_random: bool


def main() -> None:
    """Measure every backbone in every precision, with and without XLA."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--backbones", nargs="+", default=["efficientnet_lite0", "vgg16"])
    parser.add_argument("--store", type=Path, default=ROOT / "models_store")
    wishes = parser.parse_args()
    from tagging.backbones.networks import prepare_gpus, sees_gpu

    prepare_gpus()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for key in wishes.backbones:
            subject = find_subject(key, wishes.store, Path(folder))
            for precision in PRECISIONS:
                for jit_compile in (False, True):
                    rows.append(measure(subject, precision, jit_compile))
                    print(rows[-1], flush=True)
    page = WriteUp("gpu-engine", "The Keras engine on a GPU", "python -m benchmarks.gpu_engine")
    page.figures["rows"] = rows
    page.say(f"TensorFlow {'sees a' if sees_gpu() else 'sees no'} GPU.")
    add_table(page, rows)
    page.save()


def find_subject(key: str, store: Path, folder: Path) -> Subject:
    """Return the backbone with its own weights, or with random ones in a store in the folder."""
    import tensorflow as tf

    from tagging.backbones.cards import get_card
    from tagging.backbones.networks import compile_embedder, load_network
    from tagging.backbones.prepared import PreparedBackbone, golden_images
    from tagging.backbones.weights import BackboneUnavailable, read_record

    card, is_random = get_card(key), False
    with tf.device("/CPU:0"):
        try:
            read_record(card, store)
        except BackboneUnavailable:
            is_random, store = True, folder
            put_random_weights(card, store)
        network, head = load_network(card, store)
        images = golden_images(card)
        expected = compile_embedder(network)(images)
    top = None if head is None else (head["kernel"], head["bias"])
    return Subject(card, store, PreparedBackbone(b"", top, images, expected), is_random)


def put_random_weights(card: Any, store: Path) -> None:
    """Write random weights with their record where fetched ones would lie."""
    import keras

    from tagging.backbones.networks import build_network
    from tagging.backbones.weights import (
        WeightsRecord,
        fetched_weights_path,
        file_sha256,
        write_record,
    )

    keras.utils.set_random_seed(1)
    path = fetched_weights_path(card, store)
    path.parent.mkdir(parents=True, exist_ok=True)
    build_network(card).get_layer("body").save_weights(path)
    write_record(card, store, WeightsRecord(file_sha256(path), "random numbers"))


def measure(subject: Subject, precision: str, jit_compile: bool) -> dict[str, Any]:
    """Return milliseconds per photo by batch size, memory, and the distance to float32.

    A precision that misses its tolerance is told with the reason in place of figures.
    """
    import tensorflow as tf

    from tagging.backbones.networks import CannotCompute
    from tagging.backbones.prepared import golden_distance
    from tagging.engine import EngineMismatch, KerasEngine
    from tagging.engines.keras_engine import GPU_BATCHES

    row: dict[str, Any] = {
        "backbone": subject.card.key,
        "random_weights": subject.is_random,
        "precision": precision,
        "xla": jit_compile,
    }
    started = time.perf_counter()
    try:
        engine = KerasEngine(
            subject.card,
            subject.prepared,
            subject.store,
            precision=precision,  # type: ignore[arg-type]
            batches=GPU_BATCHES,
            jit_compile=jit_compile,
        )
    except (EngineMismatch, CannotCompute, tf.errors.OpError) as error:
        return row | {"refused": str(error).splitlines()[0]}
    row["seconds_to_open"] = time.perf_counter() - started
    found = engine.embed(subject.prepared.golden_images)
    row["distance"] = golden_distance(found, subject.prepared.golden_embeddings)
    row["ms"] = {batch: milliseconds(engine, batch) for batch in GPU_BATCHES}
    row["gpu_peak_mb"] = gpu_peak_megabytes()
    return row


def milliseconds(engine: Any, batch: int) -> float:
    """Return the median milliseconds per photo, copies to and from the GPU included."""
    side = engine.card.input_size
    pixels: NDArray[np.uint8] = np.random.default_rng(batch).integers(
        0, 256, (batch, side, side, 3), dtype=np.uint8
    )
    found = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        engine.embed(pixels)
        found.append(1000 * (time.perf_counter() - started) / batch)
    return float(np.median(found))


def gpu_peak_megabytes() -> float | None:
    """Return the most memory that TensorFlow used on the GPU since the last call; None without."""
    import tensorflow as tf

    if not tf.config.list_physical_devices("GPU"):
        return None
    peak = tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e6
    tf.config.experimental.reset_memory_stats("GPU:0")
    return float(peak)


def add_table(page: WriteUp, measured: list[dict[str, Any]]) -> None:
    """Add the table with a row per network, precision and compiler."""
    rows = []
    for row in measured:
        name = row["backbone"] + (" (random weights)" if row["random_weights"] else "")
        way = [name, row["precision"], "yes" if row["xla"] else "no"]
        if "refused" in row:
            rows.append([*way, "refused", "–", "–", "–", "–", "–"])
            continue
        peak = "–" if row["gpu_peak_mb"] is None else f"{row['gpu_peak_mb']:.0f}"
        speed = [f"{value:.2f}" for value in row["ms"].values()]
        rows.append([*way, *speed, f"{row['distance']:.4f}", peak, f"{row['seconds_to_open']:.1f}"])
    columns = ["backbone", "precision", "XLA", "ms alone", "ms in 8", "ms in 64"]
    columns += ["golden distance", "peak MB on the GPU", "s to open"]
    page.say(f"Milliseconds per photo, median of {ROUNDS}, copies to and from the GPU included.")
    page.table(columns, rows, texts=3)


if __name__ == "__main__":
    main()
