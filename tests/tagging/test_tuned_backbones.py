"""A fine-tuned network stands beside the one it came from, under a key that names its file."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from tagging.backbones.cards import UnknownBackbone, get_card
from tagging.backbones.prepare import prepared_folder
from tagging.backbones.prepared import golden_images
from tagging.backbones.tuned import install_tuned, remove_tuned
from tagging.backbones.weights import BackboneUnavailable, fetched_weights_path
from tagging.engine import open_engine

BASE = get_card("efficientnet_lite0")


@pytest.fixture(scope="module")
def tuned_weights(session_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A weights file in which the last block has learnt something else."""
    from tagging.backbones.networks import load_network

    network, _ = load_network(BASE, session_store)
    for layer in network.layers:
        if layer.name.startswith("blocks.15") and layer.weights:
            layer.set_weights([weight * 1.05 for weight in layer.get_weights()])
    path = tmp_path_factory.mktemp("tuned") / "last_block.weights.h5"
    network.save_weights(path)
    return path


@pytest.fixture
def store(session_store: Path, tmp_path: Path) -> Path:
    """A models store of this test's own, with the embedded network ready in it."""
    shutil.copytree(session_store / "backbones", tmp_path / "store" / "backbones")
    return tmp_path / "store"


def test_the_key_says_where_it_comes_from_and_which_file_it_is() -> None:
    card = get_card("efficientnet_lite0+1a2b3c4d")
    assert card.tuned_from == "efficientnet_lite0"
    assert card.top_features == BASE.top_features
    assert card.dimension == BASE.top_features + BASE.dimension
    assert not card.is_bundled


@pytest.mark.parametrize(
    "key",
    ["efficientnet_lite0+", "efficientnet_lite0+xyz", "nothing+1a2b3c4d", "../vgg16+1a2b3c4d"],
)
def test_a_key_of_no_fine_tuned_network_is_unknown(key: str) -> None:
    with pytest.raises(UnknownBackbone):
        get_card(key)


def test_without_its_file_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BackboneUnavailable, match=r"fine-tuned weights .* are not here"):
        open_engine("efficientnet_lite0+1a2b3c4d", tmp_path)


@pytest.mark.network
def test_a_file_that_is_no_weights_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    nonsense = tmp_path / "nonsense.weights.h5"
    nonsense.write_bytes(b"these are no weights")
    store = tmp_path / "store"
    with pytest.raises(BackboneUnavailable, match="fine-tuned"):
        install_tuned(BASE, nonsense, store, "a test")
    assert not list(store.rglob("*.h5"))


def test_a_disk_that_gets_full_is_left_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights, store = tmp_path / "any.weights.h5", tmp_path / "store"
    weights.write_bytes(b"weights")

    def fill_up(source: Path, target: Path) -> None:
        target.write_bytes(source.read_bytes()[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", fill_up)
    with pytest.raises(BackboneUnavailable, match="cannot be stored"):
        install_tuned(BASE, weights, store, "a test")
    assert {path.suffix for path in store.rglob("*") if path.is_file()} == {".lock"}
    with pytest.raises(BackboneUnavailable, match="cannot be read"):
        install_tuned(BASE, tmp_path / "nowhere.weights.h5", store, "a test")


def test_what_a_kill_left_half_written_goes_with_the_network(tmp_path: Path) -> None:
    key = f"{BASE.key}+1a2b3c4d"
    weights = fetched_weights_path(get_card(key), tmp_path)
    half, export = weights.with_name(f".{weights.name}.part"), tmp_path / "backbones"
    half.parent.mkdir(parents=True)
    half.write_bytes(b"wei")
    (export / f".{key}.part-x1" / "fresh").mkdir(parents=True)
    remove_tuned(key, tmp_path)
    assert not half.exists() and not list(export.glob(f".{key}.part-*"))


@pytest.mark.network
def test_it_says_what_its_base_says_and_then_what_it_learnt(
    tuned_weights: Path, store: Path
) -> None:
    key = install_tuned(BASE, tuned_weights, store, "a test")
    assert key == install_tuned(BASE, tuned_weights, store, "the same again")

    images = golden_images(BASE)
    before = open_engine(BASE.key, store, "onnx").embed(images)
    after = open_engine(key, store, "onnx")
    both = after.embed(images)
    np.testing.assert_allclose(both[:, : BASE.top_features], before[:, : BASE.top_features])
    assert not np.allclose(both[:, BASE.top_features :], before, atol=1e-2)
    assert after.imagenet_head() is not None
    keras = open_engine(key, store, "keras").embed(images)
    assert np.abs(keras - both).max() < 1e-3 * max(1, np.abs(both).max())


@pytest.mark.network
def test_a_mirrored_one_says_the_same_of_a_photo_and_of_its_mirror_image(
    tuned_weights: Path, store: Path
) -> None:
    plain = install_tuned(BASE, tuned_weights, store, "a test")
    key = install_tuned(BASE, tuned_weights, store, "a test", mirrored=True)
    assert key == f"{plain}m"
    images = golden_images(BASE)
    flipped = images[:, :, ::-1]
    engine, first = open_engine(key, store, "onnx"), BASE.top_features
    both, mirrored = engine.embed(images), engine.embed(flipped)
    np.testing.assert_allclose(both[:, first:], mirrored[:, first:], atol=1e-4)
    assert not np.allclose(both[:, :first], mirrored[:, :first], atol=1e-2)
    own = open_engine(plain, store, "onnx")
    views = [own.embed(view)[:, first:] for view in (images, flipped)]
    np.testing.assert_allclose(both[:, first:], np.mean(views, axis=0), atol=1e-4)


@pytest.mark.network
def test_blocks_that_did_not_learn_are_run_once(tuned_weights: Path, store: Path) -> None:
    key = install_tuned(BASE, tuned_weights, store, "a test")
    alone = (prepared_folder(BASE.key, store) / "embed.onnx").stat().st_size
    both = (prepared_folder(key, store) / "embed.onnx").stat().st_size
    assert both < 1.5 * alone


@pytest.mark.network
def test_a_changed_file_and_a_removed_one_are_refused(tuned_weights: Path, store: Path) -> None:
    key = install_tuned(BASE, tuned_weights, store, "a test")
    shutil.rmtree(prepared_folder(key, store))
    with fetched_weights_path(get_card(key), store).open("ab") as file:
        file.write(b"x")
    with pytest.raises(BackboneUnavailable, match="have changed"):
        open_engine(key, store)
    assert remove_tuned(key, store)
    assert not remove_tuned(key, store)
    with pytest.raises(BackboneUnavailable, match="are not here"):
        open_engine(key, store)
    with pytest.raises(ValueError, match="not fine-tuned here"):
        remove_tuned(BASE.key, store)
