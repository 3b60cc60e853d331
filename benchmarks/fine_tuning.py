"""What teaching the network itself is worth, what it costs, and which head reads it best.

FOLDER holds a folder of photos per tag. A fifth of each tag is held back for testing (or JUDGED
gives other photos under the same tags), a sixth of the rest only judges when to stop. Compared on
the held-back photos, in one run: a head on the frozen network, the same head on the served
embedding of the tuned network (the base's top averages beside all of the tuned one's), on the
tuned part alone, the head that learnt together with the network, and flipped views averaged.

    python -m benchmarks.fine_tuning FOLDER [--judged FOLDER] [--store FOLDER] [--work FOLDER]
        [--blocks N] [--epochs N] [--rate R] [--most N]

With --work the folder of the fine-tuning stays, so that a run that was cut short goes on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from benchmarks.setting import fresh_installation
from benchmarks.written import WriteUp
from training.learning.fine_tuning import photos as caching
from training.learning.fine_tuning import task as tasks

KEY = "efficientnet_lite0"
TESTED, JUDGING = 0.2, 1 / 6

Floats = NDArray[np.float32]
Labels = NDArray[np.intp]


@dataclass(frozen=True)
class Material:
    """Paths and tags of the photos that learn, judge and test, as numbers of rows."""

    paths: list[Path]
    labels: Labels
    names: list[str]
    learns: Labels
    judges: Labels
    tests: Labels


def main() -> None:
    """Run the comparison and write it down."""
    wishes = _wishes()
    with fresh_installation() as installation, _work(wishes.work) as work:
        store = wishes.store or installation / "models_store"
        material = gather(wishes.folder, wishes.judged, wishes.most)
        frozen = embed(material.paths, KEY, store, flipped=False)
        fit = fit_head(frozen, material)
        if not tasks.is_finished(work):
            prepare(work, material, fit, _settings(wishes))
        seconds = teach(work, store)
        figures = compare(work, store, material, frozen, fit) | seconds | course(work)
    write_down(figures, material)


def gather(folder: Path, judged: Path | None, most: int | None) -> Material:
    """Return the photos with their sides, at most `most` of each tag."""
    random = np.random.default_rng(0)
    paths, labels, sides = [], [], []
    names = sorted(path.name for path in folder.iterdir() if path.is_dir())
    for tag, name in enumerate(names):
        own = sorted(path for path in (folder / name).iterdir() if path.is_file())
        own = [own[row] for row in random.permutation(len(own))][:most]
        held = 0 if judged else round(TESTED * len(own))
        stops = round(JUDGING * (len(own) - held))
        others = sorted((judged / name).iterdir()) if judged else []
        paths += own + others
        labels += [tag] * (len(own) + len(others))
        sides += ["test"] * held + ["judge"] * stops
        sides += ["learn"] * (len(own) - held - stops) + ["test"] * len(others)
    rows = {side: np.flatnonzero(np.array(sides) == side) for side in ("learn", "judge", "test")}
    return Material(paths, np.array(labels), names, rows["learn"], rows["judge"], rows["test"])


def embed(paths: list[Path], key: str, store: Path, *, flipped: bool) -> Floats:
    """Return float32 [n, d] as the database would hold it, rounded to half precision."""
    from tagging.backbones.cards import get_card
    from tagging.engine import open_engine
    from tagging.services.embeddings import decode_for

    engine, card = open_engine(key, store), get_card(key)
    rows = []
    for start in range(0, len(paths), 32):
        pixels = np.stack([decode_for(card, path) for path in paths[start : start + 32]])
        rows.append(engine.embed(pixels[:, :, ::-1] if flipped else pixels))
    return np.concatenate(rows).astype(np.float16).astype(np.float32)


@dataclass(frozen=True)
class RawHead:
    """A head on embeddings as they are: kernel [d, t] and bias [t]."""

    kernel: Floats
    bias: Floats

    def top1(self, embeddings: Floats, labels: Labels) -> float:
        """Return the share of photos whose highest score is right."""
        return float(((embeddings @ self.kernel + self.bias).argmax(axis=1) == labels).mean())


def fit_head(embeddings: Floats, material: Material) -> RawHead:
    """Return the head that `manage.py retrain` fits, written for embeddings as they are."""
    from training.learning import head as fitting
    from training.learning.features import standardisation, standardise

    taught = np.concatenate([material.learns, material.judges])
    half = embeddings.astype(np.float16)
    mean, scale = standardisation(half[taught])
    features = standardise(half, mean, scale)
    targets = np.eye(len(material.names), dtype=np.float32)[material.labels]

    def task(rows: Labels) -> fitting.Task:
        return fitting.Task(features[rows], targets[rows], np.ones_like(targets[rows]))

    settings = fitting.FitSettings()
    best = fitting.fit_until_best(task(material.learns), task(material.judges), settings)
    final = fitting.fit_for(task(taught), best.steps, settings)
    kernel = (final.kernel / scale[:, None]).astype(np.float32)
    return RawHead(kernel, (final.bias - mean @ kernel).astype(np.float32))


def prepare(work: Path, material: Material, head: RawHead, settings: tasks.TuningSettings) -> None:
    """Write the folder of the fine-tuning: the photos that teach and judge, and the answers."""
    from gallery.imaging import load_rgb
    from tagging.backbones.cards import get_card

    rows = np.concatenate([material.learns, material.judges])
    side = caching.side_for(get_card(KEY))

    def read() -> Iterator[Image.Image]:
        for row in rows:
            yield load_rgb(material.paths[row], max_pixels=100_000_000, enough_side=side)

    if not (work / tasks.PHOTOS_FILE).is_file():
        caching.write_photos(work / tasks.PHOTOS_FILE, read(), side)
    targets = np.eye(len(material.names), dtype=np.float32)[material.labels[rows]]
    judges = np.arange(len(rows)) >= len(material.learns)
    answers = tasks.Answers(targets, np.ones_like(targets), judges, head.kernel, head.bias)
    tasks.write_task(work, tasks.Task(KEY, tuple(material.names), "", settings), answers)


def teach(work: Path, store: Path) -> dict[str, object]:
    """Run the process that fine-tunes and return what it cost; SystemExit where it refused."""
    if tasks.is_finished(work):
        return {"seconds": None, "cost": "The network was fine-tuned in an earlier run."}
    command = [sys.executable, "-m", "training.learning.fine_tuning", str(work)]
    started = time.monotonic()
    done = subprocess.run([*command, "--store", str(store)], stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(done.stdout or f"The fine-tuning ended with {done.returncode}.")
    seconds = round(time.monotonic() - started, 1)
    return {"seconds": seconds, "cost": f"{seconds:.0f} s; {done.stdout.strip()}."}


def compare(
    work: Path, store: Path, material: Material, frozen: Floats, probe: RawHead
) -> dict[str, object]:
    """Return top-1 on the held-back photos of every head, and with flipped views averaged."""
    from tagging.backbones.cards import get_card
    from tagging.backbones.tuned import install_tuned

    base = get_card(KEY)
    key = install_tuned(base, work / tasks.TUNED_FILE, store, "benchmark")
    served = embed(material.paths, key, store, flipped=False)
    mirrored = embed(material.paths, key, store, flipped=True)
    own = slice(base.top_features, None)
    labels, tests = material.labels[material.tests], material.tests
    both = average(served, mirrored)
    frozen_both = average(frozen, embed(material.paths, KEY, store, flipped=True))
    whole = fit_head(served, material)
    top1 = {
        "frozen": probe.top1(frozen[tests], labels),
        "frozen, flipped views averaged": probe.top1(frozen_both[tests], labels),
        "tuned, as served": whole.top1(served[tests], labels),
        "tuned, as served, flipped views averaged": whole.top1(both[tests], labels),
        "tuned, its own part": fit_head(served[:, own], material).top1(
            served[tests][:, own], labels
        ),
    }
    if learnt := head_that_learnt(work):
        top1 |= {
            "tuned, the head that learnt with it": learnt.top1(served[tests][:, own], labels),
            "tuned, that head, flipped views averaged": learnt.top1(both[tests][:, own], labels),
        }
    return {"key": key, "top1": top1, "settings": asdict(tasks.read_task(work).settings)}


def head_that_learnt(work: Path) -> RawHead | None:
    """Return the head at its best epoch; None where only the finished network is here."""
    file = work / tasks.CHECKPOINT_FOLDER / "state.npz"
    if not file.is_file():
        return None
    with np.load(file) as state:
        best = sorted(name for name in state.files if name.startswith("best/"))
        return RawHead(state[best[-2]], state[best[-1]]) if best else None


def average(one: Floats, other: Floats) -> Floats:
    """Return the mean of two views' embeddings, float32."""
    return ((one + other) / 2).astype(np.float32)


def course(work: Path) -> dict[str, object]:
    """Return what the history says of each epoch."""
    points = [asdict(point) for point in tasks.read_history(work) if point.judged_loss is not None]
    return {"epochs": points}


def write_down(figures: dict[str, Any], material: Material) -> None:
    """Write what every head reached, and the course of the epochs."""
    page = WriteUp(
        "fine-tuning", "Teaching the network itself", "python -m benchmarks.fine_tuning FOLDER"
    )
    page.figures |= figures
    frozen = figures["top1"]["frozen"]
    page.say(
        f"{len(material.names)} tags, {len(material.learns)} photos learn, {len(material.judges)} "
        f"judge the epochs, {len(material.tests)} are held back. {figures['cost']}"
    )
    page.table(
        ["head on", "right first, held back", "points against frozen"],
        [
            [name, f"{value:.2%}", f"{(value - frozen) * 100:+.2f}"]
            for name, value in figures["top1"].items()
        ],
    )
    page.table(
        ["epoch", "loss that judges", "right first, of those that judge"],
        [
            [str(each["epoch"]), f"{each['judged_loss']:.3f}", f"{each['top1']:.1%}"]
            for each in figures["epochs"]
        ],
    )
    page.save()


def _settings(wishes: argparse.Namespace) -> tasks.TuningSettings:
    given = {name: getattr(wishes, name) for name in ("blocks", "epochs", "rate")}
    return tasks.TuningSettings(**{name: value for name, value in given.items() if value})


@contextmanager
def _work(wish: Path | None) -> Iterator[Path]:
    if wish:
        wish.mkdir(parents=True, exist_ok=True)
        yield wish
    else:
        with TemporaryDirectory() as folder:
            yield Path(folder)


def _wishes() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    for name in ("judged", "store", "work"):
        parser.add_argument(f"--{name}", type=Path)
    for name in ("blocks", "epochs", "most"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--rate", type=float)
    return parser.parse_args()


if __name__ == "__main__":
    main()
