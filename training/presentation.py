"""From a version's figures to the tables of its page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# A wider table fits no screen; beyond it the most frequent mistakes say more.
_WIDEST_TABLE = 20
_MOST_PAIRS = 20


@dataclass(frozen=True)
class TagRow:
    """One tag: how many photos taught it, and how it did on the test photos."""

    name: str
    taught: int
    taught_absent: int
    tested: int
    precision: float | None
    recall: float | None
    f1: float | None
    f1_before: float | None

    @property
    def change(self) -> float | None:
        """Return by how much F1 rose, 0.1 for ten points; None for a new tag."""
        if self.f1 is None or self.f1_before is None:
            return None
        return self.f1 - self.f1_before


@dataclass(frozen=True)
class Mistake:
    """A pair of tags that was mixed up, and how often."""

    truth: str
    guess: str
    count: int


@dataclass(frozen=True)
class ConfusionTable:
    """`rows` is (tag, cells) for a table that fits a page, else empty; `mistakes` come sorted."""

    labels: list[str]
    rows: list[tuple[str, list[int]]]
    mistakes: list[Mistake]
    right: int
    photos: int


def tag_rows(metrics: Mapping[str, Any]) -> list[TagRow]:
    """Return a row per tag in alphabetical order; nothing for a version without figures."""
    before = metrics.get("live", {}).get("per_tag", {})
    return [
        TagRow(
            name=name,
            taught=metrics.get("taught", {}).get(name, {}).get("present", 0),
            taught_absent=metrics.get("taught", {}).get(name, {}).get("absent", 0),
            tested=figures["present"],
            precision=figures["precision"],
            recall=figures["recall"],
            f1=figures["f1"],
            # Of a tag that it did not know a version gets nothing right, which is no figure.
            f1_before=before.get(name, {}).get("f1") or None,
        )
        for name, figures in sorted(metrics.get("per_tag", {}).items())
    ]


def confusion_table(metrics: Mapping[str, Any]) -> ConfusionTable | None:
    """Return what was taken for what, or None where no photo had one right answer."""
    confusion = metrics.get("confusion") or {}
    cells = [tuple(cell) for cell in confusion.get("cells", [])]
    if not cells:
        return None
    names = confusion["labels"]
    used = sorted({row for row, _, _ in cells} | {column for _, column, _ in cells})
    count_of = {(row, column): count for row, column, count in cells}
    rows = [(names[row], [count_of.get((row, column), 0) for column in used]) for row in used]
    wrong = [Mistake(names[row], names[column], count)
             for row, column, count in cells if row != column]  # fmt: skip
    return ConfusionTable(
        labels=[names[column] for column in used],
        rows=rows if len(used) <= _WIDEST_TABLE else [],
        mistakes=sorted(wrong, key=lambda each: (-each.count, each.truth))[:_MOST_PAIRS],
        right=sum(count for row, column, count in cells if row == column),
        photos=sum(count for _, _, count in cells),
    )
