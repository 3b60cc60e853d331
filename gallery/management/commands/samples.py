"""Add or remove the sample photos."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from gallery.samples import SamplesUnavailable, add_samples, remove_samples


class Command(BaseCommand):
    help = "Add the bundled sample photos, or remove them without trace."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("action", choices=("add", "remove"))

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        if action == "remove":
            self.stdout.write(f"Removed {remove_samples()} sample photos.")
            return
        try:
            added = add_samples(even_if_used=True)
        except SamplesUnavailable as problem:
            raise CommandError(str(problem)) from None
        self.stdout.write(f"Added {added} sample photos; their tags arrive from the worker.")
