"""Both engines open checked, agree with each other, and see what is in a photo."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import skimage.data
from PIL import Image as PillowImage

from tagging.backbones.cards import UnknownBackbone, get_card
from tagging.backbones.prepare import prepared_folder
from tagging.backbones.prepared import read_prepared, write_source
from tagging.backbones.preprocessing import to_network_input
from tagging.backbones.weights import BackboneUnavailable, read_record
from tagging.engine import (
    Engine,
    EngineMismatch,
    KerasEngine,
    OnnxEngine,
    OpenvinoEngine,
    decide_engine,
    open_engine,
)
from tagging.engines.keras_engine import GPU_BATCHES, batch_plan

KEY = "efficientnet_lite0"
ROOT = Path(__file__).resolve().parents[2]

# Positions in the ImageNet-1k list for what the bundled photos show.
CATS = range(281, 286)
COFFEE = (504, 967, 968)
ROCKETS = (657, 744, 812)


@pytest.fixture(scope="module")
def engine(session_store: Path) -> Engine:
    """The default engine of a machine without a GPU."""
    return open_engine(KEY, session_store, "onnx")


def bundled_photos() -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return real photos as network input: a cat, a cup of coffee, a rocket, an astronaut."""
    names = ("chelsea", "coffee", "rocket", "astronaut")
    photos = [PillowImage.fromarray(getattr(skimage.data, name)()) for name in names]
    return np.stack([to_network_input(photo, get_card(KEY)) for photo in photos])


def run_python(code: str, *arguments: str) -> str:
    """Run code in a fresh process in the project's root and return what it prints."""
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


LIBRARIES = {"tensorflow", "keras", "onnxruntime", "openvino", "h5py", "django"}
HEAVY = f"sorted({LIBRARIES!r} & sys.modules.keys())"


def test_importing_the_engine_imports_no_network_library() -> None:
    assert run_python(f"import sys, tagging.engine; print({HEAVY})").strip() == "[]"


def test_an_unknown_choice_or_backbone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Known: auto, onnx, keras, openvino"):
        open_engine(KEY, tmp_path, "tpu")  # type: ignore[arg-type]
    with pytest.raises(UnknownBackbone):
        open_engine("resnet", tmp_path)


def test_a_backbone_without_weights_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(BackboneUnavailable, match="fetch_backbone inception_v3"):
        open_engine("inception_v3", tmp_path)


@pytest.mark.network
def test_the_onnx_engine_needs_no_tensorflow(session_store: Path) -> None:
    code = (
        "import sys, pathlib; from tagging.engine import open_engine; "
        f"engine = open_engine({KEY!r}, pathlib.Path(sys.argv[1]), 'auto'); "
        f"print(engine.name, {HEAVY})"
    )
    environment_free_of_gpu = f"import os; os.environ['CUDA_VISIBLE_DEVICES'] = '-1'; {code}"
    printed = run_python(environment_free_of_gpu, str(session_store))
    assert printed.strip() == "onnx ['onnxruntime']"


@pytest.mark.network
def test_the_two_engines_agree_on_noise_and_on_photos(session_store: Path, engine: Engine) -> None:
    keras_engine = open_engine(KEY, session_store, "keras")
    noise = np.random.default_rng(5).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    images = np.concatenate([noise, bundled_photos()])
    ours, theirs = engine.embed(images), keras_engine.embed(images)
    assert (engine.name, keras_engine.name) == ("onnx", "keras")
    assert ours.shape == theirs.shape == (7, 1792)
    assert np.abs(ours - theirs).max() <= 1e-3
    head, keras_head = engine.imagenet_head(), keras_engine.imagenet_head()
    assert head is not None
    assert keras_head is not None
    assert (head[0] == keras_head[0]).all()


@pytest.mark.network
def test_openvino_agrees_in_the_precision_of_this_cpu(session_store: Path, engine: Engine) -> None:
    openvino = open_engine(KEY, session_store, "openvino")
    images = np.concatenate([bundled_photos()] * 3)
    ours, theirs = openvino.embed(images), engine.embed(images)
    assert openvino.name == "openvino"
    assert (ours.shape, ours.dtype) == ((12, 1792), np.float32)
    cosine = (ours * theirs).sum(axis=1) / np.linalg.norm(ours, axis=1)
    assert (cosine / np.linalg.norm(theirs, axis=1) > 0.995).all()
    assert (ours[:4] == openvino.embed(images[:4])).all(), "an answer is not overwritten later"
    top, expected = openvino.imagenet_head(), engine.imagenet_head()
    assert top is not None and expected is not None
    assert (top[0] == expected[0]).all()


@pytest.mark.network
def test_openvino_in_float32_gives_the_numbers_of_keras(session_store: Path) -> None:
    prepared = read_prepared(prepared_folder(KEY, session_store))
    exact = OpenvinoEngine(get_card(KEY), prepared, precision="float32")
    difference = np.abs(exact.embed(prepared.golden_images) - prepared.golden_embeddings).max()
    assert exact.precision == "float32"
    assert difference <= 1e-3


def test_openvino_says_how_to_install_it_where_it_is_missing(
    session_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tagging.engines.openvino_engine.openvino_is_installed", lambda: False)
    with pytest.raises(BackboneUnavailable, match=r"pip install -r requirements-openvino\.txt"):
        open_engine(KEY, session_store, "openvino")


@pytest.mark.network
@pytest.mark.parametrize("precision", ["float16", "bfloat16"])
def test_half_precision_on_fixed_shapes_meets_its_own_tolerance(
    session_store: Path, engine: Engine, precision: Literal["float16", "bfloat16"]
) -> None:
    card, prepared = get_card(KEY), read_prepared(prepared_folder(KEY, session_store))
    half = KerasEngine(card, prepared, session_store, precision=precision, batches=(1, 4))
    images = np.concatenate([bundled_photos()] * 2)[:7]
    ours, exact = half.embed(images), engine.embed(images)
    assert (half.precision, ours.dtype, ours.shape) == (precision, np.float32, (7, 1792))
    distance = np.linalg.norm(ours - exact) / np.linalg.norm(exact)
    assert 0 < distance < {"float16": 0.01, "bfloat16": 0.08}[precision]
    assert half.embed(images[:0]).shape == (0, 1792)


@pytest.mark.network
@pytest.mark.parametrize("precision", ["float32", "float16", "bfloat16"])
def test_exchanged_channels_are_found_in_every_precision(
    session_store: Path, precision: Literal["float32", "float16", "bfloat16"]
) -> None:
    card, prepared = get_card(KEY), read_prepared(prepared_folder(KEY, session_store))
    exchanged = replace(prepared, golden_images=prepared.golden_images[..., ::-1].copy())
    with pytest.raises(EngineMismatch, match=f"in {precision}; at most"):
        KerasEngine(card, exchanged, session_store, precision=precision)


@pytest.mark.network
def test_a_gpu_whose_half_precision_misses_the_golden_outputs_computes_in_float32(
    session_store: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is no GPU here: TensorFlow is made to say so, and computes on the CPU all the same."""
    monkeypatch.setattr("tagging.backbones.networks.sees_gpu", lambda: True)
    card, prepared = get_card(KEY), read_prepared(prepared_folder(KEY, session_store))
    half = KerasEngine(card, prepared, session_store, batches=(1, 4))
    assert half.precision == "float16"
    monkeypatch.setattr("tagging.engines.interface._HALF_TOLERANCE", 0)
    exact = KerasEngine(card, prepared, session_store, batches=(1, 4))
    assert exact.precision == "float32"
    assert "efficientnet_lite0 computes in float32, not float16" in caplog.text


@pytest.mark.network
def test_a_gpu_would_get_graphs_of_fixed_shapes_alone(session_store: Path) -> None:
    from tagging.backbones.networks import compile_embedder, load_network

    card = get_card(KEY)
    embed = compile_embedder(load_network(card, session_store)[0], batches=(1, 2))
    assert embed(bundled_photos()[:2]).shape == (2, 1792)
    with pytest.raises(KeyError):
        embed(bundled_photos()[:3])


@pytest.mark.parametrize(
    ("count", "plan"),
    [
        (0, []),
        (1, [(1, 1)]),
        (3, [(1, 1)] * 3),
        (4, [(8, 4)]),
        (9, [(8, 8), (1, 1)]),
        (31, [(8, 8), (8, 8), (8, 8), (8, 7)]),
        (32, [(64, 32)]),
        (150, [(64, 64), (64, 64), (8, 8), (8, 8), (8, 6)]),
    ],
)
def test_photos_are_dealt_out_to_shapes_with_at_most_half_padding(
    count: int, plan: list[tuple[int, int]]
) -> None:
    assert batch_plan(count, (1, 8, 64)) == plan


def test_every_number_of_photos_is_dealt_out_whole() -> None:
    for count in range(300):
        plan = batch_plan(count)
        assert sum(photos for _, photos in plan) == count
        assert all(batch in GPU_BATCHES and 2 * photos >= batch for batch, photos in plan)


def test_auto_is_onnx_where_gpus_are_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    assert decide_engine("auto").name == "onnx"
    assert decide_engine("keras").reason == "EYES_ENGINE=keras says so"


@pytest.mark.network
def test_the_network_sees_what_is_in_the_photo(engine: Engine) -> None:
    head = engine.imagenet_head()
    assert head is not None
    kernel, bias = head
    assert (kernel.shape, bias.shape) == ((1280, 1000), (1000,))
    embeddings = engine.embed(bundled_photos())
    best = (embeddings[:, : engine.card.top_features] @ kernel + bias).argmax(axis=1)
    assert best[0] in CATS
    assert best[1] in COFFEE
    assert best[2] in ROCKETS


@pytest.mark.network
def test_a_photo_has_the_same_embedding_alone_and_in_any_batch(engine: Engine) -> None:
    images = np.concatenate([bundled_photos()] * 3)[:11]
    together = engine.embed(images)
    alone = np.concatenate([engine.embed(images[i : i + 1]) for i in range(11)])
    assert together.dtype == np.float32
    np.testing.assert_allclose(together, alone, atol=1e-4)
    assert engine.embed(images[:0]).shape == (0, 1792)
    assert (engine.embed(images[::2, :, ::-1]) != together[::2]).any(), "views work too"


@pytest.mark.network
@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 224, 224, 3), dtype=np.float32),
        np.zeros((1, 299, 299, 3), dtype=np.uint8),
        np.zeros((224, 224, 3), dtype=np.uint8),
        np.zeros((1, 3, 224, 224), dtype=np.uint8),
    ],
)
def test_pixels_of_another_shape_or_type_are_refused(
    engine: Engine, images: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]
) -> None:
    with pytest.raises(ValueError, match=r"takes uint8 images of shape \(n, 224, 224, 3\)"):
        engine.embed(images)


@pytest.mark.network
def test_an_engine_that_misses_the_golden_outputs_does_not_open(network_store: Path) -> None:
    card = get_card(KEY)
    folder = prepared_folder(KEY, network_store)
    with np.load(folder / "golden.npz") as golden:
        images, embeddings = golden["images"], golden["embeddings"]
    embeddings[2, 100] += 0.01 * np.abs(embeddings).max()
    np.savez(folder / "golden.npz", images=images, embeddings=embeddings)
    (folder / "source.json").unlink()
    write_source(folder, card, read_record(card, network_store))
    with pytest.raises(EngineMismatch, match=r"onnx engine of efficientnet_lite0 is off by 0\.01 "):
        open_engine(KEY, network_store, "onnx")


@pytest.mark.network
def test_a_damaged_prepared_folder_is_made_anew(network_store: Path) -> None:
    graph = prepared_folder(KEY, network_store) / "embed.onnx"
    content = bytearray(graph.read_bytes())
    content[len(content) // 2] ^= 1
    graph.write_bytes(content)
    assert open_engine(KEY, network_store, "onnx").name == "onnx"
    assert graph.read_bytes() != bytes(content)


@pytest.mark.network
def test_a_wrong_number_of_threads_is_named(
    session_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = read_prepared(prepared_folder(KEY, session_store))
    monkeypatch.setenv("EYES_ENGINE_THREADS", "many")
    with pytest.raises(ValueError, match="EYES_ENGINE_THREADS='many'"):
        OnnxEngine(get_card(KEY), prepared)
    monkeypatch.setenv("EYES_ENGINE_THREADS", "1")
    assert OnnxEngine(get_card(KEY), prepared).embed(bundled_photos()).shape == (4, 1792)
