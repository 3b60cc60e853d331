"""A network of keras.applications is one card of data: whatever the card says holds.

With random weights throughout: the official ones cannot be had in every place tests run in. The
networks are loaded from real files, and compared with what keras.applications itself makes of the
same weights and pixels.
"""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.core.management import call_command
from pytest_django import Settings

from tagging.backbones import cards
from tagging.backbones.cards import (
    CARDS,
    Application,
    BackboneCard,
    CardError,
    Part,
    get_card,
)
from tagging.backbones.prepared import golden_images
from tagging.backbones.weights import (
    BackboneUnavailable,
    WeightsRecord,
    fetched_weights_path,
    file_sha256,
    write_record,
)
from tagging.engine import open_engine

pytestmark = pytest.mark.network

APPLICATIONS = [card for card in CARDS.values() if card.application is not None]
VGG, RESNET = get_card("vgg16"), get_card("resnet50")


def whole_network(card: BackboneCard, *, with_top: bool = True) -> Any:
    """Return the network as keras.applications builds it, with lively random weights."""
    import keras

    assert card.application is not None
    keras.utils.set_random_seed(11)
    network = getattr(keras.applications, card.application.name)(
        include_top=with_top,
        weights=None,
        input_shape=(card.input_size, card.input_size, 3),
        classifier_activation=None,
    )
    random = np.random.default_rng(12)
    for variable in network.variables:
        # Biases, norms and layer scales start at zero, one or next to nothing, where exchanged
        # or forgotten ones would not show.
        if len(variable.shape) == 1 and "seed" not in variable.path:
            variable.assign(np.asarray(variable) + random.uniform(0.05, 0.25, variable.shape))
    return network


def expected_logits(card: BackboneCard, network: Any, images: Any) -> Any:
    """Return what the whole network says after the scaling that comes with it."""
    import keras

    assert card.application is not None
    home = getattr(keras.applications, card.application.name).__module__
    scale = importlib.import_module(home).preprocess_input
    return np.asarray(network(scale(images.astype(np.float32)), training=False))


def hold_to_its_card(card: BackboneCard, folder: Path) -> None:
    """Assert that all a card says of the embedding and its top is so, from a file of weights."""
    from tagging.backbones.keras_applications import load_application, part_widths
    from tagging.backbones.networks import compile_embedder

    assert card.application is not None
    whole = whole_network(card)
    file = folder / "random.weights.h5"
    whole.save_weights(file)
    network, head = load_application(card, file)
    images = golden_images(card)[1:3]
    embeddings = compile_embedder(network)(images)
    assert embeddings.shape == (2, card.dimension)
    assert sum(width for _, width in part_widths(card)) == card.dimension
    assert np.abs(embeddings[0] - embeddings[1]).max() > 0
    assert (head is None) == (card.application.top is None)
    if head is not None:
        logits = embeddings[:, : card.top_features] @ head["kernel"] + head["bias"]
        expected = expected_logits(card, whole, images)
        assert expected.std() > 1e-3
        np.testing.assert_allclose(logits, expected, atol=1e-4 * np.abs(expected).max())


@pytest.mark.parametrize("card", APPLICATIONS, ids=lambda card: card.key)
def test_the_embedding_is_what_the_networks_own_top_reads(
    card: BackboneCard, tmp_path: Path
) -> None:
    hold_to_its_card(card, tmp_path)


def test_the_example_for_contributors_is_a_whole_card(tmp_path: Path) -> None:
    text = (Path(__file__).resolve().parents[2] / "CONTRIBUTING.md").read_text()
    example = text.split("```python\n")[1].split("```")[0]
    names: dict[str, Any] = dict(vars(cards))
    exec(example, names)
    assert names["_RESNET50_V2"].key not in CARDS
    hold_to_its_card(names["_RESNET50_V2"], tmp_path)


def test_vgg16_averages_and_maxima_are_those_of_its_last_map(tmp_path: Path) -> None:
    from tagging.backbones.keras_applications import load_application
    from tagging.backbones.networks import compile_embedder

    whole = whole_network(VGG, with_top=False)
    file = tmp_path / "random.weights.h5"
    whole.save_weights(file)
    network, head = load_application(VGG, file)
    images = golden_images(VGG)[:2]
    last_map = expected_logits(VGG, whole, images)
    assert head is None
    expected = np.concatenate([last_map.mean((1, 2)), last_map.max((1, 2))], axis=1)
    np.testing.assert_allclose(compile_embedder(network)(images), expected, rtol=1e-3, atol=1e-3)


def test_a_file_in_the_layout_of_the_official_ones_is_loaded(tmp_path: Path) -> None:
    """The official files are in the layout of Keras 1 and 2, told by what stands in them."""
    import h5py
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    from tagging.backbones.keras_applications import load_application
    from tagging.backbones.weight_files import examine_weight_file

    for key in ("mobilenet_v3_large", "convnext_tiny"):
        card = get_card(key)
        whole = whole_network(card)
        old, new = tmp_path / f"{key}.h5", tmp_path / f"{key}.weights.h5"
        with h5py.File(old, "w") as file:
            save_weights_to_hdf5_group(file, whole)
        whole.save_weights(new)
        assert (examine_weight_file(old).is_old, examine_weight_file(new).is_old) == (True, False)
        (from_old, head), (from_new, _) = load_application(card, old), load_application(card, new)
        assert head is not None
        for one, other in zip(from_old.get_weights(), from_new.get_weights(), strict=True):
            assert (one == other).all()


def test_a_file_without_top_brings_no_first_day_words(tmp_path: Path) -> None:
    from tagging.backbones.keras_applications import load_application

    file = tmp_path / "random.weights.h5"
    whole_network(RESNET, with_top=False).save_weights(file)
    network, head = load_application(RESNET, file)
    assert (network.output_shape, head) == ((None, 2048), None)
    # MobileNetV3's last features belong to its top: without it there is nothing to serve.
    card = get_card("mobilenet_v3_large")
    whole_network(card, with_top=False).save_weights(file)
    with pytest.raises(ValueError, match=r"came without the top .* Give the file with top"):
        load_application(card, file)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"name": "ResNet5000"}, r"names 'ResNet5000'; keras.applications has: .*ResNet50, "),
        ({"name": "imagenet_utils"}, "names 'imagenet_utils'; keras.applications has"),
        ({"parts": (Part("conv6", "averages"),)}, r"'conv6', which resnet50 .*conv5_block3_out"),
        ({"parts": (Part("avg_pool", "averages"),)}, "'avg_pool', which resnet50 does not have"),
        ({"parts": (Part("conv5_block3_add", "input"),)}, "takes what conv5_block3_add reads, but"),
        ({"parts": (Part("conv4_block6_out", "maxima"),)}, "are 1024 numbers, its card says 2048"),
    ],
)
def test_a_card_that_does_not_fit_its_network_is_told_so(
    change: dict[str, Any], reason: str
) -> None:
    from tagging.backbones.networks import build_network

    assert RESNET.application is not None
    card = replace(RESNET, application=replace(RESNET.application, **change))
    with pytest.raises(CardError, match=reason):
        build_network(card)


def test_a_top_that_is_not_linear_on_the_embedding_is_not_believed(tmp_path: Path) -> None:
    from tagging.backbones.keras_applications import load_application

    card = get_card("mobilenet_v3_large")
    file = tmp_path / "random.weights.h5"
    whole_network(card).save_weights(file)
    wrong = replace(
        card,
        dimension=960,
        top_features=960,
        application=Application("MobileNetV3Large", (Part("conv_2", "input"),), top="logits"),
    )
    with pytest.raises(CardError, match=r"matrix of \(1280, 1000\), .* reads 960 numbers"):
        load_application(wrong, file)
    assert card.application is not None
    for top, reason in (("predictions", "is not linear"), ("dense", "the layer 'dense', which")):
        wrong = replace(card, application=replace(card.application, top=top))
        with pytest.raises(CardError, match=reason):
            load_application(wrong, file)


def test_further_maps_can_be_joined_behind_the_embedding(tmp_path: Path) -> None:
    from tagging.backbones.keras_applications import load_application, with_cuts
    from tagging.backbones.networks import compile_embedder

    card = get_card("inception_v3")
    file = tmp_path / "random.weights.h5"
    whole = whole_network(card)
    whole.save_weights(file)
    cut = with_cuts(card, ("mixed8", "mixed9"))
    assert (cut.dimension, cut.top_features) == (2048 + 1280 + 2048, 2048)
    network, head = load_application(cut, file)
    images = golden_images(card)[1:2]
    embedding = compile_embedder(network)(images)
    assert head is not None
    logits = embedding[:, :2048] @ head["kernel"] + head["bias"]
    expected = expected_logits(card, whole, images)
    np.testing.assert_allclose(logits, expected, atol=1e-4 * np.abs(expected).max())
    with pytest.raises(CardError, match=r"no network of keras\.applications"):
        with_cuts(get_card("efficientnet_lite0"), ("stem",))
    with pytest.raises(CardError, match="mixed11"):
        with_cuts(card, ("mixed11",))


def test_weights_that_are_not_finite_or_too_many_are_refused(tmp_path: Path) -> None:
    from tagging.backbones.keras_applications import load_application

    file = tmp_path / "random.weights.h5"
    network = whole_network(RESNET, with_top=False)
    network.layers[2].kernel.assign(np.full(network.layers[2].kernel.shape, np.nan))
    network.save_weights(file)
    with pytest.raises(ValueError, match="holds numbers that are not finite"):
        load_application(RESNET, file)
    with pytest.raises(ValueError, match="numbers, more than the 14,714,688 of vgg16"):
        load_application(VGG, file)


@pytest.mark.parametrize("key", ["vgg16", "efficientnet_lite0+"])
def test_a_file_planted_in_the_store_is_examined_before_keras_reads_it(
    key: str, tmp_path: Path
) -> None:
    import h5py

    from tagging.backbones.networks import load_network

    planted = tmp_path / "planted.h5"
    with h5py.File(planted, "w") as file:
        file["layers"] = h5py.ExternalLink("/somebody/elses.h5", "/layers")
    digest = file_sha256(planted)
    card = get_card(key + digest[:8] if key.endswith("+") else key)
    target = fetched_weights_path(card, tmp_path)
    target.parent.mkdir(parents=True)
    planted.rename(target)
    write_record(card, tmp_path, WeightsRecord(digest, "planted, with a record that fits"))
    with pytest.raises(BackboneUnavailable, match="a link that may lead out of the file"):
        load_network(card, tmp_path)


@pytest.mark.parametrize("key", ["resnet50", "efficientnet_v2_b0", "convnext_tiny"])
def test_a_backbone_of_one_card_is_fetched_exported_and_served_by_both_engines(
    key: str, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    card, file = get_card(key), tmp_path / "random.weights.h5"
    whole = whole_network(card)
    whole.save_weights(file)
    call_command("fetch_backbone", key, "--from", str(file), "--sha256", file_sha256(file))
    assert f"is ready: {card.dimension} numbers per photo, with first-day" in (
        capsys.readouterr().out
    )
    store = settings.EYES_MODELS_STORE
    onnx, keras_engine = (open_engine(key, store, choice) for choice in ("onnx", "keras"))
    images = golden_images(card)[2:]
    ours, theirs = onnx.embed(images), keras_engine.embed(images)
    assert np.abs(ours - theirs).max() <= 1e-3 * max(1.0, np.abs(theirs).max())
    head = onnx.imagenet_head()
    assert head is not None
    expected = expected_logits(card, whole, images)
    logits = ours[:, : card.top_features] @ head[0] + head[1]
    np.testing.assert_allclose(logits, expected, atol=1e-3 * np.abs(expected).max())


def test_a_head_learns_on_the_features_of_another_card() -> None:
    """Red and blue pictures are told apart on ResNet-50's features, even random ones."""
    from tagging.backbones.networks import build_network, compile_embedder
    from training.learning.features import standardisation, standardise
    from training.learning.head import FitSettings, Task, fit_until_best

    random = np.random.default_rng(3)
    images = random.integers(0, 90, (24, 224, 224, 3), dtype=np.uint8)
    images[:12, :, :, 0] += 150
    images[12:, :, :, 2] += 150
    truth = np.repeat(np.eye(2, dtype=np.float32), 12, axis=0)
    embeddings = compile_embedder(build_network(RESNET))(images).astype(np.float16)
    rows = random.permutation(24)
    learns, stops, judged = rows[:12], rows[12:16], rows[16:]
    mean, scale = standardisation(embeddings[learns])
    features = standardise(embeddings, mean, scale)

    def task(some: Any) -> Task:
        return Task(features[some], truth[some], np.ones_like(truth[some]))

    fitted = fit_until_best(task(learns), task(stops), FitSettings())
    assert (fitted.logits(features[judged]).argmax(1) == truth[judged].argmax(1)).all()


def test_a_card_names_the_files_that_keras_itself_would_fetch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Name, address and hash stand in Keras' sources: a slip in a card would refuse the file."""
    import keras
    from keras.src.utils import file_utils

    asked: list[tuple[str, str, str]] = []

    class Asked(Exception):
        """Ends the build where the download would begin."""

    def note(name: str, origin: str, *, file_hash: str, **_options: object) -> None:
        asked.append((name, origin, file_hash))
        raise Asked

    monkeypatch.setattr(file_utils, "get_file", note)
    for card in APPLICATIONS:
        assert card.application is not None
        assert card.download is not None
        build = getattr(keras.applications, card.application.name)
        shape = (card.input_size, card.input_size, 3)
        asked.clear()
        for with_top in (True, False):
            with pytest.raises(Asked):
                build(include_top=with_top, weights="imagenet", input_shape=shape)
        official = {(name, url) for name, url, _ in asked}
        assert (card.download.file_name, card.download.url) in official
        digests = {digest for _, _, digest in asked}
        ours = {hash_.digest for hash_ in card.accepted_hashes if "official file" in hash_.label}
        assert ours <= digests
        fetched = next(entry for entry in asked if entry[1] == card.download.url)
        assert fetched[2] in ours
