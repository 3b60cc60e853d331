"""What one photo costs: decoding, scaling, the network, the head, and the whole.

For every backbone and engine there is, one photo alone and in batches of 8 and 32. Beside them, in
turn and in the same run, what nobody can do without (plain Pillow and a plain ONNX Runtime
session), and other ways to run the same Keras network: `model.predict`, an eager call, a traced
one. Writes per-photo.json and per-photo.md. Run with

    python -m benchmarks.per_photo [--folder PHOTOS] [--backbones KEY ...] [--engines NAME ...]
                                   [--store MODELS_STORE] [--random-weights] [--out docs]

Without a folder the photos that scikit-image ships are taken, as JPEG of at most 1 megapixel.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from benchmarks.served import (
    backbones_here,
    engines_here,
    machine,
    photos_to_try,
    table,
    write_results,
)
from benchmarks.setting import ROOT, fresh_installation

BATCHES = (1, 8, 32)
# As many rounds as fit into the seconds for one backbone and batch size, within these bounds.
FEWEST, MOST, SECONDS = 5, 60, 30.0
PAUSE = 0.02
STAGES = ("decode", "resize", "embed", "head")
TAGS = 20

Times = dict[str, float]
Way = Callable[[list[Path]], Times]
Pixels = NDArray[np.uint8]


def main() -> None:
    """Measure and write both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--backbones", nargs="+")
    parser.add_argument("--engines", nargs="+", choices=("onnx", "openvino", "keras"))
    parser.add_argument("--store", type=Path, help="a models store that holds the backbones")
    parser.add_argument("--random-weights", action="store_true", help="where there are no others")
    parser.add_argument("--out", type=Path, default=ROOT / "docs")
    wishes = parser.parse_args()
    with fresh_installation(store=wishes.store) as folder:
        store = folder / "models_store"
        photos = photos_to_try(wishes.folder, folder)
        found = backbones_here(wishes.backbones, store, random_weights=wishes.random_weights)
        engines = engines_here(wishes.engines)
        measured = [
            measure(key, engines, photos, store, batch) | {"random_weights": is_random}
            for key, is_random in found.items()
            for batch in BATCHES
        ]
    results = {"machine": machine(), "photos": len(photos), "measured": measured}
    write_results("per-photo", results, in_words(results), wishes.out)


def measure(
    key: str, engines: list[str], photos: list[Path], store: Path, batch: int
) -> dict[str, Any]:
    """Return milliseconds per photo of every way: medians and 95th percentiles by stage.

    The ways take turns on the same photos, so that a busy moment hits them alike.
    """
    ways = whole_paths(key, engines, store) | networks_alone(key, store)
    rounds: list[dict[str, Times]] = []
    source = itertools.cycle(photos)
    for way in ways.values():
        way(list(itertools.islice(source, batch)))
    started = time.perf_counter()
    while len(rounds) < MOST and (len(rounds) < FEWEST or time.perf_counter() - started < SECONDS):
        some = list(itertools.islice(source, batch))
        rounds.append({name: after_a_pause(way, some) for name, way in ways.items()})
    return {
        "backbone": key,
        "batch": batch,
        "rounds": len(rounds),
        "ways": {name: summarise([each[name] for each in rounds], batch) for name in ways},
        "ratios": {name: ratio(name, rounds) for name in ways},
    }


def after_a_pause(way: Way, photos: list[Path]) -> Times:
    """Return a way's times, once the threads of the way before it have stopped spinning."""
    time.sleep(PAUSE)
    return way(photos)


def summarise(times: list[Times], batch: int) -> dict[str, dict[str, float]]:
    """Return {"p50", "p95"} in milliseconds per photo of each stage and of the total."""
    stages: dict[str, list[float]] = {}
    for each in times:
        for stage, seconds in (each | {"total": sum(each.values())}).items():
            stages.setdefault(stage, []).append(1000 * seconds / batch)
    return {
        stage: {
            "p50": float(np.percentile(found, 50)),
            "p95": float(np.percentile(found, 95)),
        }
        for stage, found in stages.items()
    }


def ratio(name: str, rounds: list[dict[str, Times]]) -> float:
    """Return the median, round by round, of a way's time over the bare one's of the same kind."""
    bare = "bare" if name.startswith(("eyes", "bare")) else "network: bare ONNX Runtime"
    found = [sum(each[name].values()) / sum(each[bare].values()) for each in rounds]
    return float(np.median(found))


def whole_paths(key: str, engines: list[str], store: Path) -> dict[str, Way]:
    """Return the ways from files to tags: bare, and eyes with each engine."""
    from tagging.backbones.cards import get_card
    from tagging.engine import open_engine

    card = get_card(key)
    run = bare_session(key, store)

    def bare(photos: list[Path]) -> Times:
        clock = Clock()
        pictures = []
        for photo in photos:
            with Image.open(photo) as opened:
                pictures.append(ImageOps.exif_transpose(opened).convert("RGB"))
        clock.note("decode")
        side = (card.input_size, card.input_size)
        fitted = [ImageOps.fit(each, side, Image.Resampling.BICUBIC) for each in pictures]
        pixels = np.stack([np.asarray(each) for each in fitted])
        clock.note("resize")
        run(pixels)
        clock.note("embed")
        return clock.times

    ways: dict[str, Way] = {"bare": bare}
    for name in engines:
        engine = open_engine(key, store, name)  # type: ignore[arg-type]
        ways[f"eyes, {name} ({engine.precision})"] = path_of_eyes(engine)
    return ways


def path_of_eyes(engine: Any) -> Way:
    """Return the path that a job takes, stage by stage: the same calls in the same order."""
    from django.conf import settings

    from gallery.imaging import load_rgb
    from tagging.backbones.preprocessing import to_network_input
    from tagging.services.embeddings import DECODE_MARGIN

    card, speech = engine.card, speech_of(engine)
    enough = math.ceil(card.input_size / card.crop * DECODE_MARGIN)

    def path(photos: list[Path]) -> Times:
        clock = Clock()
        limit = settings.EYES_MAX_PIXELS
        pictures = [load_rgb(each, max_pixels=limit, enough_side=enough) for each in photos]
        clock.note("decode")
        pixels = np.stack([to_network_input(each, card) for each in pictures])
        clock.note("resize")
        embeddings = engine.embed(pixels)
        clock.note("embed")
        speech.about(embeddings, only_suggested=True)
        clock.note("head")
        return clock.times

    return path


def speech_of(engine: Any) -> Any:
    """Return what tags embeddings: a made-up head of 20 tags, and the first day's words."""
    from tagging.head import Head
    from tagging.presets import current_policy
    from tagging.speech import Speech
    from tagging.words import current_words

    random, dimension = np.random.default_rng(0), engine.card.dimension
    head = Head(
        labels=tuple(f"thing {number}" for number in range(TAGS)),
        mean=np.zeros(dimension, dtype=np.float32),
        scale=np.ones(dimension, dtype=np.float32),
        kernel=(random.normal(size=(dimension, TAGS)) * 0.01).astype(np.float32),
        bias=np.zeros(TAGS, dtype=np.float32),
        show=np.full(TAGS, 0.8, dtype=np.float32),
        suggest=np.full(TAGS, 0.4, dtype=np.float32),
    )
    return Speech(head, engine.imagenet_head(), current_words(), current_policy().roll_up_show)


def networks_alone(key: str, store: Path) -> dict[str, Way]:
    """Return other ways to run the same network on pixels that lie ready."""
    from tagging.backbones.cards import get_card
    from tagging.backbones.networks import compile_embedder
    from tagging.services.embeddings import decode_for

    card = get_card(key)
    network = keras_network(key, store)
    runs: dict[str, Callable[[Pixels], object]] = {
        "bare ONNX Runtime": bare_session(key, store),
        "Keras, traced": compile_embedder(network),
        "Keras, eager": lambda pixels: network(pixels, training=False).numpy(),
        "Keras, model.predict": lambda pixels: network.predict(pixels, verbose=0),
    }

    def way_of(run: Callable[[Pixels], object]) -> Way:
        def way(photos: list[Path]) -> Times:
            pixels = np.stack([decode_for(card, photo) for photo in photos])
            clock = Clock()
            run(pixels)
            clock.note("embed")
            return clock.times

        return way

    return {f"network: {name}": way_of(run) for name, run in runs.items()}


def keras_network(key: str, store: Path) -> Any:
    """Return the Keras network with the weights in use."""
    from tagging.backbones.cards import get_card
    from tagging.backbones.networks import load_network

    network, _ = load_network(get_card(key), store)
    return network


def bare_session(key: str, store: Path) -> Callable[[Pixels], object]:
    """Return a plain session of ONNX Runtime on the exported graph, with its own defaults."""
    import onnxruntime

    from tagging.backbones.prepare import prepare_backbone
    from tagging.backbones.prepared import GRAPH_FILE

    graph = prepare_backbone(key, store) / GRAPH_FILE
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda pixels: session.run(None, {name: pixels})


@dataclass
class Clock:
    """Notes how long each stage took since the one before."""

    def __post_init__(self) -> None:
        self.times: Times = {}
        self._last = time.perf_counter()

    def note(self, stage: str) -> None:
        """Write down the seconds since the last note."""
        now = time.perf_counter()
        self.times[stage] = now - self._last
        self._last = now


def in_words(results: dict[str, Any]) -> str:
    """Return both tables with what they were measured on."""
    random = sorted({row["backbone"] for row in results["measured"] if row["random_weights"]})
    note = f" Random weights, good for speed alone: {', '.join(random)}." if random else ""
    return (
        "# What one photo costs\n\n"
        f"{results['machine']}. {results['photos']} JPEG photos of at most 1 megapixel. "
        "Milliseconds per photo, median / 95th percentile; all ways take turns in one run of "
        f"`python -m benchmarks.per_photo`.{note}\n\n"
        "## From file to tags\n\n"
        "*Bare* is plain Pillow and a plain ONNX Runtime session, without tags. The ratio is the "
        "median over rounds of total to bare total.\n\n"
        + table(
            ["backbone", "batch", "way", *STAGES, "total", "ratio"],
            list(rows_of_paths(results)),
            texts=1,
        )
        + "\n## The network alone\n\nOn pixels that lie ready.\n\n"
        + table(
            ["backbone", "batch", "way", "embed", "to bare ONNX Runtime"],
            list(rows_of_networks(results)),
            texts=1,
        )
    )


def rows_of_paths(results: dict[str, Any]) -> Iterator[list[str]]:
    """Return the cells of the first table."""
    for row in results["measured"]:
        for name, stages in row["ways"].items():
            if not name.startswith("network"):
                cells = [in_cell(stages.get(stage)) for stage in (*STAGES, "total")]
                yield [*place_of(row), name, *cells, f"{row['ratios'][name]:.2f}"]


def rows_of_networks(results: dict[str, Any]) -> Iterator[list[str]]:
    """Return the cells of the second table."""
    for row in results["measured"]:
        bare = row["ways"]["network: bare ONNX Runtime"]["embed"]["p50"]
        for name, stages in row["ways"].items():
            if name != "bare":
                share = stages["embed"]["p50"] / bare
                way = name.removeprefix("network: ")
                yield [*place_of(row), way, in_cell(stages["embed"]), f"{share:.2f}"]


def place_of(row: dict[str, Any]) -> list[str]:
    """Return the cells that begin a row: backbone and batch size."""
    return [row["backbone"], str(row["batch"])]


def in_cell(found: dict[str, float] | None) -> str:
    """Return "p50 / p95", or a dash for a stage that a way has not."""
    return "–" if found is None else f"{found['p50']:.1f} / {found['p95']:.1f}"


if __name__ == "__main__":
    main()
