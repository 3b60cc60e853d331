"""What a benchmark found, on the screen and as JSON and Markdown in docs/benchmarks."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.setting import ROOT

FOLDER = ROOT / "docs" / "benchmarks"


@dataclass
class WriteUp:
    """One benchmark's figures: a title, how to run it, tables, and sentences around them.

    `figures` goes into the JSON as it is; the tables are made from the same numbers.
    """

    name: str
    title: str
    command: str
    figures: dict[str, Any] = field(default_factory=dict)
    _parts: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Add a paragraph."""
        self._parts.append(sentence)

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Add a table; every column but the first is aligned to the right."""
        lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
        self._parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))

    def as_markdown(self) -> str:
        """Return the page."""
        machine = f"Measured on {describe_machine()}: `{self.command}`."
        return "\n\n".join([f"# {self.title}", machine, *self._parts]) + "\n"

    def save(self, folder: Path = FOLDER) -> None:
        """Print the page, and write it and the figures into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"command": self.command, "machine": describe_machine(), **self.figures}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (folder / f"{self.name}.json").write_text(text + "\n", encoding="utf-8")
        (folder / f"{self.name}.md").write_text(self.as_markdown(), encoding="utf-8")
        print(self.as_markdown())


def describe_machine() -> str:
    """Return for instance "2 cores of x86_64, no GPU used"."""
    cores = len(os.sched_getaffinity(0))
    return f"{cores} cores of {platform.machine()}, no GPU used"


def confusion_table(
    counts: Mapping[str, Mapping[str, int]],
) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of a confusion matrix; a row is the truth, a column what was said."""
    said = sorted({tag for row in counts.values() for tag in row} | set(counts))
    rows = [[truth, *(str(counts[truth].get(tag, 0)) for tag in said)] for truth in sorted(counts)]
    return ["truth \\ said", *said], rows
