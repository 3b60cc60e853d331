"""The ways from a photo to tags that are compared: those of eyes, bare ones, and Keras' own."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

TAGS = 20

Times = dict[str, float]
Way = Callable[[list[Path]], Times]
Pixels = NDArray[np.uint8]


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
