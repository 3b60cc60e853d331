"""A file of weights from a stranger yields arrays or a sentence, never a path, code or all memory.

Each trick here was a way into Keras in 2025 or 2026, or is one that HDF5 offers. They are tried
through the command, with the operator's consent to the very file, so that nothing but what the
file holds can stop it; and each is shown to work on a reader that trusts the file.
"""

from __future__ import annotations

import ast
import io
import json
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tagging.backbones.weight_files import UnsafeWeightFile, examine_weight_file
from tagging.backbones.weights import file_sha256

SECRET = np.frombuffer(b"password of somebody else", dtype=np.uint8)
WEIGHT = "layers/dense/vars/0"


def offer(path: Path) -> None:
    """Let the command fetch exactly this file, as an operator who trusts it would."""
    call_command("fetch_backbone", "vgg16", "--from", str(path), "--sha256", file_sha256(path))


def refused(settings: Settings, path: Path, reason: str) -> None:
    """Assert that the command refuses the file in words and keeps nothing of it."""
    with pytest.raises(CommandError, match=f"(?s)The file is refused: .*{reason}"):
        offer(path)
    left = [item.name for item in (settings.EYES_MODELS_STORE / "backbones").iterdir()]
    assert left == [".vgg16.fetch.lock"]


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """Another person's file of weights on the same machine."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["vars/0"] = SECRET
    return path


def crafted(tmp_path: Path, craft: Callable[[h5py.File], object]) -> Path:
    """Return a file of weights with one thing added."""
    path = tmp_path / "crafted.weights.h5"
    with h5py.File(path, "w") as file:
        file["layers/conv/vars/0"] = np.ones((3, 3, 3, 8), dtype=np.float32)
        craft(file)
    return path


def test_a_plain_file_is_found_harmless_and_measured(tmp_path: Path) -> None:
    def craft(file: h5py.File) -> None:
        file.create_dataset(
            "top", data=np.random.default_rng(1).random((64, 1000)), compression="gzip"
        )
        file.attrs["layer_names"] = np.array([b"conv", b"top"])
        file["layers/conv"].attrs["name"] = "conv"
        file["layers"].attrs["weight_names"] = []
        file["layers"].attrs["nothing"] = h5py.Empty("f4")

    found = examine_weight_file(crafted(tmp_path, craft))
    assert (found.is_old, found.has_top, found.numbers) == (True, True, 216 + 64_000)
    plain = examine_weight_file(crafted(tmp_path, lambda file: None))
    assert (plain.is_old, plain.has_top, plain.numbers) == (False, False, 216)


def test_the_top_may_be_a_convolution(tmp_path: Path) -> None:
    numbers = np.ones((1, 1, 8, 1000), dtype=np.float32)
    path = crafted(tmp_path, lambda file: file.__setitem__("logits", numbers))
    assert examine_weight_file(path).has_top


# Out of the file: CVE-2026-1669 and what came after it


@pytest.mark.parametrize("inside", ["layers/dense", WEIGHT, "top_level_model_weights"])
def test_a_link_to_another_file_is_refused(
    settings: Settings, tmp_path: Path, secret: Path, inside: str
) -> None:
    target = "/vars/0" if inside == WEIGHT else "/"
    path = crafted(
        tmp_path, lambda file: file.__setitem__(inside, h5py.ExternalLink(secret, target))
    )
    with h5py.File(path) as file:
        read = file[inside if inside == WEIGHT else f"{inside}/vars/0"][()]
    assert bytes(read) == bytes(SECRET), "whoever trusts the file reads the other one"
    refused(settings, path, "a link that may lead out of the file")


def test_a_symbolic_link_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = crafted(
        tmp_path, lambda file: file.__setitem__(WEIGHT, h5py.SoftLink("/layers/conv/vars/0"))
    )
    refused(settings, path, "a link that may lead out of the file")


def test_numbers_that_lie_in_another_file_are_refused(
    settings: Settings, tmp_path: Path, secret: Path
) -> None:
    size = secret.stat().st_size
    path = crafted(
        tmp_path,
        lambda file: file.create_dataset(
            WEIGHT, (size,), np.uint8, external=[(str(secret), 0, size)]
        ),
    )
    with h5py.File(path) as file:
        assert bytes(file[WEIGHT][()]) == secret.read_bytes()
    refused(settings, path, "its numbers lie in another file")


def test_a_virtual_array_is_refused(settings: Settings, tmp_path: Path, secret: Path) -> None:
    layout = h5py.VirtualLayout(SECRET.shape, np.uint8)
    layout[:] = h5py.VirtualSource(str(secret), "vars/0", SECRET.shape)
    path = crafted(tmp_path, lambda file: file.create_virtual_dataset(WEIGHT, layout))
    with h5py.File(path) as file:
        assert bytes(file[WEIGHT][()]) == bytes(SECRET)
    refused(settings, path, "its numbers lie in another file")


# All memory: CVE-2026-0897 and what came after it


def test_an_array_that_declares_more_than_it_stores_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    def craft(file: h5py.File) -> None:
        bomb = file.create_dataset(
            WEIGHT, (50_000_000, 50_000_000), np.float32, chunks=(100, 100), compression="gzip"
        )
        bomb[0, 0] = 1

    path = crafted(tmp_path, craft)
    assert path.stat().st_size < 100_000
    refused(settings, path, "declares arrays of 10,000,000,000,0.* could fill the memory")


def test_many_small_arrays_that_declare_too_much_together_are_refused(
    settings: Settings, tmp_path: Path
) -> None:
    def craft(file: h5py.File) -> None:
        for number in range(200):
            file.create_dataset(f"many/{number}", data=np.zeros(10_000), compression="gzip")

    refused(settings, crafted(tmp_path, craft), "declares arrays of 16,000,864 bytes")


def test_an_array_that_stores_nothing_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = crafted(tmp_path, lambda file: file.create_dataset(WEIGHT, (10**6,), chunks=(10**6,)))
    refused(settings, path, "declares 1,000,000 numbers and stores none")


def test_a_chunk_that_unpacks_to_far_more_than_its_array_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    def craft(file: h5py.File) -> None:
        small = file.create_dataset(
            WEIGHT, (4,), np.float32, maxshape=(None,), chunks=(10**7,), compression="gzip"
        )
        small[:] = 1

    refused(settings, crafted(tmp_path, craft), "declares arrays of 40,000,864 bytes")


def test_one_array_offered_many_times_is_refused(settings: Settings, tmp_path: Path) -> None:
    def craft(file: h5py.File) -> None:
        for number in range(50):
            file[f"again/{number}"] = file["layers/conv/vars/0"]

    refused(settings, crafted(tmp_path, craft), "the same thing twice")


def test_a_tree_in_a_circle_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = crafted(tmp_path, lambda file: file.__setitem__("layers/conv/up", file["layers"]))
    refused(settings, path, "the same thing twice")


# Other code than ours


def test_a_filter_that_would_have_to_be_loaded_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    def craft(file: h5py.File) -> None:
        file.create_dataset(WEIGHT, data=np.zeros(1000), compression="lzf")

    refused(settings, crafted(tmp_path, craft), "a filter that would have to be loaded")


@pytest.mark.parametrize(
    "craft",
    [
        lambda file: file.create_dataset(WEIGHT, data=["a text"], dtype=h5py.string_dtype()),
        lambda file: file.create_dataset(WEIGHT, data=file.ref, dtype=h5py.ref_dtype),
        lambda file: file.create_dataset(
            WEIGHT, data=np.zeros(3, dtype=[("a", "f4"), ("b", "V9")])
        ),
        lambda file: file.create_dataset(WEIGHT, data=np.zeros(3, dtype=np.complex64)),
        lambda file: file.create_dataset(WEIGHT, data=h5py.Empty("f4")),
    ],
    ids=["texts", "references", "records", "complex", "empty"],
)
def test_anything_but_plain_numbers_is_refused(
    settings: Settings, tmp_path: Path, craft: Callable[[h5py.File], object]
) -> None:
    refused(settings, crafted(tmp_path, craft), "not an array of numbers")


def test_a_named_type_is_refused(settings: Settings, tmp_path: Path) -> None:
    path = crafted(tmp_path, lambda file: file.__setitem__("type", np.dtype("f4")))
    refused(settings, path, "neither a group nor an array")


def test_a_list_of_texts_that_may_all_be_one_long_text_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    def craft(file: h5py.File, long: int = 1_500_000) -> None:
        file.attrs["long"] = "a" * long
        file.attrs.create("weight_names", ["b"] * 4000, dtype=h5py.string_dtype())

    refused(settings, crafted(tmp_path, craft), "a list of 4,000 texts, each of up to 1,6")
    short = crafted(tmp_path, lambda file: craft(file, long=100))
    assert examine_weight_file(short).numbers == 216


def test_an_attribute_that_is_no_text_or_number_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    path = crafted(tmp_path, lambda file: file.attrs.__setitem__("root", file.ref))
    refused(settings, path, "its attribute 'root' is no short text or number")


@pytest.mark.parametrize("part", ["model_config", "model_weights"])
def test_a_whole_model_in_hdf5_is_refused(settings: Settings, tmp_path: Path, part: str) -> None:
    """CVE-2025-9905: Keras took a Lambda layer's code from such a file, `safe_mode` or not."""

    def craft(file: h5py.File) -> None:
        if part == "model_config":
            layer = {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None]}}
            file.attrs["model_config"] = json.dumps({"config": {"layers": [layer]}})
        else:
            file.create_group("model_weights")

    refused(settings, crafted(tmp_path, craft), "a whole model, which may carry code of its own")


def test_a_keras_archive_is_refused_unopened(settings: Settings, tmp_path: Path) -> None:
    """CVE-2025-1550, -8747, -9906, -12058, -49655 and CVE-2026-1462 all begin with this file.

    They call functions, switch `safe_mode` off, read files and addresses as vocabularies, load
    pickles through a layer, or load a SavedModel: always from the `config.json` in the archive.
    """
    path = tmp_path / "model.weights.h5"
    with zipfile.ZipFile(path, "w") as archive:
        config = {"module": "keras.config", "class_name": "function", "config": "os.mkdir"}
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    refused(settings, path, r"not an HDF5 weights file but a zip archive, as \.keras")


def test_a_file_that_is_two_things_at_once_is_refused(settings: Settings, tmp_path: Path) -> None:
    """HDF5 may begin at byte 512, behind a zip archive's first entry or anything else."""
    path = tmp_path / "both.weights.h5"
    with h5py.File(path, "w", userblock_size=512) as file:
        file[WEIGHT] = np.ones(3)
    path.write_bytes(b"PK\x03\x04" + path.read_bytes()[4:])
    with h5py.File(path) as file:
        assert WEIGHT in file
    refused(settings, path, "not an HDF5 weights file but a zip archive")


def test_an_archive_is_refused_and_nothing_is_unpacked(settings: Settings, tmp_path: Path) -> None:
    """CVE-2025-12060 and CVE-2025-12638: a download unpacked to where its members say."""
    path = tmp_path / "weights.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo("../../unpacked-elsewhere")
        member.size = 2
        archive.addfile(member, io.BytesIO(b"in"))
    refused(settings, path, r"not an HDF5 weights file\.")
    assert not list(tmp_path.parent.rglob("unpacked-elsewhere"))


@pytest.mark.parametrize("content", [b"", b"\x80\x04\x95", b"\x89HDF\r\n\x1a\n", b"\x89HDF" * 99])
def test_what_is_no_hdf5_file_is_refused(
    settings: Settings, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "weights.h5"
    path.write_bytes(content)
    refused(settings, path, "not an HDF5 weights file|damaged or no HDF5 file")


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_a_file_cut_short_is_refused(settings: Settings, tmp_path: Path, kept: float) -> None:
    path = crafted(tmp_path, lambda file: file.__setitem__(WEIGHT, np.ones(5000)))
    path.write_bytes(path.read_bytes()[: int(kept * path.stat().st_size)])
    refused(settings, path, "damaged or no HDF5 file")


def test_bytes_changed_anywhere_give_a_sentence_or_the_same_kind_of_file(tmp_path: Path) -> None:
    path = crafted(tmp_path, lambda file: file.attrs.__setitem__("layer_names", [b"conv"]))
    whole = path.read_bytes()
    random = np.random.default_rng(4)
    refusals = 0
    for _ in range(300):
        changed = bytearray(whole)
        for place in random.integers(0, len(whole), 8):
            changed[place] = random.integers(0, 256)
        path.write_bytes(changed)
        try:
            assert examine_weight_file(path).numbers >= 0
        except UnsafeWeightFile:
            refusals += 1
    assert refusals > 30


# A stranger's file


def test_a_strangers_file_is_refused_before_a_byte_of_it_is_interpreted(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, tmp_path: Path
) -> None:
    path = crafted(tmp_path, lambda file: None)

    def interpreted(*_arguments: object, **_options: object) -> None:
        raise AssertionError("the file was opened as HDF5")

    monkeypatch.setattr(h5py, "File", interpreted)
    with pytest.raises(CommandError, match="none of those known for vgg16"):
        call_command("fetch_backbone", "vgg16", "--from", str(path))
    with pytest.raises(AssertionError, match="opened as HDF5"):
        offer(path)


def test_nothing_of_eyes_reads_whole_models_or_plain_pickles() -> None:
    """Loading either runs what stands in the file; `safe_mode` has not always helped."""
    dangerous = {
        "load_model", "model_from_json", "enable_unsafe_deserialization", "TFSMLayer", "get_file",
        "deserialize_keras_object", "pickle.load", "pickle.loads", "joblib.load", "torch.load",
    }  # fmt: skip
    root = Path(__file__).resolve().parents[2]
    rooms = ("eyes", "gallery", "tagging", "training", "benchmarks")
    sources = [path for room in rooms for path in (root / room).rglob("*.py")]
    assert len(sources) > 100
    called = {name for path in sources for name in calls(path.read_text())}
    assert {"load_weights", "network.export", "np.load"} <= called
    names = called | {name.rpartition(".")[2] for name in called}
    assert names & dangerous == set()
    assert not [path.name for path in sources if "allow_pickle=True" in path.read_text()]


def calls(source: str) -> list[str]:
    """Return what a source calls, as it is written there."""
    tree = ast.walk(ast.parse(source))
    return [ast.unparse(node.func) for node in tree if isinstance(node, ast.Call)]
