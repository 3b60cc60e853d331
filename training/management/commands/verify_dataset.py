"""`manage.py verify_dataset N`: could this dataset be had from the database again?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tagging.backbones.cards import UnknownBackbone, get_card
from tagging.presets import current_policy
from tagging.registry import live_backbone
from training.management.commands.export_dataset import find_dataset
from training.models import DatasetVersion
from training.verification import verify_dataset

EXIT_DIFFERENT = 1
EXIT_USAGE = 2


class Command(BaseCommand):
    """Exit 0: a snapshot of now has the same bytes. 1: it differs. 2: usage. 4: no such dataset."""

    help = (
        "Take a snapshot of what people decided, compare it with a stored dataset byte by byte, "
        "and say what differs. Nothing is written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("number", metavar="N", type=int, help="the number of the dataset")
        parser.add_argument(
            "--backbone", metavar="KEY", help="whose embeddings the photos must have"
        )

    def handle(self, *_args: Any, number: int, **options: Any) -> None:
        """Compare, print every difference, and end with the status that says how it went."""
        dataset = find_dataset(number)
        backbone = options["backbone"] or backbone_of(dataset)
        try:
            get_card(backbone)
            verification = verify_dataset(dataset, current_policy(), backbone)
        except UnknownBackbone as error:
            raise CommandError(str(error), returncode=EXIT_USAGE) from error
        except ValueError as error:
            raise CommandError(str(error), returncode=EXIT_DIFFERENT) from error
        if verification.is_identical:
            self.stdout.write(f"Dataset {number} is what the database holds, to the byte.")
            return
        for sentence in verification.differences:
            self.stdout.write(sentence)
        if not verification.is_intact:
            self.stdout.write("The stored manifest is not the one that was stored.")
        raise CommandError(
            f"Dataset {number} differs from what the database holds now.",
            returncode=EXIT_DIFFERENT,
        )


def backbone_of(dataset: DatasetVersion) -> str:
    """Return the backbone of the last run that used this dataset, else the live one."""
    run = dataset.runs.first()
    return run.backbone if run else live_backbone()
