"""From what is known of the photos to what a fine-tuning starts from and learns."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.learning.examples import PRESENT, TRAIN, UNKNOWN, VALIDATION, Examples
from training.learning.fine_tuning.task import Answers
from training.learning.lesson import EVEN, StartingHead, balanced, loss_weights


def answers_to_learn(
    examples: Examples, believed: NDArray[np.bool_], start: StartingHead, unknown_weight: float
) -> Answers:
    """Return what these photos teach, each as it teaches a head, and the head to start from,
    which must not have learnt from the photos that judge (`teach_train_side`).

    `examples` are photos of the train and validation sides in the order of the cache; `believed`
    bool [n, t] marks what the live network takes for present. As in a lesson unknown answers weigh
    a little where they teach and nothing where they judge; every tag has the same mass on each
    side, and no photo of a tag weighs more than one without it (`EVEN`).
    Raises ValueError where a photo of the test side is among them.
    """
    judges = np.isin(np.array(examples.sides, dtype="U10"), [VALIDATION])
    learns = np.isin(np.array(examples.sides, dtype="U10"), [TRAIN])
    if not (judges | learns).all():
        raise ValueError("Photos of the test side must not teach.")
    targets = (examples.answers == PRESENT).astype(np.float32)
    weights = loss_weights(examples.answers, believed, unknown_weight)
    known = weights * (examples.answers != UNKNOWN)
    shared = np.zeros_like(weights)
    shared[learns] = balanced(weights[learns], targets[learns], EVEN)
    shared[judges] = balanced(known[judges], targets[judges], EVEN)
    kernel, bias = start.kernel.astype(np.float32), start.bias.astype(np.float32)
    return Answers(targets, shared, judges, kernel, bias)
