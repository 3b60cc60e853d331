"""The parts of a fine-tuning that need no network: judging, order, checkpoints, history."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.learning.fine_tuning.checkpoint import (
    Checkpoint,
    Standing,
    load_checkpoint,
    save_checkpoint,
)
from training.learning.fine_tuning.feeding import Feeder, shuffled_batches
from training.learning.fine_tuning.judging import judged_loss, top1_of
from training.learning.fine_tuning.task import Point, add_point, cut_history, read_history

TARGETS = np.array([[1, 0], [0, 1], [1, 1], [0, 0]], dtype=np.float32)
ONES = np.ones_like(TARGETS)


def test_how_sure_a_head_is_does_not_decide_how_good_it_is() -> None:
    logits = np.array([[2, -1], [-1, 1.5], [1, -0.5], [-2, -1]], dtype=np.float32)
    losses = [judged_loss(logits * factor, TARGETS, ONES) for factor in (0.5, 1, 2)]
    assert max(losses) - min(losses) < 0.02
    assert judged_loss(-logits, TARGETS, ONES) > max(losses) + 0.5


def test_entries_without_weight_have_no_say() -> None:
    logits = np.array([[3, 9], [-3, 3], [3, 3], [-3, -3]], dtype=np.float32)
    wrong = np.zeros_like(ONES)
    wrong[0, 1] = 1
    assert judged_loss(logits, TARGETS, ONES - wrong) < judged_loss(logits, TARGETS, ONES)


def test_top1_asks_only_photos_that_have_a_tag() -> None:
    logits = np.array([[2, 1], [2, 1], [0, 1], [9, 9]], dtype=np.float32)
    assert top1_of(logits, TARGETS) == pytest.approx(2 / 3)
    assert top1_of(logits[3:], TARGETS[3:]) == 0


def test_every_photo_is_in_one_batch_but_for_a_rest_that_does_not_fill_one() -> None:
    batches = shuffled_batches(np.arange(10), 4, np.random.default_rng(1))
    assert [len(batch) for batch in batches] == [4, 4]
    assert len(set(np.concatenate(batches))) == 8
    few = shuffled_batches(np.arange(3), 4, np.random.default_rng(1))
    assert len(few) == 1 and len(few[0]) == 4 and set(few[0]) == {0, 1, 2}


def test_batches_come_in_order_and_a_photo_that_fails_says_so() -> None:
    def prepare(row: int) -> np.ndarray:
        if row == 7:
            raise ValueError("photo 7")
        return np.full((2, 2, 3), row, dtype=np.uint8)

    feeder = Feeder()
    try:
        batches = [np.arange(start, start + 3) for start in range(0, 6, 3)]
        found = [pixels[:, 0, 0, 0].tolist() for _, pixels in feeder.batches(batches, prepare)]
        assert found == [[0, 1, 2], [3, 4, 5]]
        with pytest.raises(ValueError, match="photo 7"):
            list(feeder.batches([np.arange(6, 9)], prepare))
    finally:
        feeder.close()


def test_a_checkpoint_comes_back_as_it_was_for_the_same_task_only(tmp_path: Path) -> None:
    assert load_checkpoint(tmp_path, "task") is None
    arrays = [np.arange(6, dtype=np.float32).reshape(2, 3), np.array(4, dtype=np.int64)]
    standing = Standing(epoch=3, best_epoch=2, best_loss=0.4, probe_loss=0.5)
    save_checkpoint(tmp_path, Checkpoint(standing, arrays, arrays[::-1], arrays[:1]), "task")
    found = load_checkpoint(tmp_path, "task")
    assert found is not None and found.standing == standing
    assert [part.tolist() for part in found.weights] == [part.tolist() for part in arrays]
    assert found.optimiser[0].dtype == np.int64 and len(found.best) == 1
    assert load_checkpoint(tmp_path, "another") is None


def test_a_damaged_checkpoint_means_to_begin_anew(tmp_path: Path) -> None:
    save_checkpoint(tmp_path, Checkpoint(Standing(epoch=1), [np.ones(500)]), "task")
    path = tmp_path / "state.npz"
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert load_checkpoint(tmp_path, "task") is None
    changed = bytearray(whole)
    changed[whole.index(np.ones(500).tobytes()) + 40] ^= 0xFF
    path.write_bytes(changed)
    assert load_checkpoint(tmp_path, "task") is None


def test_what_a_killed_process_did_of_an_epoch_leaves_the_curve(tmp_path: Path) -> None:
    for epoch, progress in ((0, 0.0), (1, 0.25), (1, 0.5), (2, 0.75)):
        add_point(tmp_path, Point(epoch, progress, None))
    with (tmp_path / "history.jsonl").open("a") as file:
        file.write('{"epoch": 2, "prog')
    cut_history(tmp_path, 1)
    assert [point.epoch for point in read_history(tmp_path)] == [0, 1, 1]
    cut_history(tmp_path, -1)
    assert list(read_history(tmp_path)) == []
