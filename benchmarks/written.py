"""What a benchmark found, on the screen and as JSON and Markdown in docs/benchmarks."""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.setting import ROOT

FOLDER = ROOT / "docs" / "benchmarks"


def as_table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> str:
    """Return a Markdown table; its first columns are texts, the others numbers."""
    marks = ["---" if number < texts else "---:" for number in range(len(head))]
    return "\n".join(f"| {' | '.join(line)} |" for line in [head, marks, *rows])


def describe_machine() -> str:
    """Return what this machine is, for instance "Xeon, 2 cores, avx512_bf16; no GPU; Linux"."""
    from tagging.devices import read_gpus, read_processor

    processor = read_processor()
    gpus = ", ".join(gpu.name for gpu in read_gpus()) or "no GPU"
    features = ", ".join(processor.features) or "no vector extensions that matter"
    return f"{processor.model}, {processor.cores} cores, {features}; {gpus}; {platform.system()}"


@dataclass
class WriteUp:
    """One benchmark's figures: a title, how to run it, tables, and sentences around them.

    `figures` goes into the JSON as it is; the tables are made from the same numbers.
    """

    name: str
    title: str
    command: str
    figures: dict[str, Any] = field(default_factory=dict)
    machine: str = field(default_factory=describe_machine)
    _parts: list[str] = field(default_factory=list)

    def say(self, sentence: str) -> None:
        """Add a paragraph."""
        self._parts.append(sentence)

    def section(self, title: str) -> None:
        """Begin a part of the page."""
        self._parts.append(f"## {title}")

    def table(self, head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1) -> None:
        """Add a table; its first columns are texts, the others are aligned to the right."""
        self._parts.append(as_table(head, rows, texts))

    def as_markdown(self) -> str:
        """Return the page."""
        machine = f"Measured on {self.machine}: `{self.command}`."
        return "\n\n".join([f"# {self.title}", machine, *self._parts]) + "\n"

    def save(self, folder: Path = FOLDER) -> None:
        """Print the page, and write it and the figures into the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"command": self.command, "machine": self.machine, **self.figures}
        text = json.dumps(content, indent=1, ensure_ascii=False)
        (folder / f"{self.name}.json").write_text(text + "\n", encoding="utf-8")
        (folder / f"{self.name}.md").write_text(self.as_markdown(), encoding="utf-8")
        print(self.as_markdown())


def confusion_table(
    counts: Mapping[str, Mapping[str, int]],
) -> tuple[list[str], list[list[str]]]:
    """Return head and rows of a confusion matrix; a row is the truth, a column what was said."""
    said = sorted({tag for row in counts.values() for tag in row} | set(counts))
    rows = [[truth, *(str(counts[truth].get(tag, 0)) for tag in said)] for truth in sorted(counts)]
    return ["truth \\ said", *said], rows
