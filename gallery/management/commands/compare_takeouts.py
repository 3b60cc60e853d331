"""`manage.py compare_takeouts FIRST SECOND`: whether an import brought everything back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gallery.takeout.comparing import differences
from gallery.takeout.reading import DamagedFile, NoTakeout


class Command(BaseCommand):
    help = "Compare two takeouts field by field: one from before an import, one from after it."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the two files."""
        parser.add_argument("first", type=Path)
        parser.add_argument("second", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print every difference; raises CommandError where there is one, or a file is damaged."""
        try:
            found = differences(options["first"], options["second"])
        except (NoTakeout, DamagedFile) as problem:
            raise CommandError(str(problem)) from problem
        for sentence in found:
            self.stdout.write(sentence)
        if found:
            raise CommandError(f"{len(found)} differences.")
        self.stdout.write("Both say the same of the person.")
