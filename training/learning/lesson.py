"""One lesson: from answers and embeddings to a head, told in order."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tagging.head import Head, sigmoid
from tagging.policy import Policy
from training.learning.calibration import Calibration, calibrate
from training.learning.examples import PRESENT, TRAIN, UNKNOWN, VALIDATION, Examples
from training.learning.familiarity import FamiliarityRules, learn_familiarity
from training.learning.features import standardisation, standardise
from training.learning.split import assign_folds
from training.learning.thresholds import ThresholdRules, Thresholds, choose_thresholds

if TYPE_CHECKING:
    from training.learning import head as fitting

# However rare a tag is, its photos weigh at most this much more than the others: beyond it a
# single mislabelled photo would decide.
_MOST_BALANCE = 10.0

# A fine-tuning lifts nothing: lifting makes the few photos of a tag, mistakes among them, pull at
# the whole network, and the head that is fitted on it afterwards is balanced anyway.
EVEN = 1.0

STDERR = 2

Say = Callable[[str, float], None]


@dataclass(frozen=True)
class StartingHead:
    """A head that validation photos have not taught, for raw embeddings: `kernel` float32 [d, t]
    and `bias` [t], not calibrated."""

    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Lesson:
    """What was learnt: the head, after how many steps each tag was best, [t], and how its
    thresholds came to be. `out_of_fold` are calibrated probabilities of train and validation
    photos, [n, t]."""

    head: Head
    steps: NDArray[np.int64]
    thresholds: Thresholds
    calibration: Calibration
    out_of_fold: NDArray[np.float32]


def teach(
    examples: Examples,
    embeddings: NDArray[np.float16],
    believed: NDArray[np.bool_],
    policy: Policy,
    compared: int,
    say: Say = lambda sentence, progress: None,
    *,
    memorised: NDArray[np.bool_] | None = None,
) -> Lesson:
    """Return the lesson learnt from the train and validation sides; the test side is not read.

    `embeddings` is float16 [n, d] and `believed` bool [n, t], both in the order of the examples;
    `believed` marks what the live network takes for present, so that an unknown answer there is
    not learnt as absent. `compared` is how many numbers of an embedding tell photos apart (the
    card's `top_features`). `say` is told each step and how far it is, 0 to 1.

    `memorised`, bool [n], marks photos that taught a fine-tuned network: it has seen their answers,
    so that no fold is new to it. They teach the head like all others, but what a score means and
    where a tag begins to be shown is read from the rest.
    """
    material = _prepare(examples, embeddings, believed, policy, say)
    from training.learning import head as fitting

    known, fit, settings = material.known, material.fit, material.settings
    say("Finding out when to stop", 0.15)
    best = _fit_on_the_train_side(material)

    say("Scoring each part with what the others teach", 0.4)
    logits = _out_of_fold_logits(fit, known, best.steps, policy.folds, settings)
    fresh = slice(None) if memorised is None else ~memorised[material.rows]
    calibration = calibrate(logits[fresh], known.answers[fresh])
    scores = sigmoid(logits * calibration.slope + calibration.offset)
    thresholds = choose_thresholds(scores[fresh], known.answers[fresh], _rules(policy))

    say("Learning from everything but the test side", 0.85)
    final = fitting.fit_for(fit, best.steps, settings)
    head = Head(
        labels=known.tags,
        mean=material.mean,
        scale=material.scale,
        kernel=final.kernel * calibration.slope,
        bias=final.bias * calibration.slope + calibration.offset,
        show=thresholds.show,
        suggest=thresholds.suggest,
        familiarity=learn_familiarity(
            embeddings[material.rows], known.groups, compared, familiarity_rules(policy)
        ),
    )
    return Lesson(head, best.steps, thresholds, calibration, scores)


def teach_train_side(
    examples: Examples,
    embeddings: NDArray[np.float16],
    believed: NDArray[np.bool_],
    policy: Policy,
    say: Say = lambda sentence, progress: None,
) -> StartingHead:
    """Return the head that the train side alone teaches, each tag as it was best on validation.

    The arguments are those of `teach`. It is what a fine-tuning starts from and has to beat on
    validation photos: the head of a whole lesson has learnt from these, and would look better
    there than it is. Its loss is that of the fine-tuning, so it is neither balanced nor calibrated.
    """
    material = _prepare(examples, embeddings, believed, policy, say, most_balance=EVEN)
    say("Learning from the train side", 0.15)
    best = _fit_on_the_train_side(material)
    kernel = best.kernel / material.scale[:, None]
    return StartingHead(kernel, best.bias - material.mean @ kernel)


@contextmanager
def muted_stderr() -> Iterator[None]:
    """Keep from the terminal what libraries print about the machine while they are loaded.

    It is written by their C++ parts, past `sys.stderr`. If loading fails it is shown after all.
    """
    sys.stderr.flush()
    terminal = os.dup(STDERR)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), STDERR)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(terminal, said.read())
            raise
        finally:
            os.dup2(terminal, STDERR)
            os.close(terminal)


def loss_weights(
    answers: NDArray[np.int8], believed: NDArray[np.bool_], unknown_weight: float
) -> NDArray[np.float32]:
    """Return what each entry weighs in the loss, float32 [n, t], before balancing.

    Known answers weigh one. Unknown ones count a little as absent, except where the live network
    itself believes the tag is there: most of those are tags that nobody has confirmed yet.
    """
    unknown = np.where(believed, 0.0, unknown_weight)
    return np.where(answers == UNKNOWN, unknown, 1.0).astype(np.float32)


def balanced(
    weights: NDArray[np.float32], targets: NDArray[np.float32], most: float = _MOST_BALANCE
) -> NDArray[np.float32]:
    """Return the weights with each tag's present and absent entries brought to equal mass.

    The factor stops at `most` either way. Every tag's weights then average to one, so that the
    validation loss is not decided by the tags with the most answers.
    """
    present = (weights * targets).sum(axis=0)
    absent = weights.sum(axis=0) - present
    factor = np.clip(absent / np.maximum(present, 1e-6), 1 / most, most)
    lifted = weights * np.where(targets > 0, factor, 1.0)
    average = lifted.mean(axis=0)
    result: NDArray[np.float32] = (lifted / np.where(average > 0, average, 1.0)).astype(np.float32)
    return result


@dataclass(frozen=True)
class _Material:
    """What the train and validation sides say, standardised, and how a head is fitted to it."""

    rows: NDArray[np.intp]
    known: Examples
    mean: NDArray[np.float32]
    scale: NDArray[np.float32]
    fit: fitting.Task
    judge_weights: NDArray[np.float32]
    settings: fitting.FitSettings


def _prepare(
    examples: Examples,
    embeddings: NDArray[np.float16],
    believed: NDArray[np.bool_],
    policy: Policy,
    say: Say,
    most_balance: float = _MOST_BALANCE,
) -> _Material:
    # Here and not above: nobody who merely imports this room may pay for TensorFlow.
    say("Waking up TensorFlow", 0.0)
    with muted_stderr():
        from training.learning import head as fitting

        fitting.prepare_process()
    rows = examples.rows_on(TRAIN, VALIDATION)
    known = examples.part(rows)
    mean, scale = standardisation(embeddings[rows])
    features = standardise(embeddings[rows], mean, scale)
    targets = (known.answers == PRESENT).astype(np.float32)
    weights = loss_weights(known.answers, believed[rows], policy.unknown_weight)
    return _Material(
        rows=rows,
        known=known,
        mean=mean,
        scale=scale,
        fit=fitting.Task(features, targets, balanced(weights, targets, most_balance)),
        judge_weights=balanced(weights * (known.answers != UNKNOWN), targets, most_balance),
        settings=fitting.FitSettings(curvature=fitting.steepest_curvature(features)),
    )


def _fit_on_the_train_side(material: _Material) -> fitting.FittedHead:
    """Return the head of the train side, each tag as it was best on validation."""
    from training.learning import head as fitting

    learns, judges = material.known.rows_on(TRAIN), material.known.rows_on(VALIDATION)
    judge = fitting.Task(material.fit.features, material.fit.targets, material.judge_weights)
    return fitting.fit_until_best(
        _rows(material.fit, learns), _rows(judge, judges), material.settings
    )


def _out_of_fold_logits(
    fit: fitting.Task,
    known: Examples,
    steps: NDArray[np.int64],
    folds: int,
    settings: fitting.FitSettings,
) -> NDArray[np.float32]:
    """Return logits [n, t] where no photo was scored by a head that saw its group.

    All folds are fitted at once, side by side in one wide layer: outputs do not touch each
    other, so each block is the head of its fold, and the features are read once instead of
    five times.
    """
    from training.learning import head as fitting

    fold_of = np.array(assign_folds(known.groups, folds=folds))
    seen = np.concatenate(
        [fit.weights * (fold_of != fold)[:, None] for fold in range(folds)], axis=1
    )
    wide = fitting.Task(fit.features, np.tile(fit.targets, (1, folds)), seen)
    head = fitting.fit_for(wide, np.tile(steps, folds), settings)
    logits = head.logits(fit.features).reshape(len(fold_of), folds, len(known.tags))
    own: NDArray[np.float32] = logits[np.arange(len(fold_of)), fold_of]
    return own


def _rows(task: fitting.Task, rows: NDArray[np.intp]) -> fitting.Task:
    from training.learning import head as fitting

    return fitting.Task(task.features[rows], task.targets[rows], task.weights[rows])


def _rules(policy: Policy) -> ThresholdRules:
    return ThresholdRules(
        show_precision=policy.show_precision,
        suggest_precision=policy.suggest_precision,
        show_floor=policy.show_floor,
        suggest_floor=policy.suggest_floor,
        least_answers=policy.threshold_answers,
    )


def familiarity_rules(policy: Policy) -> FamiliarityRules:
    """Return the numbers of the policy that say what is unlike anything learnt."""
    return FamiliarityRules(
        anchors=policy.familiar_anchors,
        quantile=policy.familiar_quantile,
        margin=policy.familiar_margin,
    )
