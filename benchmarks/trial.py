"""Photos of a folder per tag, taught and judged through the commands that anybody uses."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.site import DEFAULT, Unfetched, lay_out, new_site

# What counts as an answer where the network says nothing of any of these tags.
SILENT = "(nothing)"


@dataclass(frozen=True)
class Way:
    """One row of the comparison: a name for people, a backbone, what `retrain` is told besides."""

    title: str
    backbone: str = DEFAULT
    options: tuple[str, ...] = ()
    weights: Path | None = None


@dataclass(frozen=True)
class Result:
    """What a way said of the photos held back in one split, and the seconds of each command."""

    counts: dict[str, dict[str, int]]
    seconds: dict[str, float]
    taught: int

    @property
    def asked(self) -> int:
        """Return the number of photos held back."""
        return sum(sum(row.values()) for row in self.counts.values())

    @property
    def right(self) -> int:
        """Return of how many the true tag had the highest score."""
        return sum(row.get(tag, 0) for tag, row in self.counts.items())

    @property
    def accuracy(self) -> float:
        """Return the share of right answers."""
        return self.right / self.asked


@dataclass(frozen=True)
class Split:
    """Which files teach and which are held back, by tag."""

    taught: dict[str, Sequence[Path]]
    judged: dict[str, Sequence[Path]]


def split(photos: dict[str, list[Path]], taught: int, judged: int | None, seed: int) -> Split:
    """Return `taught` photos of each tag, and of the others all or `judged`, at random.

    Where a tag has too few, a fifth of it is held back.
    """
    random = np.random.default_rng(seed)
    teach: dict[str, Sequence[Path]] = {}
    judge: dict[str, Sequence[Path]] = {}
    for tag, files in photos.items():
        mixed = [files[place] for place in random.permutation(len(files))]
        enough = min(taught, len(files) - max(1, len(files) // 5))
        teach[tag] = mixed[:enough]
        judge[tag] = mixed[enough:][:judged]
    return Split(teach, judge)


def try_way(way: Way, photos: Split) -> Result:
    """Return what came of `import_folder`, `retrain` and `classify` on an empty site.

    A fine-tuned network starts from a site whose head was taught before, as on any site.
    """
    with tempfile.TemporaryDirectory(prefix="eyes-split-") as name:
        teach = lay_out(Path(name) / "teach", photos.taught)
        judge = lay_out(Path(name) / "judge", photos.judged)
        with new_site(way.backbone, way.weights) as site:
            seconds = {"import_folder": site.import_folder(teach)}
            seconds["retrain"], _ = site.retrain()
            if way.options:
                seconds[f"retrain {' '.join(way.options)}"], _ = site.retrain(*way.options)
            seconds["classify"], answers = site.classify(judge)
    taught = sum(len(files) for files in photos.taught.values())
    return Result(count_answers(answers, list(photos.taught)), seconds, taught)


def try_ways(ways: Sequence[Way], splits: Sequence[Split]) -> dict[str, list[Result]]:
    """Return the results of each way by its title, the same splits for all.

    A way whose weights are not here is left out, and standard error says how they come.
    """
    found: dict[str, list[Result]] = {}
    for way in ways:
        for number, photos in enumerate(splits):
            try:
                result = try_way(way, photos)
            except Unfetched as reason:
                print(f"{way.title} is left out. {reason}", file=sys.stderr)
                break
            found.setdefault(way.title, []).append(result)
            print(
                f"{way.title}, split {number}: {result.right} of {result.asked}, {result.seconds}",
                file=sys.stderr,
                flush=True,
            )
    return found


def count_answers(answers: list[dict[str, Any]], tags: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return by true tag how often each tag had the highest score; the folder is the truth."""
    counts: dict[str, Counter[str]] = {tag: Counter() for tag in tags}
    for answer in answers:
        scores = {one["tag"]: one["score"] for one in answer.get("tags", ()) if one["tag"] in tags}
        said = max(scores, key=lambda tag: scores[tag]) if scores else SILENT
        counts[Path(answer["file"]).parent.name][said] += 1
    return {tag: dict(row) for tag, row in counts.items()}


def row_of(title: str, results: Sequence[Result]) -> list[str]:
    """Return a line: title, photos taught, held back, accuracy and its spread, seconds."""
    shares = [result.accuracy for result in results]
    spread = f"{min(shares):.1%} to {max(shares):.1%}" if len(shares) > 1 else ""
    steps = results[0].seconds
    means = {step: statistics.mean(result.seconds[step] for result in results) for step in steps}
    return [
        title,
        str(results[0].taught),
        str(results[0].asked),
        f"**{statistics.mean(shares):.2%}**",
        spread,
        str(len(results)),
        " + ".join(f"{seconds:.0f}" for seconds in means.values()),
    ]


HEAD = (
    "network",
    "taught",
    "held back",
    "right",
    "least to most",
    "splits",
    "seconds: import + retrain (+ fine-tune) + classify",
)


def as_json(results: Sequence[Result]) -> list[dict[str, Any]]:
    """Return the figures of each split."""
    return [
        {
            "accuracy": result.accuracy,
            "right": result.right,
            "asked": result.asked,
            "taught": result.taught,
            "confusion": result.counts,
            "seconds": result.seconds,
        }
        for result in results
    ]


def together(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Return the confusion of all splits, summed."""
    total: dict[str, Counter[str]] = {}
    for result in results:
        for tag, row in result.counts.items():
            total.setdefault(tag, Counter()).update(row)
    return {tag: dict(row) for tag, row in total.items()}
