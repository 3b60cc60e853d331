"""Weights are downloaded or copied, trusted by their hash only, and never half there."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from tagging.backbones import cards, fetch, weights
from tagging.backbones.cards import AcceptedHash, BackboneCard, Download, get_card
from tagging.backbones.fetch import FetchFailed, obtain_weights
from tagging.backbones.weights import WeightsRecord, read_record
from tagging.engine import open_engine

CONTENT = bytes(range(256)) * 9000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
MD5 = hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()


class _Shelf(BaseHTTPRequestHandler):
    """Serves the file whole, cut short, or not at all."""

    def do_GET(self) -> None:
        if self.path == "/missing":
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(CONTENT)))
        self.end_headers()
        self.wfile.write(CONTENT[:1000] if self.path == "/short" else CONTENT)

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers of these tests are on this machine."""
    monkeypatch.setenv("no_proxy", "*")


@pytest.fixture
def shelf() -> Iterator[str]:
    """The address of a real web server on this machine."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shelf)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def card_at(url: str, algorithm: str = "sha256", digest: str = SHA256) -> BackboneCard:
    """Return the card of VGG16 with another address and one accepted file."""
    accepted = AcceptedHash(algorithm, digest, "the right file")  # type: ignore[arg-type]
    return replace(
        get_card("vgg16"), accepted_hashes=(accepted,), download=Download(url, "vgg16.h5")
    )


def nobody_listens() -> str:
    """Return an address at which nothing answers."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/weights"


@pytest.mark.parametrize(("algorithm", "digest"), [("sha256", SHA256), ("md5", MD5)])
def test_a_download_with_a_known_hash_is_kept(
    shelf: str, tmp_path: Path, algorithm: str, digest: str
) -> None:
    steps: list[tuple[int, int | None]] = []
    record = obtain_weights(
        card_at(f"{shelf}/weights", algorithm, digest),
        tmp_path / "weights.h5",
        on_bytes=lambda count, total: steps.append((count, total)),
    )
    assert record == WeightsRecord(SHA256, "the right file")
    assert (tmp_path / "weights.h5").read_bytes() == CONTENT
    assert sum(count for count, _ in steps) == len(CONTENT)
    assert {total for _, total in steps} == {len(CONTENT)}


@pytest.mark.parametrize(
    ("path", "reason"),
    [("/short", r"ended after 1000 of 2304000 bytes"), ("/missing", r"out of reach \(Not Found\)")],
)
def test_a_download_that_ends_badly_leaves_nothing(
    shelf: str, tmp_path: Path, path: str, reason: str
) -> None:
    with pytest.raises(FetchFailed, match=reason):
        obtain_weights(card_at(shelf + path), tmp_path / "weights.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_download_with_an_unknown_hash_is_refused_and_not_kept(
    shelf: str, tmp_path: Path
) -> None:
    with pytest.raises(FetchFailed, match=f"none of those known.*repeat with --sha256 {SHA256}"):
        obtain_weights(card_at(f"{shelf}/weights", digest="0" * 64), tmp_path / "weights.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_download_without_end_is_given_up(
    shelf: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "_MOST_BYTES", 2_000_000)
    with pytest.raises(FetchFailed, match="larger than 2,000,000 bytes"):
        obtain_weights(card_at(f"{shelf}/weights"), tmp_path / "weights.h5")
    assert list(tmp_path.iterdir()) == []


def test_a_copied_file_is_accepted_by_the_hash_given(tmp_path: Path) -> None:
    source = tmp_path / "source.h5"
    source.write_bytes(CONTENT)
    record = obtain_weights(
        get_card("vgg16"), tmp_path / "copy.h5", source=source, sha256=SHA256.upper()
    )
    assert record == WeightsRecord(SHA256, "accepted by the sha256 given")
    assert (tmp_path / "copy.h5").read_bytes() == CONTENT


def test_the_hash_given_is_the_only_one_accepted(tmp_path: Path) -> None:
    source = tmp_path / "source.h5"
    source.write_bytes(CONTENT)
    with pytest.raises(FetchFailed, match="not the 1111"):
        obtain_weights(
            card_at("http://unused"), tmp_path / "copy.h5", source=source, sha256="1" * 64
        )
    with pytest.raises(FetchFailed, match="64 hexadecimal digits"):
        obtain_weights(card_at("http://unused"), tmp_path / "copy.h5", source=source, sha256="1f")
    assert not (tmp_path / "copy.h5").exists()


def test_the_command_names_the_known_backbones() -> None:
    with pytest.raises(CommandError, match=r"Known: .*efficientnet_lite0, .*, vgg16"):
        call_command("fetch_backbone", "resnet")


def test_the_command_says_that_a_file_is_missing_and_leaves_nothing(settings: Settings) -> None:
    with pytest.raises(CommandError, match=r"/nowhere/weights\.h5 cannot be read: No such file"):
        call_command("fetch_backbone", "vgg16", "--from", "/nowhere/weights.h5")
    left = list((settings.EYES_MODELS_STORE / "backbones").iterdir())
    assert [path.name for path in left] == [".vgg16.fetch.lock"]


def test_the_command_says_that_the_network_is_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    address = nobody_listens()
    monkeypatch.setitem(cards.CARDS, "vgg16", card_at(address))
    with pytest.raises(CommandError, match=f"{address} is out of reach .*fetch_backbone vgg16 --f"):
        call_command("fetch_backbone", "vgg16")


def test_the_command_takes_no_file_for_the_bundled_backbone() -> None:
    with pytest.raises(CommandError, match="uses the weights of its package"):
        call_command("fetch_backbone", "efficientnet_lite0", "--from", "/nowhere/weights.h5")


@pytest.mark.network
def test_the_command_says_that_the_bundled_backbone_is_ready(
    network_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("fetch_backbone", "efficientnet_lite0")
    printed = capsys.readouterr().out
    assert "came with the package" in printed
    assert "EfficientNet-Lite0 is ready: 1792 numbers per photo, with first-day tags" in printed


@pytest.mark.network
def test_inception_is_fetched_prepared_and_served_by_both_engines(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """With random weights and a top: the real ones cannot be had in every place tests run in."""
    import keras

    keras.utils.set_random_seed(11)
    file = tmp_path / "random.weights.h5"
    keras.applications.InceptionV3(weights=None).save_weights(file)
    call_command(
        "fetch_backbone", "inception_v3", "--from", str(file), "--sha256", weights.file_sha256(file)
    )
    assert "Inception v3 is ready: 2048 numbers per photo, with first-day tags" in (
        capsys.readouterr().out
    )
    store = settings.EYES_MODELS_STORE
    onnx, network = (open_engine("inception_v3", store, choice) for choice in ("onnx", "keras"))
    images = np.random.default_rng(2).integers(0, 256, (2, 299, 299, 3), dtype=np.uint8)
    ours, theirs = onnx.embed(images), network.embed(images)
    assert ours.shape == (2, 2048)
    assert ours.std() > 0
    assert np.abs(ours - theirs).max() <= 1e-3 * max(1.0, np.abs(theirs).max())
    head = onnx.imagenet_head()
    assert head is not None
    assert head[0].shape == (2048, 1000)


@pytest.mark.network
def test_a_trusted_file_of_another_network_does_not_replace_the_weights_in_use(
    settings: Settings, tmp_path: Path
) -> None:
    import h5py

    card, store = get_card("vgg16"), settings.EYES_MODELS_STORE
    in_use = weights.fetched_weights_path(card, store)
    in_use.parent.mkdir(parents=True)
    in_use.write_bytes(b"in use")
    weights.write_record(card, store, WeightsRecord(weights.file_sha256(in_use), "in use"))
    other = tmp_path / "other.h5"
    with h5py.File(other, "w") as file:
        file["layers/dense/vars/0"] = np.zeros((3, 4), dtype=np.float32)
    with pytest.raises(CommandError, match=r"The weights of vgg16 cannot be used: .*does not fit"):
        call_command(
            "fetch_backbone", "vgg16", "--from", str(other), "--sha256", weights.file_sha256(other)
        )
    assert in_use.read_bytes() == b"in use"
    assert read_record(card, store).label == "in use"
    left = {path.name for path in (store / "backbones").iterdir()}
    assert left == {"weights", ".vgg16.fetch.lock"}
