"""What a run has to say at its end: for people as text, for programs as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tagging.previews import Preview
from training.learning.gate import GateLine
from training.learning.metrics import Figures
from training.learning.wording import percent
from training.models import RunState
from training.publishing import in_a_word

TIMED_STEPS = ("snapshot", "train", "evaluate", "publish", "retag")


@dataclass
class RetrainReport:
    """The outcome of one run. `version` is None where none was published."""

    state: RunState
    reason: str
    backbone: str = ""
    version: int | None = None
    dry_run: bool = False
    photos: int = 0
    tags: Sequence[str] = ()
    dataset_sha256: str | None = None
    figures: Figures | None = None
    gate: Sequence[GateLine] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    preview: Preview | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def promoted(self) -> bool:
        """Return whether the new version is live."""
        return self.state == RunState.PROMOTED

    def as_json(self) -> dict[str, Any]:
        """Return what `manage.py retrain --json` writes."""
        figures = self.figures.as_json() if self.figures else {}
        return {
            "version": self.version,
            "promoted": self.promoted,
            "state": str(self.state),
            "reason": self.reason,
            "dry_run": self.dry_run,
            "backbone": self.backbone,
            "dataset": {
                "photos": self.photos,
                "tags": len(self.tags),
                "sha256": self.dataset_sha256,
            },
            "metrics": {
                "macro_f1": figures.get("macro_f1"),
                "top1": figures.get("top1"),
                "map": figures.get("map"),
                "calibration_error": figures.get("calibration_error"),
                "per_tag": figures.get("per_tag", {}),
                "confusion": figures.get("confusion"),
            },
            "gate": [vars(line) for line in self.gate],
            "missing": dict(self.missing),
            "preview": self._preview_json(),
            "seconds": {
                step: round(self.seconds.get(step, 0.0), 3) for step in (*self._steps, "total")
            },
        }

    @property
    def _steps(self) -> tuple[str, ...]:
        """Return the steps of this run: only some teach the network itself."""
        return ("tune", *TIMED_STEPS) if "tune" in self.seconds else TIMED_STEPS

    def _preview_json(self) -> dict[str, Any] | None:
        """Return what the promotion changed, in figures that name nobody; None without one."""
        if self.preview is None:
            return None
        told = ("against", "photos", "gained", "lost", "per_tag", "sentence")
        return {name: getattr(self.preview, name) for name in told}

    def as_text(self) -> str:
        """Return the report for a terminal."""
        parts = [self._dataset_lines(), self._figure_lines(), self._gate_lines()]
        parts += [self._missing_lines(), self._ending_lines()]
        return "\n\n".join("\n".join(lines) for lines in parts if lines)

    def _dataset_lines(self) -> list[str]:
        if not (self.photos and self.tags):
            return []
        return [f"Taught {len(self.tags)} tags on {self.photos} photos with {self.backbone}."]

    def _figure_lines(self) -> list[str]:
        if self.figures is None:
            return []
        figures = self.figures
        width = max(3, *(len(tag) for tag in figures.per_tag))
        lines = [
            f"On {figures.photos} photos it had never seen:",
            f"  {'tag':<{width}}  photos  precision   recall       F1",
        ]
        lines += [
            f"  {tag:<{width}}  {each.present:>6}  {percent(each.precision):>9}"
            f"  {percent(each.recall):>7}  {percent(each.f1):>7}"
            for tag, each in figures.per_tag.items()
        ]
        summary = f"  macro-F1 {percent(figures.macro_f1)}, mean average precision "
        summary += percent(figures.mean_average_precision)
        if figures.top1 is not None:
            summary += f", right first of its world {percent(figures.top1)}"
        return [*lines, summary]

    def _gate_lines(self) -> list[str]:
        return [f"  {in_a_word(line):<3}  {line.sentence}" for line in self.gate]

    def _missing_lines(self) -> list[str]:
        if not self.missing:
            return []
        return ["Not learnable yet:", *(f"  {tag}: {why}" for tag, why in self.missing.items())]

    def _ending_lines(self) -> list[str]:
        spent = ", ".join(
            f"{step} {self.seconds[step]:.1f}" for step in self._steps if step in self.seconds
        )
        total = self.seconds.get("total", 0.0)
        change = [f"It changes {self.preview.sentence}"] if self.preview else []
        return [
            f"{self._headline()} {self.reason}",
            *change,
            f"Seconds: {spent or '–'}; total {total:.1f}.",
        ]

    def _headline(self) -> str:
        if self.dry_run and self.state == RunState.KEPT:
            return "Nothing was kept (dry run)."
        if self.version is None and self.state == RunState.REFUSED:
            return "Nothing was published; the live version stays."
        return {
            RunState.PROMOTED: f"Version {self.version} is live.",
            RunState.REFUSED: f"Version {self.version} was refused; the live one stays.",
            RunState.KEPT: f"Version {self.version} was published and not promoted, as asked.",
            RunState.AWAITING: (
                f"Version {self.version} waits for a moderator, who promotes it in the admin or "
                "leaves the live one."
            ),
            RunState.NOTHING: "There is nothing to learn from.",
            RunState.FAILED: "The run failed; the live version stays.",
        }[self.state]
