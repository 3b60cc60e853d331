"""The cards, the pixels, the weights, and the folder that a backbone is prepared in."""

from __future__ import annotations

import io
import json
import os
import pickle
import sys
import threading
import types
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from tagging.backbones import prepare
from tagging.backbones.cards import (
    CARDS,
    AcceptedHash,
    Application,
    CardError,
    Part,
    UnknownBackbone,
    get_card,
)
from tagging.backbones.export import check_graph
from tagging.backbones.legacy_checkpoint import UnsafeCheckpoint, read_legacy_checkpoint
from tagging.backbones.prepare import BackboneUnavailable, ExportFailed, prepare_backbone
from tagging.backbones.prepared import (
    DamagedBackbone,
    golden_difference,
    golden_images,
    read_prepared,
    write_source,
)
from tagging.backbones.preprocessing import to_network_input
from tagging.backbones.weights import (
    WeightsRecord,
    fetched_weights_path,
    file_sha256,
    verified_weights,
    weights_path,
    write_record,
)
from tests.conftest import draw_photo

LITE = get_card("efficientnet_lite0")
VGG = get_card("vgg16")


def test_an_unknown_backbone_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UnknownBackbone, match=r"'resnet'.*efficientnet_lite0, .*vgg16"):
        get_card("resnet")


def test_the_top_reads_a_leading_part_of_every_embedding() -> None:
    for key, card in CARDS.items():
        assert card.key == key
        assert 0 < card.top_features <= card.dimension
        assert card.is_bundled != (card.download is not None)
        assert card.is_bundled == (card.application is None)
        if card.download is not None:
            assert card.download.url.startswith("https://")
            assert card.download.url.endswith(f"/{card.download.file_name}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"top_features": 1025}, "its top reads no leading part"),
        ({"top_features": 0}, "its top reads no leading part"),
        ({"crop": 1.5}, "its crop is no part of the photo"),
        ({"cpu_batch": 0}, "its CPU batch is not positive"),
        ({"input_size": -1}, "its input size is not positive"),
        ({"scaling": "unit"}, "there is no scaling 'unit'"),
        ({"licence": ""}, "it names no licence"),
        ({"key": "../vgg16"}, "its key is no plain name"),
        ({"key": "a_key_longer_than_a_column"}, "of at most 22 characters"),
        ({"application": Application("VGG16", ())}, "it names no part of the network"),
        ({"application": Application("VGG16", (Part("x", "sums"),))}, "it names no part"),  # type: ignore[arg-type]
    ],
)
def test_a_card_that_cannot_be_right_is_refused(change: dict[str, Any], reason: str) -> None:
    with pytest.raises(CardError, match=reason):
        replace(VGG, **change)


@pytest.mark.parametrize("digest", ["", "a" * 31, "A" * 32, "g" * 32])
def test_a_hash_that_no_file_can_have_is_refused(digest: str) -> None:
    with pytest.raises(CardError, match="is not the md5 of a file"):
        AcceptedHash("md5", digest, "a slip of the pen")


# Pixels


def test_the_input_is_the_central_square_at_the_networks_size() -> None:
    photo = PillowImage.new("RGB", (512, 256), "red")
    photo.paste("blue", (128, 0, 384, 256))  # the whole central square of the full height
    pixels = to_network_input(photo, LITE)
    assert pixels.shape == (224, 224, 3)
    assert pixels.dtype == np.uint8
    assert (pixels == (0, 0, 255)).all()


def test_one_resize_equals_scaling_the_short_side_and_cutting_the_centre() -> None:
    photo = draw_photo(3, (768, 512))
    scaled = photo.resize((384, 256), PillowImage.Resampling.BICUBIC)
    expected = np.asarray(scaled.crop((80, 16, 304, 240)), dtype=int)
    difference = np.abs(to_network_input(photo, LITE).astype(int) - expected)
    assert difference.max() <= 3
    assert difference.mean() < 0.5


def test_a_photo_smaller_than_the_input_is_enlarged() -> None:
    assert to_network_input(draw_photo(1, (3, 2)), get_card("inception_v3")).shape == (299, 299, 3)


def test_only_rgb_photos_are_taken() -> None:
    with pytest.raises(ValueError, match="'CMYK'"):
        to_network_input(PillowImage.new("CMYK", (300, 300)), LITE)


# The old checkpoint format


class _Storage:
    """Plays a torch storage for the pickler."""

    def __init__(self, key: str, numbers: np.ndarray[Any, Any], claimed: int | None = None) -> None:
        self.key, self.numbers = key, numbers
        self.claimed = len(numbers) if claimed is None else claimed


@pytest.fixture
def write_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[dict[str, Any], list[_Storage]], Path]:
    """A writer of files in the old torch format, with stand-ins for the torch names."""
    torch, utilities = types.ModuleType("torch"), types.ModuleType("torch._utils")
    storage_type = type("FloatStorage", (), {"__module__": "torch"})
    torch.FloatStorage = storage_type  # type: ignore[attr-defined]

    def _rebuild_tensor_v2(*_arguments: object) -> None:
        raise AssertionError("only named, never called, while writing")

    _rebuild_tensor_v2.__module__ = "torch._utils"
    _rebuild_tensor_v2.__qualname__ = "_rebuild_tensor_v2"
    utilities._rebuild_tensor_v2 = _rebuild_tensor_v2  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    monkeypatch.setitem(sys.modules, "torch._utils", utilities)

    class Pickler(pickle.Pickler):
        def persistent_id(self, item: object) -> object:
            if isinstance(item, _Storage):
                return ("storage", storage_type, item.key, "cpu", item.claimed, None)
            return None

    def write(state: dict[str, Any], storages: list[_Storage]) -> Path:
        file = io.BytesIO()
        for part in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}, state):
            Pickler(file, protocol=2).dump(part)
        Pickler(file, protocol=2).dump([storage.key for storage in storages])
        for storage in storages:
            file.write(storage.claimed.to_bytes(8, "little"))
            file.write(storage.numbers.astype("<f4").tobytes())
        path = tmp_path / "checkpoint.pth"
        path.write_bytes(file.getvalue())
        return path

    return write


class _Tensor:
    """Pickles as torch pickles a tensor."""

    def __init__(
        self, storage: _Storage, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
    ) -> None:
        self.arguments = (storage, offset, shape, strides, False, OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        return sys.modules["torch._utils"]._rebuild_tensor_v2, self.arguments


class _Intruder:
    """Pickles as a call of `os.mkdir`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.folder),)


Writer = Callable[[dict[str, Any], list[_Storage]], Path]


def test_tensors_are_read_with_their_offsets_and_strides(write_checkpoint: Writer) -> None:
    storage = _Storage("7", np.arange(8.0))
    state = {
        "rows": _Tensor(storage, 2, (2, 3), (3, 1)),
        "columns": _Tensor(storage, 2, (3, 2), (1, 3)),
    }
    tensors = read_legacy_checkpoint(write_checkpoint(state, [storage]))
    assert tensors["rows"].tolist() == [[2, 3, 4], [5, 6, 7]]
    assert tensors["columns"].tolist() == [[2, 5], [3, 6], [4, 7]]


def test_a_checkpoint_that_calls_a_function_is_refused_before_the_call(
    write_checkpoint: Writer, tmp_path: Path
) -> None:
    path = write_checkpoint({"weight": _Intruder(tmp_path / "broken-in")}, [])
    with pytest.raises(UnsafeCheckpoint, match=r"mkdir, which is refused"):
        read_legacy_checkpoint(path)
    assert not (tmp_path / "broken-in").exists()
    pickle.loads(pickle.dumps(_Intruder(tmp_path / "broken-in")))
    assert (tmp_path / "broken-in").is_dir(), "a plain pickle.load would have run it"


def test_a_function_hidden_before_the_magic_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "checkpoint.pth"
    path.write_bytes(pickle.dumps(_Intruder(tmp_path / "broken-in")))
    with pytest.raises(UnsafeCheckpoint, match="refused"):
        read_legacy_checkpoint(path)
    assert not (tmp_path / "broken-in").exists()


@pytest.mark.parametrize(
    ("offset", "shape", "strides"),
    [
        (0, (3, 3), (3, 1)),
        (5, (4,), (1,)),
        (0, (2, 2), (7, 1)),
        (-1, (2,), (1,)),
        (0, (2, 2), (-1, 1)),
        (0, (2, 2), (1,)),
        (0, (0,), (1,)),
    ],
)
def test_a_tensor_that_leaves_its_storage_is_refused(
    write_checkpoint: Writer, offset: int, shape: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    storage = _Storage("0", np.arange(8.0))
    path = write_checkpoint({"weight": _Tensor(storage, offset, shape, strides)}, [storage])
    with pytest.raises(UnsafeCheckpoint, match="tensor"):
        read_legacy_checkpoint(path)


def test_a_storage_that_claims_more_than_it_holds_is_refused(write_checkpoint: Writer) -> None:
    storage = _Storage("0", np.arange(8.0), claimed=1000)
    path = write_checkpoint({"weight": _Tensor(storage, 0, (1000,), (1,))}, [storage])
    with pytest.raises(UnsafeCheckpoint, match="cut short"):
        read_legacy_checkpoint(path)


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n", pickle.dumps([1, 2]) * 5])
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "checkpoint.pth"
    path.write_bytes(content)
    with pytest.raises(UnsafeCheckpoint):
        read_legacy_checkpoint(path)


def test_the_installed_checkpoint_is_the_one_on_the_card_and_can_be_read(tmp_path: Path) -> None:
    path, record = verified_weights(LITE, tmp_path)
    assert record.sha256 == LITE.accepted_hashes[0].digest
    tensors = read_legacy_checkpoint(path)
    assert tensors["_conv_stem.weight"].shape == (32, 3, 3, 3)
    assert tensors["_fc.weight"].shape == (1000, 1280)
    assert all(np.isfinite(tensor).all() for tensor in tensors.values())


# Weights and the prepared folder


def test_missing_weights_are_answered_with_the_command_that_gets_them(tmp_path: Path) -> None:
    with pytest.raises(BackboneUnavailable, match=r"run manage\.py fetch_backbone vgg16"):
        weights_path(VGG, tmp_path)
    with pytest.raises(BackboneUnavailable, match=r"run manage\.py fetch_backbone vgg16"):
        prepare_backbone("vgg16", tmp_path)
    assert list(tmp_path.iterdir()) == []


def put_weights(store: Path, content: bytes) -> WeightsRecord:
    """Store bytes as the fetched VGG16 weights, with a record that fits them."""
    path = fetched_weights_path(VGG, store)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    record = WeightsRecord(file_sha256(path), "made for a test")
    write_record(VGG, store, record)
    return record


def test_changed_weights_are_refused(tmp_path: Path) -> None:
    put_weights(tmp_path, b"right")
    assert verified_weights(VGG, tmp_path)[1].label == "made for a test"
    fetched_weights_path(VGG, tmp_path).write_bytes(b"wrong")
    with pytest.raises(BackboneUnavailable, match="have changed"):
        verified_weights(VGG, tmp_path)


def test_an_unreadable_record_is_answered_with_the_command(tmp_path: Path) -> None:
    put_weights(tmp_path, b"right")
    (tmp_path / "backbones" / "weights" / "vgg16.json").write_text("{")
    with pytest.raises(BackboneUnavailable, match="fetch_backbone vgg16"):
        prepare_backbone("vgg16", tmp_path)


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Replace the slow export by one that writes small files; return the list of its runs."""
    runs: list[str] = []

    def export(key: str, store: Path, folder: Path) -> None:
        runs.append(key)
        (folder / "embed.onnx").write_bytes(b"graph")
        np.savez(folder / "golden.npz", images=golden_images(VGG)[:1], embeddings=np.zeros((1, 4)))
        write_source(folder, VGG, verified_weights(VGG, store)[1])

    monkeypatch.setattr(prepare, "_run_export", export)
    return runs


def test_a_backbone_is_exported_once(tmp_path: Path, exports: list[str]) -> None:
    put_weights(tmp_path, b"one")
    folder = prepare_backbone("vgg16", tmp_path)
    assert prepare_backbone("vgg16", tmp_path) == folder == tmp_path / "backbones" / "vgg16"
    assert read_prepared(folder).graph == b"graph"
    assert exports == ["vgg16"]


def test_many_at_once_wait_for_one_export(tmp_path: Path, exports: list[str]) -> None:
    put_weights(tmp_path, b"one")
    threads = [
        threading.Thread(target=prepare_backbone, args=("vgg16", tmp_path)) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert exports == ["vgg16"]


def test_other_weights_are_exported_anew(tmp_path: Path, exports: list[str]) -> None:
    put_weights(tmp_path, b"one")
    folder = prepare_backbone("vgg16", tmp_path)
    record = put_weights(tmp_path, b"two")
    assert prepare_backbone("vgg16", tmp_path) == folder
    assert exports == ["vgg16", "vgg16"]
    assert json.loads((folder / "source.json").read_text())["weights_sha256"] == record.sha256


def test_what_a_killed_export_left_is_cleared_away(tmp_path: Path, exports: list[str]) -> None:
    put_weights(tmp_path, b"one")
    leftover = tmp_path / "backbones" / ".vgg16.part-killed"
    leftover.mkdir()
    (leftover / "embed.onnx").write_bytes(b"half")
    prepare_backbone("vgg16", tmp_path)
    assert not leftover.exists()


def test_a_store_that_cannot_be_written_is_said_in_words(
    tmp_path: Path, exports: list[str]
) -> None:
    (tmp_path / "backbones").write_text("a file where a folder belongs")
    with pytest.raises(BackboneUnavailable, match="cannot be prepared under"):
        prepare_backbone("efficientnet_lite0", tmp_path)
    assert exports == []


def test_a_changed_or_missing_prepared_file_is_noticed(tmp_path: Path, exports: list[str]) -> None:
    put_weights(tmp_path, b"one")
    folder = prepare_backbone("vgg16", tmp_path)
    (folder / "embed.onnx").write_bytes(b"grapf")
    with pytest.raises(DamagedBackbone, match=r"embed\.onnx"):
        read_prepared(folder)
    (folder / "embed.onnx").unlink()
    with pytest.raises(DamagedBackbone, match=r"embed\.onnx"):
        read_prepared(folder)
    (folder / "source.json").unlink()
    with pytest.raises(DamagedBackbone, match=r"source\.json"):
        read_prepared(folder)


def test_the_golden_difference_is_a_share_of_the_scale_and_never_hides_a_bad_number() -> None:
    expected = np.array([[0.0, 20.0]], dtype=np.float32)
    assert golden_difference(expected + np.float32(0.02), expected) == pytest.approx(1e-3, rel=0.01)
    assert golden_difference(expected / 1000 + 1, expected / 1000) == pytest.approx(1.0, rel=0.01)
    assert golden_difference(np.array([[0.0, np.nan]], dtype=np.float32), expected) == np.inf
    assert golden_difference(expected[:, :1], expected) == np.inf


def test_the_golden_images_are_the_same_each_time_and_unlike_each_other() -> None:
    images = golden_images(LITE)
    assert images.shape == (4, 224, 224, 3)
    assert (images == golden_images(LITE)).all()
    assert len({image.tobytes() for image in images}) == 4
    assert all(image.std() > 30 for image in images)


@pytest.mark.network
def test_a_failed_export_says_why_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_weights(tmp_path, b"not an HDF5 file")
    with pytest.raises(BackboneUnavailable, match="not an HDF5 weights file"):
        prepare_backbone("vgg16", tmp_path)
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ExportFailed, match="status 1"):
        prepare_backbone("vgg16", tmp_path)
    left = {path.name for path in (tmp_path / "backbones").iterdir()}
    assert left == {"weights", ".vgg16.prepare.lock"}


def exported_graph(path: Path, factor: float) -> None:
    """Write a graph that gives `factor` times the mean of each channel."""
    import onnx
    from onnx import TensorProto, helper

    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["floats"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Mul", ["means", "factor"], ["embedding"]),
    ]
    pixels = helper.make_tensor_value_info("pixels", TensorProto.UINT8, [None, 224, 224, 3])
    embedding = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, [None, 3])
    constant = helper.make_tensor("factor", TensorProto.FLOAT, [1], [factor])
    graph = helper.make_graph(nodes, "test", [pixels], [embedding], [constant])
    opsets = [helper.make_opsetid("", 13)]
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)


def test_an_exported_graph_that_does_not_say_what_keras_said_is_refused(tmp_path: Path) -> None:
    path, images = tmp_path / "embed.onnx", golden_images(VGG)
    expected = images.mean((1, 2)).astype(np.float32)
    exported_graph(path, 1.0)
    check_graph(VGG, path, images, expected)
    exported_graph(path, 1.01)
    with pytest.raises(BackboneUnavailable, match=r"graph of vgg16 is off by 0\.01"):
        check_graph(VGG, path, images, expected)
    path.write_bytes(path.read_bytes().replace(b"ReduceMean", b"ReducePlot"))
    with pytest.raises(BackboneUnavailable, match=r"graph of vgg16 does not run: .*ReducePlot"):
        check_graph(VGG, path, images, expected)


@pytest.mark.network
def test_the_caffe_scaling_inside_the_graph_is_that_of_keras_applications() -> None:
    import keras

    from tagging.backbones.keras_applications import _scale

    pixels = keras.Input((224, 224, 3), dtype="uint8")
    scaled = np.asarray(keras.Model(pixels, _scale(VGG, pixels))(golden_images(VGG)))
    floats = golden_images(VGG).astype(np.float32)
    expected = keras.applications.vgg16.preprocess_input(floats)
    np.testing.assert_allclose(scaled, expected, atol=1e-3)
