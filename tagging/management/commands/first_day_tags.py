"""`manage.py first_day_tags DIR [--json]`: how often the first-day tag of a photo is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from gallery.imaging import IMAGE_SUFFIXES, UnreadablePhoto, load_rgb
from tagging.backbones.preprocessing import to_network_input
from tagging.engine import BackboneUnavailable, Engine, EngineMismatch
from tagging.registry import open_backbone
from tagging.vocabulary import Vocabulary, class_probabilities, load_vocabulary

_BATCH = 16


@dataclass(frozen=True)
class Miss:
    """A photo whose first shown tag is another one than that of its class, or none."""

    file: str
    expected: str
    got: str | None
    score: float | None


@dataclass
class Verdict:
    """What came out over a whole folder."""

    photos: int = 0
    right: int = 0
    first_tags: set[str] = field(default_factory=set)
    misses: list[Miss] = field(default_factory=list)
    skipped: list[dict[str, str]] = field(default_factory=list)

    @property
    def percent(self) -> float:
        """Return the share of right first tags in per cent, 0 without photos."""
        return 100 * self.right / self.photos if self.photos else 0.0

    def as_json(self) -> str:
        """Return the verdict as one JSON object."""
        return json.dumps(
            {
                "photos": self.photos,
                "right": self.right,
                "percent": round(self.percent, 2),
                "distinct": len(self.first_tags),
                "misses": [asdict(miss) for miss in self.misses],
                "skipped": self.skipped,
            },
            ensure_ascii=False,
        )


class Command(BaseCommand):
    """Judge the bootstrap vocabulary on photos whose ImageNet class stands in their name."""

    help = "Say how often the first-day tag is right on photos named <synset>_<anything>.jpg."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare DIR and --json."""
        parser.add_argument("directory", metavar="DIR", type=Path)
        parser.add_argument("--json", action="store_true", help="print one JSON object instead")

    def handle(self, *_args: Any, directory: Path, **options: Any) -> None:
        """Judge every photo of the folder and print the figure and the misses."""
        if not directory.is_dir():
            raise CommandError(f"{directory} is not a folder.")
        try:
            engine = open_backbone(settings.EYES_BACKBONE)
        except (BackboneUnavailable, EngineMismatch) as error:
            raise CommandError(str(error)) from error
        verdict = _judge(directory, engine, load_vocabulary())
        if not verdict.photos:
            raise CommandError(f"{directory} has no readable photo named <synset>_<anything>.jpg.")
        self.stdout.write(verdict.as_json() if options["json"] else _in_words(verdict))


def _judge(directory: Path, engine: Engine, vocabulary: Vocabulary) -> Verdict:
    """Return how the vocabulary did on all photos right in this folder, in order of their names."""
    head = engine.imagenet_head()
    if head is None:
        raise CommandError(f"{engine.card.title} came without its top: it has no first-day tags.")
    verdict = Verdict()
    for names, pixels in _batches(directory, engine, vocabulary, verdict):
        scores = vocabulary.roll_up(class_probabilities(engine.embed(pixels), head))
        for name, row in zip(names, scores, strict=True):
            _count(verdict, name, row, vocabulary)
    return verdict


def _count(
    verdict: Verdict, name: str, scores: npt.NDArray[np.float32], vocabulary: Vocabulary
) -> None:
    """Add one photo to the verdict: right only where the first shown tag is its class's own."""
    expected = vocabulary.class_tag(_synset(name))
    first = next((picked for picked in vocabulary.pick(scores) if picked.shown), None)
    verdict.photos += 1
    if first is not None:
        verdict.first_tags.add(first.tag)
    if first is not None and first.tag == expected:
        verdict.right += 1
    else:
        got, score = (first.tag, round(first.score, 3)) if first else (None, None)
        verdict.misses.append(Miss(name, expected, got, score))


def _batches(
    directory: Path, engine: Engine, vocabulary: Vocabulary, verdict: Verdict
) -> Iterator[tuple[list[str], npt.NDArray[np.uint8]]]:
    """Yield file names and their pixels, some at a time; note in `verdict` what is left out."""
    files = [path for path in sorted(directory.iterdir()) if path.suffix.lower() in IMAGE_SUFFIXES]
    names: list[str] = []
    pixels: list[npt.NDArray[np.uint8]] = []
    for path in tqdm(files, unit="photo", disable=None, leave=False):
        try:
            if _synset(path.name) not in vocabulary.class_tags:
                raise UnreadablePhoto("Its name does not begin with a known synset.", "name")
            rgb = load_rgb(path, max_pixels=settings.EYES_MAX_PIXELS)
        except UnreadablePhoto as problem:
            verdict.skipped.append({"file": path.name, "reason": str(problem)})
            continue
        names.append(path.name)
        pixels.append(to_network_input(rgb, engine.card))
        if len(names) == _BATCH:
            yield names, np.stack(pixels)
            names, pixels = [], []
    if names:
        yield names, np.stack(pixels)


def _synset(name: str) -> str:
    """Return what stands before the first underscore of a file's name."""
    return name.partition("_")[0]


def _in_words(verdict: Verdict) -> str:
    """Return the figure, then a line per miss and per file left out."""
    lines = [
        f"{verdict.right} of {verdict.photos} first tags are right ({verdict.percent:.1f} %), "
        f"{len(verdict.first_tags)} different ones."
    ]
    for miss in verdict.misses:
        got = "nothing shown" if miss.got is None else f"{miss.got} {miss.score:.2f}"
        lines.append(f"  {miss.file}: expected {miss.expected}, got {got}")
    lines += [f"  {skipped['file']}: left out. {skipped['reason']}" for skipped in verdict.skipped]
    return "\n".join(lines)
