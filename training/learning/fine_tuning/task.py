"""The folder of one fine-tuning: what is to be done, and what has come of it so far.

It is all that two processes share. The one that knows the database writes it; another one, which
knows only Keras, works in it, may be killed at any moment, and goes on where it was.

task.json           base network, settings, tags
answers.npz         targets, weights, judges and the head to start from (see `Answers`)
photos.bin          every photo once, 256 pixels on the shorter side (see `photos`)
history.jsonl       a line for every step that is worth showing (see `Point`)
checkpoint/         weights, optimizer and place after the last whole epoch
tuned.weights.h5    the best weights; there only when everything is done
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

TASK_FILE = "task.json"
ANSWERS_FILE = "answers.npz"
PHOTOS_FILE = "photos.bin"
HISTORY_FILE = "history.jsonl"
CHECKPOINT_FOLDER = "checkpoint"
TUNED_FILE = "tuned.weights.h5"


class BrokenTask(ValueError):
    """Raised when the folder of a fine-tuning cannot be understood; the message says why."""


@dataclass(frozen=True)
class Augmentation:
    """How photos are varied while they teach. Each can be switched off where it would be wrong:
    a mirrored text or a left hand is another thing.

    `crop` is the least share of the area that is kept, `brightness` and `contrast` the largest
    change as a share, `rotation` the largest turn in degrees either way. 1.0 and 0.0 mean none.
    """

    flip: bool = True
    crop: float = 0.6
    brightness: float = 0.2
    contrast: float = 0.2
    rotation: float = 10.0


@dataclass(frozen=True)
class TuningSettings:
    """How to fine-tune. `blocks` is how many of the top blocks learn, None for all of them.

    `rate` is the highest learning rate, reached after `warm_up` (a share of all steps) and let
    down along a cosine. Batch norm stays as it was throughout (its statistics are those of
    millions of photos). The second half of the run ends after `patience` epochs without a better
    validation loss.
    """

    blocks: int | None = None
    # The published recipe shows each of 3,400 photos six times; of as many a site keeps a third
    # for judging, and nine times bring the same number of steps.
    epochs: int = 9
    batch: int = 32
    rate: float = 2e-4
    warm_up: float = 0.1
    weight_decay: float = 1e-4
    label_smoothing: float = 0.1
    patience: int = 2
    seed: int = 0
    augmentation: Augmentation = Augmentation()

    def as_json(self) -> dict[str, Any]:
        """Return the settings as `of_json` reads them."""
        return asdict(self)

    @classmethod
    def of_json(cls, content: dict[str, Any]) -> TuningSettings:
        """Return the settings that `as_json` wrote; raise BrokenTask for others."""
        try:
            inner = Augmentation(**content["augmentation"])
            known = {one.name for one in fields(cls)} - {"augmentation"}
            return cls(**{name: content[name] for name in known}, augmentation=inner)
        except (KeyError, TypeError) as error:
            raise BrokenTask(f"These are no settings of a fine-tuning: {error}") from error


@dataclass(frozen=True)
class Answers:
    """What the photos show, in the order of the cache: `targets` float32 [n, t] (1 there, 0 not),
    `weights` float32 [n, t] of each entry in the loss, `judges` bool [n] of photos that only say
    when to stop. The head to start from reads raw embeddings: `kernel` float32 [d, t], `bias` [t].
    """

    targets: NDArray[np.float32]
    weights: NDArray[np.float32]
    judges: NDArray[np.bool_]
    kernel: NDArray[np.float32]
    bias: NDArray[np.float32]


@dataclass(frozen=True)
class Point:
    """One line of the history: how far it is and how good.

    `epoch` counts from 1 and is 0 for the network as it was; `progress` is 0 to 1 of everything,
    `seconds_left` an estimate. Losses and `top1` (share of judging photos whose highest score is
    a right tag) are None inside an epoch, where only progress and training loss are known.
    """

    epoch: int
    progress: float
    seconds_left: float | None
    loss: float | None = None
    judged_loss: float | None = None
    top1: float | None = None


@dataclass(frozen=True)
class Task:
    """What is to be done: which network learns which tags, how. `sha256` is that of the dataset."""

    base: str
    tags: tuple[str, ...]
    sha256: str
    settings: TuningSettings

    def as_json(self) -> dict[str, Any]:
        """Return the content of task.json."""
        return {
            "base": self.base,
            "tags": list(self.tags),
            "sha256": self.sha256,
            "settings": self.settings.as_json(),
        }


def write_task(folder: Path, task: Task, answers: Answers) -> None:
    """Write what is to be done into a folder that holds the photos already."""
    part = folder / f".{ANSWERS_FILE}"
    with part.open("wb") as file:
        np.savez(file, **vars(answers))
    part.replace(folder / ANSWERS_FILE)
    part = folder / f".{TASK_FILE}"
    part.write_text(json.dumps(task.as_json(), indent=1, ensure_ascii=False) + "\n")
    part.replace(folder / TASK_FILE)


def read_task(folder: Path) -> Task:
    """Return what is to be done; raise BrokenTask where the folder does not say it."""
    try:
        content = json.loads((folder / TASK_FILE).read_text())
        settings = TuningSettings.of_json(content["settings"])
        return Task(content["base"], tuple(content["tags"]), content["sha256"], settings)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BrokenTask(f"{folder.name} does not say what is to be done: {error}") from error


def read_answers(folder: Path) -> Answers:
    """Return the answers; raise BrokenTask where they cannot be read."""
    try:
        with np.load(folder / ANSWERS_FILE) as arrays:
            return Answers(**{name: arrays[name] for name in arrays.files})
    except (OSError, ValueError, TypeError) as error:
        raise BrokenTask(f"{folder.name} holds no readable answers: {error}") from error


def add_point(folder: Path, point: Point) -> None:
    """Add a line to the history."""
    with (folder / HISTORY_FILE).open("a") as file:
        file.write(json.dumps(asdict(point)) + "\n")


def read_history(folder: Path) -> Iterator[Point]:
    """Yield the points written so far; a line that a kill cut short is passed over."""
    try:
        lines = (folder / HISTORY_FILE).read_text().splitlines()
    except FileNotFoundError:
        return
    for line in lines:
        try:
            yield Point(**json.loads(line))
        except (ValueError, TypeError):
            continue


def cut_history(folder: Path, epoch: int) -> None:
    """Remove what was written after this epoch had ended; -1 removes everything.

    What a killed process did of an epoch is done again, and a curve shall not show it twice.
    """
    kept = [json.dumps(asdict(point)) for point in read_history(folder) if point.epoch <= epoch]
    part = folder / f".{HISTORY_FILE}"
    part.write_text("".join(f"{line}\n" for line in kept))
    part.replace(folder / HISTORY_FILE)


def is_finished(folder: Path) -> bool:
    """Return whether the tuned weights are there."""
    return (folder / TUNED_FILE).is_file()
