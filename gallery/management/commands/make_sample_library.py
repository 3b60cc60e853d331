"""Make or remove a large library of synthetic photos, for development and benchmarks."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from gallery.sample_library import LibraryPlan, make_sample_library, remove_sample_library

MOST_PHOTOS = 5_000_000


class Command(BaseCommand):
    help = "Make N synthetic photos with people, tags and conversation, or remove them again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("photos", type=int, nargs="?", metavar="N", help="how many photos")
        parser.add_argument("--remove", action="store_true", help="remove the whole library")
        parser.add_argument("--people", type=int, default=200, help="who they belong to (200)")
        parser.add_argument("--seed", type=int, default=1, help="another number, another library")
        parser.add_argument("--teaches", action="store_true", help="offer them to the network")
        parser.add_argument("--vectors", action="store_true", help="give them embeddings as well")
        parser.add_argument("--yes", action="store_true", help="also on a site that people use")

    def handle(self, *args: Any, photos: int | None, **options: Any) -> None:
        if not (settings.DEBUG or options["yes"]):
            raise CommandError(
                "This is a site for people, not for development (EYES_DEBUG is off). "
                "Add --yes if you mean it."
            )
        if options["remove"]:
            removed = remove_sample_library(told=self._tell)
            self.stdout.write(f"Removed {removed:,} synthetic photos and their people.")
            return
        if photos is None or not 1 <= photos <= MOST_PHOTOS:
            raise CommandError(f"How many photos? A number from 1 to {MOST_PHOTOS:,}.")
        if options["people"] < 2:
            raise CommandError("A library needs two people at least.")
        plan = LibraryPlan(
            photos=photos,
            people=options["people"],
            seed=options["seed"],
            teaches=options["teaches"],
            vectors=options["vectors"],
        )
        made = make_sample_library(plan=plan, told=self._tell)
        self.stdout.write(f"Made {made:,} synthetic photos; `--remove` takes them away again.")

    def _tell(self, done: int) -> None:
        self.stdout.write(f"{done:,} photos", ending="\r" if self.stdout.isatty() else "\n")
        self.stdout.flush()
