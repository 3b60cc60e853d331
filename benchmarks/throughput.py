"""How many photos a second come in and are tagged, and where the time goes.

Two measurements in one run. A folder is imported with every step timed. Then the same photos are
put into the queue of a real worker process (`manage.py qcluster`): taken one by one, and in
micro-batches, in turn; beside that the time from one upload's request to its tags. Run with

    python -m benchmarks.throughput [FOLDER] [--photos N] [--rounds N]

Without FOLDER the photos are made from those that scikit-image ships.
"""

from __future__ import annotations

import argparse
import itertools
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any
from unittest import mock

import numpy as np
from PIL import Image

from benchmarks.setting import ROOT, fresh_installation
from benchmarks.written import WriteUp

PHOTOS, ROUNDS, ALONE = 1000, 3, 15
BATCHES = {"one by one": 1, "micro-batches": 32}
PATIENCE = 600.0
SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".heic"}
# Where the time of an import goes: the name in the table, and the function that is timed.
STEPS = {
    "read and hash": "tagging.importing.FolderImport._read",
    "decode for renditions": "gallery.services.images.read_photo",
    "perceptual hash": "gallery.services.images.dhash16",
    "renditions": "gallery.services.images.render_all",
    "rows and files": "tagging.importing.store_image",
    "folder tags": "tagging.importing.curate_import",
    "decode for the network": "tagging.services.embeddings.decode_for",
    "embed": "tagging.engine.OnnxEngine.embed",
    "vectors and near-duplicates": "tagging.services.embeddings._store",
    "suggestions": "tagging.importing.suggest_tags",
}


@dataclass
class Outcome:
    """What is written down: seconds of work per step, and photos a second per way of tagging."""

    photos: int
    cores: int
    megapixels: float
    import_seconds: float
    steps: dict[str, float]
    drained: dict[str, list[float]] = field(default_factory=dict)
    alone: dict[str, float] = field(default_factory=dict)

    @property
    def ratios(self) -> list[float]:
        """Return, round by round, how many times faster micro-batches are."""
        single, several = (self.drained[name] for name in BATCHES)
        return [b / a for a, b in zip(single, several, strict=True)]


def main() -> None:
    """Measure both, print the page, and write it down where that was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--photos", type=int, default=PHOTOS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    with fresh_installation() as installation:
        folder = installation / "photos"
        gather(options.folder, folder, options.photos)
        outcome = measure_import(folder)
        measure_queue(outcome, options.rounds)
    write_down(outcome)


def write_down(outcome: Outcome) -> None:
    """Write where the time of an import goes, and what the queue gets done."""
    page = WriteUp("throughput", "Throughput", "python -m benchmarks.throughput")
    page.figures |= {**asdict(outcome), "ratios": outcome.ratios}
    work, photos = sum(outcome.steps.values()), outcome.photos
    page.say(f"{photos:,} photos of {outcome.megapixels:.2g} megapixels on average; SQLite.")
    page.section(f"Importing a folder: {photos / outcome.import_seconds:.0f} photos a second")
    page.say(
        f"{outcome.import_seconds:.1f} s in all. Steps run side by side in threads; these are "
        "the seconds that they take together."
    )
    page.table(
        ["step", "seconds", "share", "ms a photo"],
        [
            [name, f"{each:.1f}", f"{each / work:.0%}", f"{each / photos * 1000:.1f}"]
            for name, each in outcome.steps.items()
        ],
    )
    page.section("Uploads through the queue")
    page.say(
        "From the first tagged photo to the empty queue, one worker process; rounds in turn, "
        f"{len(outcome.ratios)} of each."
    )
    rate = {name: statistics.median(outcome.drained[name]) for name in BATCHES}
    page.table(
        ["way", "photos a second", "one upload alone, request to tags"],
        [[name, f"{rate[name]:.0f}", f"{outcome.alone[name]:.0f} ms"] for name in BATCHES],
    )
    single, several = BATCHES
    page.say(
        f"{several.capitalize()} are **{statistics.median(outcome.ratios):.1f} times** as fast as "
        f"{single} ({min(outcome.ratios):.1f} to {max(outcome.ratios):.1f})."
    )
    page.save()


def gather(source: Path | None, target: Path, number: int) -> None:
    """Put so many photos into the target folder: copies from the source, or made ones."""
    target.mkdir()
    if source is not None:
        found = sorted(path for path in source.rglob("*") if path.suffix.lower() in SUFFIXES)
        for position, path in enumerate(found[:: max(len(found) // number, 1)][:number]):
            shutil.copy(path, target / f"{position:05}{path.suffix.lower()}")
        return
    from gallery.samples import SAMPLES, samples_directory

    originals = []
    for sample in SAMPLES:
        with Image.open(samples_directory() / sample.file_name) as opened:
            originals.append(opened.convert("RGB"))
    random = np.random.default_rng(1)
    for position, photo in zip(range(number), itertools.cycle(originals), strict=False):
        different(photo, random).save(target / f"{position:05}.jpg", quality=88)


def different(photo: Image.Image, random: np.random.Generator) -> Image.Image:
    """Return a part of the photo, turned, at 1 megapixel: hardly ever a near-duplicate."""
    share = random.uniform(0.4, 0.7)
    width, height = int(photo.width * share), int(photo.height * share)
    left = int(random.integers(photo.width - width))
    top = int(random.integers(photo.height - height))
    part = photo.crop((left, top, left + width, top + height))
    turned = part.transpose(Image.Transpose(int(random.integers(7))))
    scale = (1e6 / (turned.width * turned.height)) ** 0.5
    return turned.resize((int(turned.width * scale), int(turned.height * scale)))


@contextmanager
def timed(steps: dict[str, str]) -> Iterator[dict[str, float]]:
    """Time these functions while the block runs; yield their seconds by name, over all threads."""
    spent = dict.fromkeys(steps, 0.0)
    lock = Lock()

    def watch(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            started = time.perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                with lock:
                    spent[name] += time.perf_counter() - started

        return watched

    with ExitStack() as stack:
        for name, path in steps.items():
            patcher = mock.patch(path)
            original = patcher.get_original()[0]
            stack.enter_context(mock.patch(path, watch(name, original)))
        yield spent


def measure_import(folder: Path) -> Outcome:
    """Import the folder with every step timed; the network is open before."""
    import tagging.engine  # noqa: F401 - so that its name can be replaced
    from gallery.models import Image as Photo
    from gallery.models import User
    from tagging.classifier import current_classifier
    from tagging.folder_tree import look_through
    from tagging.importing import ImportOptions, import_tree

    current_classifier()
    owner = User.objects.create_user("benchmark")
    options = ImportOptions(owner, "public", True, tags_from_folders=True, curated=False)
    tree = look_through(folder)
    with timed(STEPS) as steps:
        started = time.perf_counter()
        import_tree(tree, root=folder, options=options, advance=lambda done: None)
        seconds = time.perf_counter() - started
    pixels = [width * height for width, height in Photo.objects.values_list("width", "height")]
    return Outcome(
        photos=len(pixels),
        cores=len(os.sched_getaffinity(0)),
        megapixels=statistics.mean(pixels) / 1e6,
        import_seconds=seconds,
        steps=steps,
    )


def measure_queue(outcome: Outcome, rounds: int) -> None:
    """Have a worker process tag all photos, one by one and in micro-batches, in turn."""
    from gallery.models import Image as Photo

    ids = sorted(Photo.objects.values_list("pk", flat=True))
    outcome.drained = {name: [] for name in BATCHES}
    latencies: dict[str, list[float]] = {name: [] for name in BATCHES}
    for _ in range(rounds):
        for name, batch in BATCHES.items():
            forget_everything()
            ask_for(ids)
            with worker_process(batch):
                outcome.drained[name].append(drain(len(ids)))
                latencies[name] += [alone(ids[number]) for number in range(ALONE)]
    for name, seconds in latencies.items():
        outcome.alone[name] = statistics.median(seconds) * 1000


def forget_everything() -> None:
    """Leave the photos as if nobody had looked at them yet."""
    from tagging.models import Content, Suggestion, TaggingRequest, TwinGroup

    for model in (Suggestion, Content, TwinGroup, TaggingRequest):
        model.objects.all().delete()


def ask_for(image_ids: list[int]) -> None:
    """Ask for the tags of these photos as uploads do."""
    from tagging.services.requests import request_tagging

    for image_id in image_ids:
        request_tagging(image_id=image_id)


@contextmanager
def worker_process(batch: int) -> Iterator[None]:
    """Run a job cluster that takes so many photos together."""
    command = [sys.executable, str(ROOT / "manage.py"), "qcluster"]
    with subprocess.Popen(command, env={**os.environ, "EYES_TAGGING_BATCH": str(batch)}) as process:
        try:
            yield
        finally:
            process.terminate()


def drain(photos: int) -> float:
    """Return the photos a second from the first tagged photo to the last finished job."""
    from django_q.models import OrmQ

    from tagging.models import Embedding

    wait_until(lambda: Embedding.objects.exists())
    started, before = time.perf_counter(), Embedding.objects.count()
    wait_until(lambda: not OrmQ.objects.exists())
    return (photos - before) / (time.perf_counter() - started)


def alone(image_id: int) -> float:
    """Return the seconds from one request to its tags, with nothing else to do."""
    from gallery.models import Image as Photo
    from tagging.models import Content, Suggestion, TaggingRequest

    photo = Photo.objects.get(pk=image_id)
    Suggestion.objects.filter(image=photo).delete()
    Content.objects.filter(sha256=photo.sha256).delete()
    started = time.perf_counter()
    ask_for([image_id])
    wait_until(lambda: not TaggingRequest.objects.exists())
    return time.perf_counter() - started


def wait_until(condition: Callable[[], bool]) -> None:
    """Return once the condition holds; give up after ten minutes."""
    deadline = time.perf_counter() + PATIENCE
    while not condition():
        if time.perf_counter() > deadline:
            raise SystemExit("The worker did not finish.")
        time.sleep(0.005)


if __name__ == "__main__":
    main()
