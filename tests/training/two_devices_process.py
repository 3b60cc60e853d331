"""Teach the same three batches on one device and on two, and print how far the weights differ.

A process of its own: how many devices there are is fixed when TensorFlow wakes up.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

from tagging.backbones.cards import get_card
from training.learning.fine_tuning.devices import choose_devices
from training.learning.fine_tuning.learner import Learner
from training.learning.fine_tuning.task import Answers, TuningSettings


def main() -> None:
    """Print the largest difference between the weights, and how far they have moved."""
    processor = tf.config.list_physical_devices("CPU")[0]
    halves = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(processor, halves)
    card, random = get_card("efficientnet_lite0"), np.random.default_rng(3)
    targets = np.eye(2, dtype=np.float32)[np.arange(8) % 2]
    kernel = random.normal(0, 0.05, (card.dimension, 2)).astype(np.float32)
    answers = Answers(
        targets, np.ones_like(targets), np.zeros(8, dtype=np.bool_), kernel, np.zeros(2, np.float32)
    )
    pixels = random.integers(0, 256, (8, 224, 224, 3), dtype=np.uint8)
    ends = []
    for wish in ("cpu:0", "cpu:0,cpu:1"):
        settings = TuningSettings(blocks=1, batch=8)
        learner = Learner(card, Path(sys.argv[1]), answers, settings, 8, 3, choose_devices(wish))
        before = learner.weights()
        for _ in range(3):
            learner.step(pixels, targets, answers.weights)
        ends.append((learner.weights(), learner.part))
    (alone, _), (together, part) = ends
    apart = max(float(abs(one - two).max()) for one, two in zip(alone, together, strict=True))
    moved = max(float(abs(one - two).max()) for one, two in zip(before, together, strict=True))
    print(apart, moved, part)


if __name__ == "__main__":
    main()
