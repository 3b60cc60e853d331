"""`manage.py embed --backbone KEY | --status | --forget KEY`: embedding spaces side by side."""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from tagging.models import EmbeddingSpace
from tagging.services.embeddings import photos_without_vector
from tagging.services.spaces import (
    NICENESS,
    SpaceRefused,
    fill_slice,
    forget_space,
    wish_space,
)
from tagging.spaces import Space, all_spaces, space_of

COLUMNS = ("backbone", "photos done", "%", "MB", "role", "state")
EXIT_STOPPED = 130


class Command(BaseCommand):
    """Fill the space of another backbone, see how far that is, or forget one nobody reads."""

    help = (
        "Compute the vectors of another backbone for the whole library, in the background, so that "
        "a version which reads them can go live; see how far that is, or forget them."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the deeds, of which exactly one is done; --slice is for the job of the queue."""
        deeds = parser.add_mutually_exclusive_group(required=True)
        deeds.add_argument("--backbone", metavar="KEY", help="fill the space of this backbone")
        deeds.add_argument("--status", action="store_true", help="how full each space is")
        deeds.add_argument("--forget", metavar="KEY", help="delete the vectors of this backbone")
        deeds.add_argument("--slice", metavar="ID", type=int, help="(for the queue) go on a while")
        parser.add_argument(
            "--now", action="store_true", help="with --backbone: work here, with a progress bar"
        )
        parser.add_argument("--json", action="store_true", help="with --status: for scripts")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what was asked; a refusal ends with status 1 and its reason."""
        if options["now"] and not options["backbone"]:
            raise CommandError("--now goes with --backbone KEY.")
        if options["json"] and not options["status"]:
            raise CommandError("--json goes with --status.")
        try:
            if options["status"]:
                self._tell_status(as_json=options["json"])
            elif options["forget"]:
                self._forget(options["forget"])
            elif options["slice"]:
                self._go_on(options["slice"])
            elif options["now"]:
                self._fill_now(options["backbone"])
            else:
                self._ask_for(options["backbone"])
        except SpaceRefused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _ask_for(self, backbone: str) -> None:
        wish_space(backbone=backbone)
        missing = photos_without_vector(backbone).count()
        self.stdout.write(
            f"{missing} photos have no vector of {backbone} yet. The training cluster computes "
            "them in the background; `manage.py embed --status` says how far it is."
        )

    def _fill_now(self, backbone: str) -> None:
        space = wish_space(backbone=backbone, enqueue=False)
        os.nice(NICENESS)
        total = photos_without_vector(backbone).count()
        try:
            with tqdm(total=total, unit=" photos", disable=None, file=sys.stderr) as bar:
                is_full = fill_slice(space=space, seconds=None, progress=bar.update)
        except KeyboardInterrupt:
            self.stderr.write("Stopped. The background goes on within the hour, or run it again.")
            sys.exit(EXIT_STOPPED)
        if not is_full:
            raise CommandError(space.problem)
        self.stdout.write(in_a_line(space_of(backbone)))

    def _go_on(self, space_id: int) -> None:
        space = EmbeddingSpace.objects.waiting().filter(pk=space_id).first()
        if space is None:
            self.stdout.write(f"Embedding space {space_id} does not wait any more.")
            return
        os.nice(NICENESS)
        fill_slice(space=space)
        self.stdout.write(in_a_line(space_of(space.backbone)))

    def _forget(self, backbone: str) -> None:
        before = space_of(backbone)
        if not before.vectors and before.wish is None:
            raise CommandError(f"There is no vector of {backbone} here.")
        with tqdm(total=before.vectors, unit=" vectors", disable=None, file=sys.stderr) as bar:
            deleted = forget_space(backbone=backbone, progress=bar.update)
        size = "" if before.megabytes is None else f", about {before.megabytes:,} MB,"
        self.stdout.write(
            f"{deleted:,} vectors of {backbone}{size} are forgotten. The database uses the room "
            "again; its file does not become smaller by itself."
        )

    def _tell_status(self, *, as_json: bool) -> None:
        spaces = all_spaces()
        if as_json:
            self.stdout.write(json.dumps([space.as_json() for space in spaces], indent=1))
            return
        rows = [COLUMNS, *(row_of(space) for space in spaces)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())


def row_of(space: Space) -> tuple[str, ...]:
    """Return the cells of one line of the status, in the order of COLUMNS."""
    size = "" if space.megabytes is None else f"{space.megabytes:,}"
    role = "live" if space.is_live else "kept" if space.kept else ""
    done = f"{space.done:,} of {space.photos:,}"
    return space.backbone, done, str(space.percent), size, role, space.state


def in_a_line(space: Space) -> str:
    """Return how full a space is, as a sentence."""
    done = f"{space.done:,} of {space.photos:,} photos"
    return f"{done} have a vector of {space.backbone}: {space.state}."
