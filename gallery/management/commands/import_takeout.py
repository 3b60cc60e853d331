"""`manage.py import_takeout FILE --owner NAME`: bring a takeout in, however large it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gallery.models import User
from gallery.services.takeout_import import bring_in
from gallery.takeout.reading import NoTakeout

WORDS = {
    "photos": "photos came in",
    "photos_known": "were here already",
    "albums": "new albums",
    "tags": "answers about tags",
    "comments": "comments",
    "searches": "saved searches",
    "refused": "files could not be brought in",
}


class Command(BaseCommand):
    help = "Bring a person's takeout in. Running it again doubles nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file and whose photos they become."""
        parser.add_argument("file", type=Path, help="the zip file of a takeout")
        parser.add_argument("--owner", required=True, help="user name of whose photos they become")

    def handle(self, *args: Any, **options: Any) -> None:
        """Bring it in and print what became of it; raises CommandError with one clear line."""
        person = User.objects.filter(username=options["owner"], is_active=True).first()
        if person is None:
            raise CommandError(f"There is nobody called {options['owner']} here.")
        try:
            report = bring_in(path=options["file"], person=person, note=self.tell)
        except NoTakeout as refusal:
            raise CommandError(str(refusal)) from refusal
        told = [f"{report.numbers[name]} {words}" for name, words in WORDS.items()]
        self.stdout.write(", ".join(told) + ".")
        for problem in report.problems:
            self.stderr.write(problem)

    def tell(self, done: int) -> None:
        """Print how many photos are done, every hundred."""
        if done % 100 == 0:
            self.stdout.write(f"{done} photos …")
