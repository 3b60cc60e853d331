"""Make what photos lack that were stored before it was there to be had."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from tqdm import tqdm

from gallery.services.renditions import complete_image, incomplete_images


class Command(BaseCommand):
    help = (
        "Make missing AVIF and JPEG renditions, colours and metadata of photos. One photo at a "
        "time and at a low priority; stopped at any moment, it goes on where it was."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--limit", type=int, default=None, help="so many photos at most")

    def handle(self, *args: Any, limit: int | None, **options: Any) -> None:
        # The ids alone, so that a hundred thousand photos take a megabyte.
        ids = list(incomplete_images().values_list("pk", flat=True)[:limit])
        problems = 0
        for pk in tqdm(ids, unit=" photos", disable=None):
            if problem := complete_image(image_id=pk):
                problems += 1
                self.stderr.write(f"Photo {pk}: {problem}")
        self.stdout.write(f"{len(ids) - problems} photos completed, {problems} left as they are.")
