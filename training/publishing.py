"""From a lesson to a published version: a folder that never changes and a row that names it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Max

from tagging import version_files
from tagging.backbones.cards import BackboneCard, get_card
from tagging.head import GoldenOutputs
from tagging.models import ModelVersion, VersionState
from training.learning.gate import GateLine, Outcome, Verdict
from training.learning.lesson import Lesson
from training.learning.metrics import Figures
from training.learning.wording import percent
from training.models import Tuning
from training.snapshot import Snapshot


@dataclass(frozen=True)
class Judged:
    """A lesson with everything that was found out about it."""

    backbone: str
    snapshot: Snapshot
    lesson: Lesson
    golden: GoldenOutputs
    figures: Figures
    live_number: int
    live_figures: Figures
    verdict: Verdict


def publish_version(judged: Judged) -> ModelVersion:
    """Publish the files under the next free number and return the new row, not yet live.

    Raises OSError when the disk refuses; then there is neither a folder nor a row.
    """
    store = Path(settings.EYES_MODELS_STORE)
    number = _next_number(store)
    sha256 = version_files.publish_files(store, number, files_of(judged))
    try:
        return ModelVersion.objects.create(
            number=number,
            backbone=judged.backbone,
            sha256=sha256,
            state=_state_after(judged.verdict),
            labels=list(judged.lesson.head.labels),
            metrics=metrics_of(judged),
            summary=judged.verdict.reason,
        )
    except BaseException:
        # Without its row nobody can ever load the folder.
        shutil.rmtree(store / str(number), ignore_errors=True)
        raise


def files_of(judged: Judged) -> dict[str, bytes]:
    """Return every file of the version by name; none holds a time or the number of a run."""
    head = judged.lesson.head
    thresholds = judged.lesson.thresholds
    return {
        version_files.HEAD: head.to_bytes(),
        version_files.LABELS: _json(list(head.labels)),
        version_files.THRESHOLDS: _json(
            {
                tag: {
                    "show": round(float(head.show[column]), 6),
                    "suggest": round(float(head.suggest[column]), 6),
                    "own": bool(thresholds.is_own[column]),
                }
                for column, tag in enumerate(head.labels)
            }
        ),
        version_files.METRICS: _json(metrics_of(judged)),
        version_files.DATASET: judged.snapshot.manifest.packed,
        version_files.GOLDEN: judged.golden.to_bytes(),
        version_files.CARD: write_card(judged).encode(),
    }


def metrics_of(judged: Judged) -> dict[str, Any]:
    """Return the figures of candidate and live version, the gate in words, and what was taught."""
    examples = judged.snapshot.examples
    sides = ("train", "validation", "test")
    return {
        **judged.figures.as_json(),
        "steps": dict(zip(judged.lesson.head.labels, judged.lesson.steps.tolist(), strict=True)),
        "live": {"version": judged.live_number, **_without_tables(judged.live_figures.as_json())},
        "gate": [
            {
                "name": line.name,
                "passed": line.passed,
                "asks": line.asks,
                "sentence": line.sentence,
            }
            for line in judged.verdict.lines
        ],
        "dataset": {
            "sha256": judged.snapshot.manifest.sha256,
            "photos": len(examples.photos),
            "tags": len(examples.tags),
            **{side: len(examples.rows_on(side)) for side in sides},
        },
        "taught": {
            tag: {"present": present, "absent": examples.count(-1)[tag]}
            for tag, present in examples.count(1).items()
        },
        "missing": judged.snapshot.missing,
    }


def write_card(judged: Judged) -> str:
    """Return the model card: what it is, what it learnt from, how good it is, where it ends."""
    examples, figures = judged.snapshot.examples, judged.figures
    sides = {side: len(examples.rows_on(side)) for side in ("train", "validation", "test")}
    backbone = get_card(judged.backbone)
    lines = [
        "# Model card",
        "",
        f"A linear head of {len(examples.tags)} tags on the {_kind(backbone)} backbone "
        f"{judged.backbone}, taught by the people of this site.",
        "",
        "## Learnt from",
        f"{len(examples.photos)} photos offered by their owners, tags approved by moderators: "
        f"{sides['train']} to learn from, {sides['validation']} to stop on, {sides['test']} to "
        f"judge on. Dataset {judged.snapshot.manifest.sha256}.",
        "",
        "## How good it is",
        f"On the test photos: macro-F1 {percent(figures.macro_f1)}, mean average precision "
        f"{percent(figures.mean_average_precision)}, right first of its world "
        f"{percent(figures.top1)} ({figures.top1_photos} photos).",
        "",
        "| tag | photos | precision | recall | F1 |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {tag.replace('|', chr(92) + '|')} | {each.present} | "
            f"{percent(each.precision)} | {percent(each.recall)} | {percent(each.f1)} |"
            for tag, each in figures.per_tag.items()
        ),
        "",
        f"## Against version {judged.live_number}",
        *(f"- {in_a_word(line)}: {line.sentence}" for line in judged.verdict.lines),
        "",
        "## Where it ends",
        "Figures hold for photos like those it was judged on. A tag that was not curated on a "
        "photo says nothing; words about people's identity are never said by machine.",
        "",
        "## Where it comes from",
        f"{backbone.title}: {backbone.weights_note} Licence of its weights: {backbone.licence}. "
        f"{what_taught_the_network(judged.backbone)}The head above it holds nobody's photo.",
        "",
    ]
    return "\n".join(lines)


def what_taught_the_network(backbone: str) -> str:
    """Return in words which photos a fine-tuned network has learnt from; "" for all others.

    It ends with a space where it says anything.
    """
    if not get_card(backbone).tuned_from:
        return ""
    tuning = Tuning.objects.filter(backbone=backbone).select_related("dataset").first()
    if tuning is None:
        return "It was fine-tuned on photos of which no record is left here. "
    return (
        f"It started from {tuning.base} and was fine-tuned here on {tuning.photos} photos of "
        f"dataset {tuning.dataset.sha256}. So its own numbers come from these photos: who takes "
        "one back is forgotten when it is fine-tuned again without it, from the original network. "
    )


def remove_unfinished(store: Path) -> int:
    """Throw away folders that killed runs left half-written; return how many there were.

    To be called only by the run that holds the only place: nobody else publishes then.
    """
    folders = list(store.glob(f".*{version_files.UNFINISHED}")) if store.is_dir() else []
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return len(folders)


def in_a_word(line: GateLine) -> str:
    """Return whether a line of the gate holds: yes, NO, or ask where a moderator decides."""
    return "yes" if line.passed else "ask" if line.asks else "NO"


def _kind(backbone: BackboneCard) -> str:
    return "fine-tuned" if backbone.tuned_from else "frozen"


def _state_after(verdict: Verdict) -> VersionState:
    is_refused = verdict.outcome is Outcome.REFUSED
    return VersionState.REFUSED if is_refused else VersionState.CANDIDATE


def _next_number(store: Path) -> int:
    """Return a number that neither a row nor a folder has: a folder may have lost its row."""
    highest = ModelVersion.objects.aggregate(highest=Max("number"))["highest"] or 0
    return max(highest, *version_files.published_numbers(store), 0) + 1


def _without_tables(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in figures.items() if key != "confusion"}


def _json(content: object) -> bytes:
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, indent=1)
    return (text + "\n").encode()
