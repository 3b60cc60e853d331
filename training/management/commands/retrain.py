"""`manage.py retrain`: teach the network what people curated, and let it go live if better."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from tagging.backbones.cards import UnknownBackbone, get_card
from tagging.registry import live_backbone
from training.management.tuning_options import add_tuning_options, tuning_wish_of
from training.models import RunState, TrainingRun
from training.options import RetrainOptions
from training.report import RetrainReport
from training.runner import Show, carry_out
from training.services import (
    AlreadyRunning,
    begin_run,
    finish_run,
    request_retraining,
    start_run,
    stop_own_run,
)
from training.tuning.wishes import TuningWish
from training.writing import write_file

EXIT_FAILED = 1
EXIT_NOTHING = 3
STDOUT = "-"


class Command(BaseCommand):
    """Exit 0: promoted, refused with reasons, or left for a moderator to decide; `state` in the
    JSON says which. 3: nothing to learn from. 1: failed."""

    help = "Teach the network what people curated; it goes live by itself if it is better."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options; --run is for the job that the queue hands out."""
        parser.add_argument(
            "--dry-run", action="store_true", help="teach and judge, but keep nothing of it"
        )
        parser.add_argument(
            "--no-promote", action="store_true", help="publish the version without going live"
        )
        parser.add_argument(
            "--backbone",
            metavar="KEY",
            help="the network underneath, instead of that of the live version",
        )
        add_tuning_options(parser)
        parser.add_argument(
            "--queue", action="store_true", help="hand it to the training cluster and return"
        )
        parser.add_argument("--json", metavar="FILE", help="write the report there; - is stdout")
        parser.add_argument("--run", metavar="ID", type=int, help="(for the queue) a waiting run")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Run, print the report, and end with the exit status that says what happened."""
        self.json_path: str | None = options["json"]
        check_backbone(options["backbone"])
        options["tuning"] = tuning_wish_of(options)
        check_writable(self.json_path)
        check_writable(options["contact_sheet"], "contact sheet")
        if options["queue"]:
            self._enqueue(options)
            return
        try:
            with ending_cleanly(), shown_progress(hidden=options["run"] is not None) as show:
                run, wishes = _open_run(options)
                report = carry_out(run, wishes, show)
        except AlreadyRunning as error:
            self._end(RetrainReport(state=RunState.FAILED, reason=str(error)), told=str(error))
        self._end(report, told=report.as_text())

    def _enqueue(self, options: dict[str, Any]) -> None:
        if options["dry_run"] or options["run"]:
            raise CommandError("--queue cannot be combined with --dry-run or --run.")
        if options["contact_sheet"]:
            raise CommandError(
                "--queue cannot be combined with --contact-sheet; the run's page in the admin "
                "shows it."
            )
        tuning: TuningWish | None = options["tuning"]
        run = request_retraining(
            asked_by=None,
            backbone=options["backbone"],
            promote=not options["no_promote"],
            tuning=tuning.as_json() if tuning else None,
        )
        self._write_json({"run": run.pk, "queued": True})
        if self.json_path != STDOUT:
            self.stdout.write(f"Run {run.pk} waits for the training cluster; see /models/.")

    def _end(self, report: RetrainReport, *, told: str) -> NoReturn:
        self._write_json(report.as_json())
        failed = report.state == RunState.FAILED
        stream = self.stderr if failed or self.json_path == STDOUT else self.stdout
        stream.write(told)
        if failed:
            sys.exit(EXIT_FAILED)
        sys.exit(EXIT_NOTHING if report.state == RunState.NOTHING else 0)

    def _write_json(self, content: dict[str, Any]) -> None:
        text = json.dumps(content, ensure_ascii=False, indent=1) + "\n"
        if self.json_path == STDOUT:
            self.stdout.write(text)
        elif self.json_path:
            write_text(self.json_path, text)


def check_backbone(key: str | None) -> None:
    """Raise CommandError that lists the known keys for an unknown one."""
    try:
        get_card(key or live_backbone())
    except UnknownBackbone as error:
        raise CommandError(str(error)) from error


def check_writable(path: str | None, what: str = "report") -> None:
    """Raise CommandError before any work if this file could not be written later."""
    if path in (None, STDOUT):
        return
    folder = Path(path).absolute().parent
    if Path(path).is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise CommandError(f"The {what} cannot be written to {path}.")


def write_text(name: str, text: str) -> None:
    """Write a file whole or not at all."""
    write_file(name, text.encode())


@contextmanager
def shown_progress(*, hidden: bool) -> Iterator[Show]:
    """Give a function that shows a step and its progress as a bar on standard error."""
    layout = "{desc:<46}{percentage:3.0f}%|{bar:24}| {elapsed}"
    with tqdm(total=100, bar_format=layout, disable=hidden, file=sys.stderr, leave=False) as bar:

        def show(step: str, progress: float) -> None:
            bar.set_description_str(step, refresh=False)
            bar.update(round(progress * 100) - bar.n)

        yield show


@contextmanager
def ending_cleanly() -> Iterator[None]:
    """Where the process is asked to stop, end its run in the row instead of just vanishing."""

    def stop(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    is_main = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, stop) if is_main else None
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        stop_own_run()
        raise
    finally:
        if is_main:
            signal.signal(signal.SIGTERM, before)


def _open_run(options: dict[str, Any]) -> tuple[TrainingRun, RetrainOptions]:
    """Return the run that now holds the only place, with its options; raises AlreadyRunning."""
    if options["run"] is None:
        wishes = RetrainOptions(
            dry_run=options["dry_run"],
            promote=not options["no_promote"],
            backbone_was_named=options["backbone"] is not None,
            tuning=options["tuning"],
            contact_sheet=options["contact_sheet"] or "",
        )
        backbone = options["backbone"] or live_backbone()
        return begin_run(backbone=backbone, options=wishes.as_json()), wishes
    run = TrainingRun.objects.filter(pk=options["run"]).first()
    if run is None:
        raise CommandError(f"There is no training run {options['run']}.")
    try:
        run = start_run(run=run)
    except AlreadyRunning as error:
        if TrainingRun.objects.waiting().filter(pk=run.pk).exists():
            finish_run(run=run, state=RunState.FAILED, reason=str(error))
        raise
    return run, RetrainOptions.of(run)
