"""`manage.py learning_curve`: how accuracy grows with curated photos, and whether it still does."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from tagging.presets import current_policy
from training.curves import NothingToDraw, draw_learning_curve, find_dataset
from training.learning.curve import LEAST_POINT, USUAL_POINTS
from training.learning.enough import answer
from training.learning.wording import percent
from training.management.commands.retrain import (
    EXIT_NOTHING,
    STDOUT,
    check_writable,
    shown_progress,
    write_text,
)
from training.models import LearningCurve


class Command(BaseCommand):
    """Exit 0: drawn and kept. 3: nothing to learn from. 1: failed."""

    help = "Measure accuracy against curated photos per tag: have we labelled enough?"

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        usual = ",".join(map(str, USUAL_POINTS))
        parser.add_argument(
            "--points", type=points_of, default=USUAL_POINTS, metavar="10,20,...",
            help=f"curated photos per tag, besides all there are (usually {usual})",
        )  # fmt: skip
        parser.add_argument("--dataset", type=int, metavar="N", help="instead of the newest")
        parser.add_argument(
            "--json", metavar="FILE", nargs="?", const=STDOUT, help="write it there, or to stdout"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Draw the curve and print it with its answer."""
        path: str | None = options["json"]
        check_writable(path)
        try:
            dataset = find_dataset(options["dataset"])
            with shown_progress(hidden=not sys.stderr.isatty()) as show:
                curve = draw_learning_curve(dataset=dataset, points=options["points"], say=show)
        except NothingToDraw as nothing:
            self._write(path, {"dataset": None, "points": [], "answer": str(nothing)})
            self._tell(path, f"There is nothing to learn from. {nothing}")
            sys.exit(EXIT_NOTHING)
        told = answer(curve.points, current_policy())
        self._write(
            path,
            {
                "dataset": dataset.pk,
                "backbone": curve.backbone,
                "points": curve.points,
                "answer": told,
            },
        )
        self._tell(path, "\n".join([*lines_of(curve), "", told]))

    def _write(self, path: str | None, content: dict[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        if path == STDOUT:
            self.stdout.write(text)
        elif path:
            write_text(path, text)

    def _tell(self, path: str | None, text: str) -> None:
        (self.stderr if path == STDOUT else self.stdout).write(text)


def points_of(text: str) -> tuple[int, ...]:
    """Return the numbers in `10,20,50`; raise ArgumentTypeError that says what is wrong."""
    try:
        numbers = tuple(int(part) for part in text.split(","))
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of whole numbers like 10,20,50"
        ) from None
    if min(numbers) < LEAST_POINT:
        raise argparse.ArgumentTypeError(
            f"{min(numbers)} photos per tag are too few; the least is {LEAST_POINT}"
        )
    return numbers


def lines_of(curve: LearningCurve) -> list[str]:
    """Return the curve as a table for a terminal."""
    tested = curve.points[0]["tested"]
    return [
        f"Learning curve of dataset {curve.dataset_id} with {curve.backbone}, judged on {tested} "
        "photos:",
        "  photos per tag   photos  draws  macro-F1 (least to most)      mAP   top-1",
        *(
            f"  {point['per_tag']:>14.1f}  {point['photos']:>7}  {point['repeats']:>5}"
            f"  {percent(point['macro_f1']):>8} ({percent(point['macro_f1_low'])} to "
            f"{percent(point['macro_f1_high'])})"
            f"  {percent(point['map']):>7}  {percent(point['top1']):>7}"
            for point in curve.points
        ),
    ]
