"""One fine-tuning, told in order: judge, learn an epoch, judge, note; then the weights."""

from __future__ import annotations

import hashlib
import json
import math
import time
from contextlib import closing
from enum import Enum
from pathlib import Path

import numpy as np

from tagging.backbones.cards import get_card
from tagging.backbones.weights import read_record
from training.learning.fine_tuning.checkpoint import (
    Checkpoint,
    Standing,
    load_checkpoint,
    save_checkpoint,
)
from training.learning.fine_tuning.endings import NO_BETTER_FILE
from training.learning.fine_tuning.feeding import Feeder, Pixels, shuffled_batches
from training.learning.fine_tuning.judging import judged_loss, top1_of
from training.learning.fine_tuning.learner import Learner, batch_for
from training.learning.fine_tuning.photos import PhotoCache
from training.learning.fine_tuning.task import (
    ANSWERS_FILE,
    CHECKPOINT_FOLDER,
    PHOTOS_FILE,
    TASK_FILE,
    TUNED_FILE,
    Answers,
    BrokenTask,
    Point,
    Task,
    add_point,
    cut_history,
    is_finished,
    read_answers,
    read_task,
)
from training.learning.fine_tuning.variations import as_judged, variation_seed, vary

# A line of the history at least this often, and several times an epoch however quick it is.
_SECONDS_BETWEEN_POINTS = 20.0
_POINTS_PER_EPOCH = 5


class Outcome(Enum):
    """How a fine-tuning ended."""

    TUNED = "tuned"
    NO_BETTER = "no better"


class Diverged(RuntimeError):
    """Raised when the loss is not a number any more; the message says what helps."""


def tune(folder: Path, store: Path, devices: list[str]) -> Outcome:
    """Do what the folder says, from wherever an earlier process left it, and return how it ended.

    `devices` comes from `devices.prepare_process`. Raises BrokenTask, BrokenPhotos,
    BackboneUnavailable, ValueError (blocks) and Diverged. The tuned weights are there only when
    everything is done and the network is better than it was.
    """
    if is_finished(folder):
        return Outcome.TUNED
    task, answers = read_task(folder), read_answers(folder)
    with PhotoCache(folder / PHOTOS_FILE) as cache, closing(Feeder()) as feeder:
        _check(task, answers, cache)
        return _Tuning(folder, store, task, answers, cache, feeder, devices).run()


class _Tuning:
    """A task in the hands of one process."""

    def __init__(
        self,
        folder: Path,
        store: Path,
        task: Task,
        answers: Answers,
        cache: PhotoCache,
        feeder: Feeder,
        devices: list[str],
    ) -> None:
        self._folder, self._settings, self._answers = folder, task.settings, answers
        self._cache, self._feeder = cache, feeder
        self._card = get_card(task.base)
        self._learns = np.flatnonzero(~answers.judges)
        self._judges = np.flatnonzero(answers.judges)
        self._fingerprint = _fingerprint(folder, read_record(self._card, store).sha256)
        batch = batch_for(task.settings, len(self._learns), devices)
        self._steps = max(1, len(self._learns) // batch)
        in_all = self._steps * task.settings.epochs
        self._learner = Learner(self._card, store, answers, task.settings, batch, in_all, devices)
        self._clock = _Clock(in_all, task.settings.epochs)

    def run(self) -> Outcome:
        """Learn what is left to learn and return how it ended."""
        checkpoint = self._resume()
        standing, best = checkpoint.standing, checkpoint.best
        while not self._is_over(standing):
            epoch = standing.epoch + 1
            loss = self._learn(epoch)
            judged, top1 = self._judge()
            if not math.isfinite(judged):
                raise Diverged(self._what_helps(epoch))
            better = judged < standing.best_loss
            if better:
                best = self._learner.weights()
            standing = Standing(
                epoch,
                epoch if better else standing.best_epoch,
                judged if better else standing.best_loss,
                standing.probe_loss,
            )
            # The line first: one line too many is cut off again, a missing one would stay missing.
            self._note(epoch, epoch * self._steps, loss, judged, top1, self._is_over(standing))
            weights, state = self._learner.weights(), self._learner.optimiser_state()
            save_checkpoint(
                self._folder / CHECKPOINT_FOLDER,
                Checkpoint(standing, weights, state, best),
                self._fingerprint,
            )
        return self._finish(standing, best)

    def _is_over(self, standing: Standing) -> bool:
        """Return whether nothing more is to be expected.

        While the rate is high the network is worse than the probe it started from, and gets better
        as the rate comes down: patience is counted from the middle of the course at the earliest.
        """
        counted_from = max(standing.best_epoch, self._settings.epochs // 2)
        waited = standing.epoch - counted_from
        return standing.epoch >= self._settings.epochs or waited >= self._settings.patience

    def _resume(self) -> Checkpoint:
        """Return where an earlier process left off, or judge the network as it is."""
        found = load_checkpoint(self._folder / CHECKPOINT_FOLDER, self._fingerprint)
        cut_history(self._folder, found.standing.epoch if found else -1)
        if found:
            self._learner.restore(found.weights, found.optimiser)
            return found
        judged, top1 = self._judge()
        self._note(0, 0, None, judged, top1)
        return Checkpoint(Standing(best_loss=judged, probe_loss=judged))

    def _learn(self, epoch: int) -> float:
        """Learn from every photo once and return the mean loss."""
        random = np.random.default_rng([self._settings.seed, epoch])
        batches = shuffled_batches(self._learns, self._learner.batch, random)
        said, losses, sums = time.monotonic(), [], 0.0
        self._clock.start()
        for number, (rows, pixels) in enumerate(
            self._feeder.batches(batches, lambda row: self._varied(row, epoch)), 1
        ):
            loss = self._learner.step(
                pixels, self._answers.targets[rows], self._answers.weights[rows]
            )
            if not math.isfinite(loss):
                raise Diverged(self._what_helps(epoch))
            self._clock.stepped()
            losses.append(loss)
            sums += loss
            enough = len(losses) * _POINTS_PER_EPOCH >= self._steps
            if number < self._steps and (
                enough or time.monotonic() - said >= _SECONDS_BETWEEN_POINTS
            ):
                done = (epoch - 1) * self._steps + number
                self._note(epoch, done, float(np.mean(losses)))
                said, losses = time.monotonic(), []
        return sums / len(batches)

    def _what_helps(self, epoch: int) -> str:
        return (
            f"The loss was no number any more in epoch {epoch}: fine-tune with a lower rate than "
            f"{self._settings.rate:g}."
        )

    def _judge(self) -> tuple[float, float]:
        """Return the loss and top-1 on the judging photos, read in parts of one size."""
        started = time.monotonic()
        size = self._learner.part
        padded = np.resize(self._judges, math.ceil(len(self._judges) / size) * size)
        parts = self._feeder.batches(list(padded.reshape(-1, size)), self._as_judged)
        logits = np.concatenate([self._learner.logits(pixels) for _, pixels in parts])
        logits = logits[: len(self._judges)]
        self._clock.judged(time.monotonic() - started)
        targets, weights = self._answers.targets[self._judges], self._answers.weights[self._judges]
        return judged_loss(logits, targets, weights), top1_of(logits, targets)

    def _finish(self, standing: Standing, best: list[np.ndarray]) -> Outcome:
        if not standing.best_epoch:
            (self._folder / NO_BETTER_FILE).write_text(
                "Fine-tuning did not help: on the photos that judge, the network as it was "
                f"reaches a loss of {standing.probe_loss:.4f}, which none of {standing.epoch} "
                "epochs got below.\n"
            )
            return Outcome.NO_BETTER
        self._learner.set_weights(best)
        # Keras knows its format by the end of the name.
        part = self._folder / f".part.{TUNED_FILE}"
        self._learner.network.save_weights(part)
        part.replace(self._folder / TUNED_FILE)
        return Outcome.TUNED

    def _note(
        self,
        epoch: int,
        steps: int,
        loss: float | None,
        judged: float | None = None,
        top1: float | None = None,
        over: bool = False,
    ) -> None:
        """Add a line to the history; early stopping makes the last one complete, too."""
        progress = 1.0 if over else steps / (self._steps * self._settings.epochs)
        left = 0.0 if over else self._clock.seconds_left(steps, epoch, judged is not None)
        add_point(self._folder, Point(epoch, progress, left, loss, judged, top1))

    def _varied(self, row: int, epoch: int) -> Pixels:
        random = variation_seed(self._settings.seed, epoch, row)
        photo = self._cache.photo(row)
        return vary(photo, self._card.input_size, self._settings.augmentation, random)

    def _as_judged(self, row: int) -> Pixels:
        return as_judged(self._cache.photo(row), self._card)


class _Clock:
    """Says how long it will take, from what the last steps took."""

    def __init__(self, steps: int, epochs: int) -> None:
        self._steps, self._epochs = steps, epochs
        self._last = 0.0
        self._per_step: float | None = None
        self._per_judgement = 0.0
        self._warm = False

    def start(self) -> None:
        self._last = time.monotonic()

    def stepped(self) -> None:
        """Note that a step is over; the first one traces the graph and tells nothing."""
        now = time.monotonic()
        took, self._last = now - self._last, now
        if not self._warm:
            self._warm = True
        elif self._per_step is None:
            self._per_step = took
        else:
            self._per_step += 0.1 * (took - self._per_step)

    def judged(self, seconds: float) -> None:
        self._per_judgement = seconds

    def seconds_left(self, steps: int, epoch: int, is_judged: bool) -> float | None:
        """Return the seconds until all is done if it is not stopped early; None if unknown yet."""
        if self._per_step is None:
            return None
        judgements = self._epochs - (epoch if is_judged else epoch - 1)
        return (self._steps - steps) * self._per_step + judgements * self._per_judgement


def _fingerprint(folder: Path, weights: str) -> str:
    """Return what a checkpoint must agree with: the task, its answers, its photos, the network."""
    digest = hashlib.sha256(weights.encode())
    digest.update((folder / TASK_FILE).read_bytes())
    with np.load(folder / ANSWERS_FILE) as arrays:
        for name in sorted(arrays.files):
            digest.update(arrays[name].tobytes())
    digest.update(json.dumps((folder / PHOTOS_FILE).stat().st_size).encode())
    return digest.hexdigest()


def _check(task: Task, answers: Answers, cache: PhotoCache) -> None:
    """Raise BrokenTask where the parts of a task do not belong together."""
    card = get_card(task.base)
    photos, tags = len(cache), len(task.tags)
    shapes = {
        "targets": (answers.targets.shape, (photos, tags)),
        "weights": (answers.weights.shape, (photos, tags)),
        "judges": (answers.judges.shape, (photos,)),
        "kernel": (answers.kernel.shape, (card.dimension, tags)),
        "bias": (answers.bias.shape, (tags,)),
    }
    for name, (found, expected) in shapes.items():
        if found != expected:
            raise BrokenTask(f"The {name} of the answers are {found}, expected {expected}.")
    if card.tuned_from:
        raise BrokenTask(f"{card.key} was fine-tuned itself: start from {card.tuned_from}.")
    if answers.judges.all() or not answers.judges.any():
        raise BrokenTask("Some photos have to teach and some others have to judge.")
