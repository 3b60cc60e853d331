"""The head: one Keras layer that turns standardised embeddings into logits per tag.

The only module of this room that imports TensorFlow. Reach it by an import inside a function, and
only once there is something to learn.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Array = NDArray[np.float32]
Steps = NDArray[np.int64]


@dataclass(frozen=True)
class FitSettings:
    """How a head is fitted. The loss is convex, so these decide speed and stopping, not luck.

    Chosen on embeddings of cats and dogs and on textures: a wide range gives the same figures.
    """

    # Of the step at which plain gradient descent just stays stable. With it and momentum the fit
    # moves along what many photos share first, so that stopping early keeps noise out. An adaptive
    # optimiser (AdamW) loses 0.7 points of top-1 on VGG16's features and wins 0.2 on
    # EfficientNet's (docs/measurements.md; Wilson et al., 2017, discuss why).
    speed: float = 0.2
    momentum: float = 0.9
    batch_size: int = 512
    steps_between_checks: int = 10
    most_steps: int = 240
    # So many checks without a validation loss that is lower by this share end the fit of a tag.
    patience: int = 3
    least_gain: float = 0.01
    seed: int = 20_190_611
    # The largest curvature of the features, to work it out once for several fits on (parts of)
    # the same photos; a fit without it looks at its own.
    curvature: float | None = None


@dataclass(frozen=True)
class Task:
    """What to fit: features float32 [n, d], targets in 0..1 and loss weights, float32 [n, t]."""

    features: Array
    targets: Array
    weights: Array


@dataclass(frozen=True)
class FittedHead:
    """Kernel float32 [d, t], bias float32 [t], and after how many steps each tag's part of them
    was reached, int [t]."""

    kernel: Array
    bias: Array
    steps: Steps

    def logits(self, features: Array) -> Array:
        """Return float32 [n, t]."""
        return features @ self.kernel + self.bias

    def with_tags(self, tags: NDArray[np.bool_], of: FittedHead) -> FittedHead:
        """Return this head with the marked tags, bool [t], as they are in the other one."""
        return FittedHead(
            kernel=np.where(tags, of.kernel, self.kernel),
            bias=np.where(tags, of.bias, self.bias),
            steps=np.where(tags, of.steps, self.steps),
        )


def prepare_process() -> None:
    """Make every later fit in this process give the same bytes as in any other on this machine."""
    tf.config.experimental.enable_op_determinism()
    # Each fit traces a function of its own, on purpose; a curve of many fits would be warned of it.
    tf.get_logger().setLevel("ERROR")
    # Looking for a GPU prints; it shall do so here, where the caller has muted it.
    tf.config.list_logical_devices()


def fit_until_best(task: Task, judge: Task, settings: FitSettings) -> FittedHead:
    """Return the head with each tag as it was at its lowest weighted loss on `judge`.

    Early stopping tag by tag: the columns of the layer do not touch each other, so a tag that is
    judged on a few odd photos and stops at once takes nothing from the others. Entries of `judge`
    with weight 0 have no say; give unknown entries none.
    """
    loop = _FittingLoop(task, settings)
    judge_features = tf.constant(judge.features)
    best = loop.snapshot()
    lowest = np.full(task.targets.shape[1], np.inf)
    checks_without = np.zeros(len(lowest), dtype=np.int64)
    while loop.steps_done < settings.most_steps and (checks_without < settings.patience).any():
        loop.run(settings.steps_between_checks)
        losses = _losses(loop.layer(judge_features), judge.targets, judge.weights)
        loss = tf.reduce_mean(losses, axis=0).numpy().astype(np.float64)
        better = loss < lowest * (1 - settings.least_gain)
        better &= checks_without < settings.patience
        if better.any():
            best = best.with_tags(better, loop.snapshot())
        lowest[better] = loss[better]
        checks_without = np.where(better, 0, checks_without + 1)
    return best


def fit_for(task: Task, steps: Steps, settings: FitSettings) -> FittedHead:
    """Return the head with each tag as it is after exactly so many steps, [t].

    Steps come from `fit_until_best` and are whole checks; raises ValueError for others.
    """
    if (steps % settings.steps_between_checks).any():
        raise ValueError(f"Steps are multiples of {settings.steps_between_checks}, not {steps}.")
    loop = _FittingLoop(task, settings)
    fitted = loop.snapshot()
    while loop.steps_done < steps.max():
        loop.run(settings.steps_between_checks)
        reached = steps == loop.steps_done
        if reached.any():
            fitted = fitted.with_tags(reached, loop.snapshot())
    return fitted


def steepest_curvature(features: Array) -> float:
    """Return the largest second derivative that the mean cross-entropy of a head on these
    features [n, d] can have: a quarter of the largest eigenvalue of their second moments.

    By power iteration on at most 4096 photos, which come in the order of a hash; a few per cent
    of error do not matter to a step that is far from the limit.
    """
    sample = features[:4096]
    direction: Array = np.ones(sample.shape[1], dtype=np.float32)
    length = 1.0
    for _ in range(30):
        moved = sample.T @ (sample @ direction) / len(sample)
        length = float(np.linalg.norm(moved))
        if not length:
            return 1.0
        direction = (moved / length).astype(np.float32)
    return length / 4


class _FittingLoop:
    """One layer, its optimiser and the order of batches; each `run` goes on where it was."""

    def __init__(self, task: Task, settings: FitSettings) -> None:
        keras.utils.set_random_seed(settings.seed)
        photos, dimension = task.features.shape
        self.layer = keras.layers.Dense(task.targets.shape[1], kernel_initializer="zeros")
        self.layer.build((None, dimension))
        self.optimiser = keras.optimizers.SGD(
            settings.speed / (settings.curvature or steepest_curvature(task.features)),
            momentum=settings.momentum,
            nesterov=True,
        )
        self.optimiser.build(self.layer.trainable_variables)
        self.steps_done = 0
        self._batch_size = min(settings.batch_size, photos)
        self._photos = photos
        self._random = np.random.default_rng(settings.seed)
        self._queue = np.empty(0, dtype=np.int32)
        self._features = tf.constant(task.features)
        self._targets = tf.constant(task.targets)
        self._weights = tf.constant(task.weights)
        self._run_steps = tf.function(self._steps)

    def run(self, steps: int) -> None:
        """Go on by this many steps."""
        order = [self._next_batch() for _ in range(steps)]
        self._run_steps(tf.constant(np.stack(order)))
        self.steps_done += steps

    def snapshot(self) -> FittedHead:
        """Return a copy of where every tag stands."""
        kernel, bias = self.layer.kernel.numpy().copy(), self.layer.bias.numpy().copy()
        return FittedHead(kernel, bias, np.full(len(bias), self.steps_done, dtype=np.int64))

    def _next_batch(self) -> NDArray[np.int32]:
        while len(self._queue) < self._batch_size:
            again = self._random.permutation(self._photos).astype(np.int32)
            self._queue = np.concatenate([self._queue, again])
        batch, self._queue = np.split(self._queue, [self._batch_size])
        return batch

    def _steps(self, order: tf.Tensor) -> None:
        variables = self.layer.trainable_variables
        for step in tf.range(tf.shape(order)[0]):
            rows = order[step]
            with tf.GradientTape() as tape:
                losses = _losses(
                    self.layer(tf.gather(self._features, rows)),
                    tf.gather(self._targets, rows),
                    tf.gather(self._weights, rows),
                )
                loss = tf.reduce_sum(losses) / self._batch_size
            self.optimiser.apply(tape.gradient(loss, variables), variables)


def _losses(logits: tf.Tensor, targets: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
    """Return the weighted cross-entropy of each entry, [n, t]."""
    return tf.nn.sigmoid_cross_entropy_with_logits(labels=targets, logits=logits) * weights
