"""Photos of a folder per tag, taught and judged through the commands that anybody uses."""

from __future__ import annotations

import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.site import DEFAULT, Unfetched, lay_out, new_site
from benchmarks.written import WriteUp, confusion_table

# What counts as an answer where the network says nothing of any of these tags.
SILENT = "(nothing)"


@dataclass(frozen=True)
class Way:
    """A network to be compared: a name for people, a backbone, and where its weights are.

    With `tuning`, the options of a second `retrain`, it is judged frozen and then fine-tuned.
    """

    title: str
    backbone: str = DEFAULT
    tuning: tuple[str, ...] = ()
    weights: Path | None = None


@dataclass(frozen=True)
class Result:
    """What a way said of the photos held back in one split, and the seconds of each command."""

    counts: dict[str, dict[str, int]]
    seconds: dict[str, float]
    taught: int
    peak_mb: float
    report: dict[str, Any]

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

    taught: Mapping[str, Sequence[Path]]
    judged: Mapping[str, Sequence[Path]]


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


def try_way(way: Way, photos: Split) -> dict[str, Result]:
    """Return what came of `import_folder`, `retrain` and `classify` on an empty site, by title.

    Fine-tuning starts from a site whose head was taught before, as on any site.
    """
    taught = sum(len(files) for files in photos.taught.values())
    found: dict[str, Result] = {}
    with tempfile.TemporaryDirectory(prefix="eyes-split-") as name:
        teach = lay_out(Path(name) / "teach", photos.taught)
        judge = lay_out(Path(name) / "judge", photos.judged)
        with new_site(way.backbone, way.weights) as site:
            before = {"import_folder": site.import_folder(teach)}
            for options in [(), way.tuning] if way.tuning else [()]:
                told, report = site.retrain(*options)
                seconds = before | {" ".join(["retrain", *options]): told.seconds}
                before = dict(seconds)
                seconds["classify"], answers = site.classify(judge)
                counts = count_answers(answers, list(photos.taught))
                title = f"{way.title}, {'fine-tuned' if options else 'frozen'}"
                found[title] = Result(counts, seconds, taught, told.peak_mb, report)
    return found


def try_ways(ways: Sequence[Way], splits: Sequence[Split]) -> dict[str, list[Result]]:
    """Return the results of each way by its title, the same splits for all.

    A way whose weights are not here is left out, and standard error says how they come.
    """
    found: dict[str, list[Result]] = {}
    for way in ways:
        for number, photos in enumerate(splits):
            # Minutes per split: the first one is enough to say what fine-tuning is worth.
            once = way if number == 0 else replace(way, tuning=())
            try:
                results = try_way(once, photos)
            except Unfetched as reason:
                print(f"{way.title} is left out. {reason}", file=sys.stderr)
                break
            for title, result in results.items():
                found.setdefault(title, []).append(result)
                print(
                    f"{title}, split {number}: {result.right} of {result.asked}, "
                    f"{result.seconds}, {result.peak_mb:.0f} MB, {result.report['reason']}",
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
        f"{max(result.peak_mb for result in results):.0f}",
    ]


HEAD = (
    "network",
    "taught",
    "held back",
    "right",
    "least to most",
    "splits",
    "seconds: import + retrain (+ fine-tune) + classify",
    "peak MB of the last `retrain`",
)


LESSON_HEAD = (
    "on the test photos of the first lesson",
    "right first",
    "macro-F1",
    "mean average precision",
)


def lesson_row(title: str, result: Result) -> list[str]:
    """Return a line of what the lesson's own test photos said."""
    metrics = result.report["metrics"]
    return [title, *(f"{metrics[name] or 0:.1%}" for name in ("top1", "macro_f1", "map"))]


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
            "peak_mb": result.peak_mb,
            "state": result.report["state"],
            "reason": result.report["reason"],
            "gate": [line["sentence"] for line in result.report["gate"]],
            "lesson_metrics": {
                name: result.report["metrics"][name] for name in ("top1", "macro_f1", "map")
            },
            "lesson_seconds": result.report["seconds"],
        }
        for result in results
    ]


def write_trial(page: WriteUp, found: dict[str, list[Result]]) -> None:
    """Add the table, what the gate said of each fine-tuned network, and the confusions."""
    page.figures["networks"] = {title: as_json(results) for title, results in found.items()}
    page.say(
        "Through `import_folder --curated`, `retrain` and `classify` on photos that were not "
        "imported; right means that the true one of the tags has the highest score."
    )
    page.table(HEAD, [row_of(title, results) for title, results in found.items()])
    page.say(
        "What the lessons themselves held back and judged, of the photos that were imported; "
        "F1 is that of the tags that would be shown."
    )
    page.table(LESSON_HEAD, [lesson_row(title, results[0]) for title, results in found.items()])
    for title, (first, *_) in found.items():
        if "tune" in first.report["seconds"]:
            frozen = found[title.replace("fine-tuned", "frozen")][0].accuracy
            page.say(
                f"{title}: {100 * (first.accuracy - frozen):+.1f} points on the first split. "
                f"The gate: {first.report['reason']}"
            )
    for title, results in found.items():
        page.say(f"What {title} said, all splits together:")
        page.table(*confusion_table(together(results)))


def together(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """Return the confusion of all splits, summed."""
    total: dict[str, Counter[str]] = {}
    for result in results:
        for tag, row in result.counts.items():
            total.setdefault(tag, Counter()).update(row)
    return {tag: dict(row) for tag, row in total.items()}
