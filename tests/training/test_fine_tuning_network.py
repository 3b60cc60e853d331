"""Fine-tuning for real: what learns, that it learns, and that no kill takes anything away."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tagging.backbones.cards import CARDS, get_card
from tests.tagging.network_cast import bundled_path
from training.learning.fine_tuning.photos import write_photos
from training.learning.fine_tuning.task import (
    Answers,
    BrokenTask,
    Point,
    Task,
    TuningSettings,
    read_answers,
    read_history,
    read_task,
    write_task,
)

pytestmark = pytest.mark.network

ROOT = Path(__file__).resolve().parents[2]
CARD = get_card("efficientnet_lite0")
PHOTOS, JUDGES = 32, 8
SETTINGS = TuningSettings(blocks=1, epochs=3, batch=8, rate=1e-3, warm_up=0.0, patience=3)


def patches() -> Iterator[Image.Image]:
    """Yield patches of a cat and of a cup of coffee, by turns."""
    pictures = []
    for name in ("chelsea.png", "coffee.png"):
        with Image.open(bundled_path(name)) as opened:
            pictures.append(opened.convert("RGB"))
    random = np.random.default_rng(5)
    for number in range(PHOTOS):
        picture = pictures[number % 2]
        left, top = random.integers(0, picture.width - 90), random.integers(0, picture.height - 90)
        yield picture.crop((left, top, left + 90, top + 90))


def prepare(folder: Path, settings: TuningSettings = SETTINGS, kernel_scale: float = 0.01) -> Path:
    """Return a folder that says what is to be done, with a head that knows next to nothing."""
    folder.mkdir()
    write_photos(folder / "photos.bin", patches())
    targets = np.eye(2, dtype=np.float32)[np.arange(PHOTOS) % 2]
    kernel = np.random.default_rng(1).normal(0, kernel_scale, (CARD.dimension, 2))
    answers = Answers(
        targets=targets,
        weights=np.ones_like(targets),
        judges=np.arange(PHOTOS) >= PHOTOS - JUDGES,
        kernel=kernel.astype(np.float32),
        bias=np.zeros(2, dtype=np.float32),
    )
    write_task(folder, Task(CARD.key, ("cat", "coffee"), "0" * 64, settings), answers)
    return folder


def start(folder: Path, store: Path, *options: str) -> subprocess.Popen[str]:
    """Start the process that fine-tunes."""
    command = [sys.executable, "-m", "training.learning.fine_tuning", str(folder)]
    return subprocess.Popen(
        [*command, "--store", str(store), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for(happened: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    while not happened() and process.poll() is None:
        time.sleep(0.02)


def numbers(path: Path) -> dict[str, Any]:
    """Return all arrays of a weights file."""
    import h5py

    found: dict[str, Any] = {}
    with h5py.File(path) as file:
        file.visititems(
            lambda name, item: (
                found.update({name: np.asarray(item)}) if isinstance(item, h5py.Dataset) else None
            )
        )
    return found


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, session_store: Path) -> Path:
    """The folder of a fine-tuning that nothing interrupted."""
    from training.learning.fine_tuning.devices import prepare_process
    from training.learning.fine_tuning.tuner import Outcome, tune

    folder = prepare(tmp_path_factory.mktemp("undisturbed") / "task")
    assert tune(folder, session_store, prepare_process("cpu")) is Outcome.TUNED
    return folder


def test_the_network_gets_better_and_the_history_says_how(undisturbed: Path) -> None:
    points = list(read_history(undisturbed))
    judged = [point for point in points if point.judged_loss is not None]
    assert [point.epoch for point in judged] == [0, 1, 2, 3]
    assert judged[0].loss is None and judged[0].progress == 0
    losses = [point.judged_loss or 0.0 for point in judged]
    assert min(losses[1:]) < 0.7 * losses[0]
    assert len(points) > len(judged)
    assert [point.progress for point in points] == sorted(point.progress for point in points)
    assert judged[-1].progress == 1 and judged[-1].seconds_left == 0
    left = [point.seconds_left for point in points if point.seconds_left is not None]
    assert left and left[0] > 0


def test_only_the_top_block_learns_and_batch_norm_rests(
    undisturbed: Path, session_store: Path, tmp_path: Path
) -> None:
    from tagging.backbones.networks import load_network, load_tuned

    base, _ = load_network(CARD, session_store)
    tuned = load_tuned(CARD, undisturbed / "tuned.weights.h5")
    moved = {
        layer.name
        for layer, other in zip(base.layers, tuned.layers, strict=True)
        if any(
            (one != two).any()
            for one, two in zip(layer.get_weights(), other.get_weights(), strict=True)
        )
    }
    assert moved == {
        "blocks.15.expand_conv", "blocks.15.depthwise_conv", "blocks.15.project_conv", "conv_head"
    }  # fmt: skip


def test_a_killed_and_a_terminated_run_go_on_and_end_as_if_nothing_had_been(
    undisturbed: Path, session_store: Path, tmp_path: Path
) -> None:
    folder = prepare(tmp_path / "task")
    killed = start(folder, session_store)
    wait_for((folder / "checkpoint" / "state.npz").is_file, killed)
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    assert not (folder / "tuned.weights.h5").exists()

    # It begins by cutting off what the killed one did of an epoch, and adds its own lines then.
    whole = [point for point in read_history(folder) if point.judged_loss is not None]
    terminated = start(folder, session_store)

    def goes_on() -> bool:
        return any(point.epoch > whole[-1].epoch for point in read_history(folder))

    wait_for(goes_on, terminated)
    terminated.send_signal(signal.SIGTERM)
    said = terminated.communicate()
    assert (terminated.returncode, said) == (143, ("", ""))
    assert not (folder / "tuned.weights.h5").exists()

    last = start(folder, session_store)
    said = last.communicate()
    assert last.returncode == 0, said
    assert said[0].startswith("tuned, on /cpu:0, peak memory ") and not said[1]
    assert [point.epoch for point in read_history(folder) if point.judged_loss is not None] == [
        0, 1, 2, 3
    ]  # fmt: skip
    expected, found = (
        numbers(undisturbed / "tuned.weights.h5"),
        numbers(folder / "tuned.weights.h5"),
    )
    assert expected.keys() == found.keys()
    for name, values in expected.items():
        assert np.allclose(values, found[name], atol=1e-5), name


def test_what_came_of_it_serves_beside_its_base(undisturbed: Path, network_store: Path) -> None:
    from tagging.backbones.tuned import install_tuned
    from tagging.engine import open_engine

    key = install_tuned(CARD, undisturbed / "tuned.weights.h5", network_store, "a test")
    pixels = np.random.default_rng(0).integers(0, 256, (1, 224, 224, 3), dtype=np.uint8)
    before = open_engine(CARD.key, network_store).embed(pixels)[0]
    after = open_engine(key, network_store).embed(pixels)[0]
    assert np.allclose(after[: CARD.top_features], before[: CARD.top_features], atol=1e-3)
    assert not np.allclose(after[CARD.top_features :], before, atol=1e-2)


def test_a_network_that_does_not_get_better_leaves_no_weights(
    session_store: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from training.learning.fine_tuning.__main__ import NO_BETTER, main

    # Learning at no rate at all: whatever the epochs, nothing can be better than the start.
    folder = prepare(tmp_path / "task", replace(SETTINGS, rate=0.0, epochs=1))
    handler = signal.getsignal(signal.SIGTERM)
    try:
        assert main([str(folder), "--store", str(session_store)]) == NO_BETTER == 3
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert capfd.readouterr().out.startswith("no better, on ")
    assert not (folder / "tuned.weights.h5").exists()
    assert (folder / "no_better.txt").read_text().startswith("Fine-tuning did not help: ")
    judged = [point.judged_loss for point in read_history(folder) if point.judged_loss]
    assert len(judged) == 2 and judged[0] == pytest.approx(judged[1])


def test_refusals_are_one_clear_line(tmp_path: Path, session_store: Path) -> None:
    process = start(tmp_path / "nothing", session_store)
    assert process.communicate()[1] == (
        f"refused: {tmp_path / 'nothing'} does not say what is to be done.\n"
    )
    assert process.returncode == 1
    folder = prepare(tmp_path / "task", replace(SETTINGS, blocks=40))
    process = start(folder, session_store, "--devices", "cpu")
    assert process.communicate()[1] == (
        "refused: efficientnet_lite0 has 16 blocks, so 40 cannot learn.\n"
    )
    assert process.returncode == 1
    assert not (folder / "tuned.weights.h5").exists()


def test_a_task_whose_parts_do_not_belong_together_is_refused(
    tmp_path: Path, session_store: Path
) -> None:
    from training.learning.fine_tuning.tuner import tune

    folder = prepare(tmp_path / "task")
    task, answers = read_task(folder), read_answers(folder)
    for wrong, sentence in (
        (
            replace(answers, kernel=answers.kernel[:-1]),
            r"kernel .* \(1791, 2\), expected \(1792, 2\)",
        ),
        (replace(answers, targets=answers.targets[:-1]), r"targets .* expected \(32, 2\)"),
        (replace(answers, judges=np.zeros(PHOTOS, dtype=np.bool_)), "some others have to judge"),
    ):
        write_task(folder, task, wrong)
        with pytest.raises(BrokenTask, match=sentence):
            tune(folder, session_store, ["/cpu:0"])


def test_devices_are_named_or_refused_with_what_there_is() -> None:
    from training.learning.fine_tuning.devices import UnknownDevices, choose_devices, precision_for

    assert choose_devices("cpu") == choose_devices("CPU:0") == ["/cpu:0"]
    assert precision_for(["/cpu:0"]) == "float32"
    for wish in ("gpu:7", "9", "", "cpu:0,tpu:1"):
        with pytest.raises(UnknownDevices, match="this machine has cpu:0"):
            choose_devices(wish)


def test_two_devices_learn_what_one_would(session_store: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.training.two_devices_process", str(session_store)],
        cwd=ROOT,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    apart, moved, part = (float(word) for word in done.stdout.split())
    assert part == 4  # each has half of the batch of eight
    assert apart < 1e-6 < 1e-4 < moved


def test_every_card_has_blocks_and_the_folded_view_says_the_same() -> None:
    from tagging.backbones.networks import build_network
    from training.learning.fine_tuning.blocks import blocks_of, learning_layers

    expected = {"efficientnet_lite0": 16, "vgg16": 5, "inception_v3": 11}
    for key, card in CARDS.items():
        network = build_network(card)
        blocks = blocks_of(network)
        assert len(blocks) == expected.get(key, len(blocks)) > 1, key
        everything = {layer.path for block in blocks for layer in block}
        assert len(everything) == sum(len(block) for block in blocks)
        assert len(learning_layers(network, 1)) < len(learning_layers(network, None))
        names = {layer.name for layer in learning_layers(network, None)}
        assert "caffe_scaling" not in names


def test_the_folded_view_says_the_same_and_holds_no_batch_norm(session_store: Path) -> None:
    import keras

    from tagging.backbones.networks import load_network
    from training.learning.fine_tuning.folding import folded_view

    network, _ = load_network(CARD, session_store)
    view = folded_view(network)
    assert not any(isinstance(layer, keras.layers.BatchNormalization) for layer in view.layers)
    pixels = np.random.default_rng(2).integers(0, 256, (2, 224, 224, 3), dtype=np.uint8)
    expected = np.asarray(network(pixels, training=False))
    assert np.allclose(np.asarray(view(pixels, training=False)), expected, atol=1e-4)


def test_points_are_plain_json(undisturbed: Path) -> None:
    lines = (undisturbed / "history.jsonl").read_text().splitlines()
    assert Point(**json.loads(lines[-1])).epoch == 3


def test_a_full_disk_is_told_from_what_would_fail_again(
    tmp_path: Path, session_store: Path
) -> None:
    from training.tuning.process import TuningFailed, work_in

    folder = prepare(tmp_path / "task")
    (folder / ".history.jsonl").symlink_to("/dev/full")
    process = start(folder, session_store)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 4
    assert "refused: The disk is full." in errors
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.tuning.process.settings.EYES_MODELS_STORE", session_store)
        with pytest.raises(TuningFailed, match="disk is full") as failure:
            work_in(folder, lambda points: None)
    assert not failure.value.is_hopeless
