"""The network that learns, its head, and what one step of learning is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from tagging.backbones.cards import BackboneCard
from tagging.backbones.networks import load_network
from training.learning.fine_tuning.blocks import learning_layers
from training.learning.fine_tuning.devices import strategy_for
from training.learning.fine_tuning.folding import folded_view
from training.learning.fine_tuning.task import Answers, TuningSettings

Floats = NDArray[np.float32]
Pixels = NDArray[np.uint8]

# A step is done in parts of so many times what the card says a CPU takes at once: with batch norm
# at rest photos do not touch each other, so the sum of the parts is the step, and memory is that
# of a part.
_CPU_PARTS = 2


class Learner:
    """A base network and the head of the linear probe, ready to learn together (LP-FT).

    Kumar et al. (2022): a head that starts at random pulls a good network out of shape before it
    is any use; one that was fitted first does not.
    """

    def __init__(
        self,
        card: BackboneCard,
        store: Path,
        answers: Answers,
        settings: TuningSettings,
        batch: int,
        steps: int,
        devices: list[str],
    ) -> None:
        """Load the network; `batch` comes from `batch_for`, `steps` is how many there are in all.

        Raises BackboneUnavailable, and ValueError for blocks that the network does not have.
        """
        self.strategy = strategy_for(devices)
        self.batch = batch
        on_cpu = devices[0].startswith("/cpu")
        share = batch // len(devices)
        self.part = _divisor(share, card.cpu_batch * _CPU_PARTS) if on_cpu else share
        self._smoothing = settings.label_smoothing
        with self.strategy.scope():
            self.network, _ = load_network(card, store)
            layers = learning_layers(self.network, settings.blocks)
            self._head = keras.layers.Dense(answers.kernel.shape[1], dtype="float32", name="probe")
            self._head.build((None, answers.kernel.shape[0]))
            self._head.set_weights([answers.kernel, answers.bias])
            self._view = folded_view(self.network)
            self._variables = [weight for layer in layers for weight in layer.trainable_weights]
            self._variables += self._head.trainable_weights
            self._optimiser = _optimiser(settings, steps)
            self._optimiser.build(self._variables)
        self._run = tf.function(self._distributed_step, autograph=False)
        self._score = tf.function(self._logits, autograph=False)

    def step(self, pixels: Pixels, targets: Floats, weights: Floats) -> float:
        """Learn from one batch (uint8 [batch, s, s, 3], float32 [batch, t] twice); return its
        loss: weighted cross-entropy with smoothed targets, summed over tags, per photo."""
        loss: tf.Tensor = self._run(
            *(self._shared_out(part) for part in (pixels, targets, weights))
        )
        return float(loss.numpy())

    def logits(self, pixels: Pixels) -> Floats:
        """Return float32 [n, t] for uint8 [n, s, s, 3]; one trace per n."""
        result: Floats = self._score(tf.constant(pixels)).numpy()
        return result

    def weights(self) -> list[NDArray[Any]]:
        """Return copies of everything that learns, the head last."""
        return [variable.numpy().copy() for variable in self._variables]

    def optimiser_state(self) -> list[NDArray[Any]]:
        """Return copies of the optimiser's own numbers, its count of steps among them."""
        return [np.array(variable.numpy()) for variable in self._optimiser.variables]

    def restore(self, weights: list[NDArray[Any]], optimiser: list[NDArray[Any]]) -> None:
        """Go back to where these copies were taken."""
        self.set_weights(weights)
        for variable, value in zip(self._optimiser.variables, optimiser, strict=True):
            variable.assign(value)

    def set_weights(self, weights: list[NDArray[Any]]) -> None:
        """Take these copies for what learns."""
        for variable, value in zip(self._variables, weights, strict=True):
            variable.assign(value)

    def _shared_out(self, values: NDArray[Any]) -> Any:
        """Return a batch with each device's share on that device."""
        replicas = self.strategy.num_replicas_in_sync
        share = len(values) // replicas

        def own(context: tf.distribute.ValueContext) -> tf.Tensor:
            start = context.replica_id_in_sync_group * share
            return tf.constant(values[start : start + share])

        return self.strategy.experimental_distribute_values_from_function(own)

    def _distributed_step(self, pixels: Any, targets: Any, weights: Any) -> tf.Tensor:
        losses = self.strategy.run(self._replica_step, args=(pixels, targets, weights))
        return self.strategy.reduce(tf.distribute.ReduceOp.SUM, losses, axis=None)

    def _replica_step(self, pixels: Any, targets: Any, weights: Any) -> tf.Tensor:
        """Learn from one device's share; gradients of all devices are summed by the optimiser."""
        share = pixels.shape[0]
        loss, gradients = self._gradients(
            pixels[: self.part], targets[: self.part], weights[: self.part]
        )
        if share > self.part:

            def more(start: Any, loss: Any, *sums: Any) -> tuple[Any, ...]:
                rows = slice(start, start + self.part)
                more_loss, parts = self._gradients(pixels[rows], targets[rows], weights[rows])
                sums = tuple(one + other for one, other in zip(sums, parts, strict=True))
                return (start + self.part, loss + more_loss, *sums)

            _, loss, *gradients = tf.while_loop(
                lambda start, *_: start < share,
                more,
                (tf.constant(self.part), loss, *gradients),
                parallel_iterations=1,
            )
        self._optimiser.apply(gradients, self._variables)
        return loss

    def _gradients(self, pixels: Any, targets: Any, weights: Any) -> tuple[tf.Tensor, list[Any]]:
        pixels = tf.ensure_shape(pixels, (self.part, *self._view.input_shape[1:]))
        values = [variable.value for variable in self._variables]
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            smooth = targets * (1 - self._smoothing) + self._smoothing / 2
            losses = tf.nn.sigmoid_cross_entropy_with_logits(
                labels=smooth, logits=self._logits(pixels)
            )
            loss = tf.reduce_sum(losses * weights) / self.batch
        return loss, tape.gradient(loss, values)

    def _logits(self, pixels: Any) -> tf.Tensor:
        # training=False: dropout rests too; photos are varied instead.
        return self._head(tf.cast(self._view(pixels, training=False), tf.float32))


def _optimiser(settings: TuningSettings, steps: int) -> keras.optimizers.Optimizer:
    """Return AdamW whose rate climbs to `rate` and comes down along a cosine to nothing."""
    climb = max(1, round(settings.warm_up * steps))
    rate = keras.optimizers.schedules.CosineDecay(
        settings.rate / climb,
        decay_steps=max(1, steps - climb),
        warmup_target=settings.rate,
        warmup_steps=climb,
    )
    optimiser = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
    optimiser.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimiser


def batch_for(settings: TuningSettings, photos: int, devices: list[str]) -> int:
    """Return how many photos make a step: no more than teach, the same share for every device."""
    return max(1, round(min(settings.batch, photos) / len(devices))) * len(devices)


def _divisor(number: int, at_most: int) -> int:
    """Return the largest whole part of a number that is not above `at_most`."""
    return max(part for part in range(1, min(number, at_most) + 1) if number % part == 0)
