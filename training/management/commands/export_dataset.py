"""`manage.py export_dataset N --format folders|csv|coco --output DIR`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from training.export import LAYOUTS, NothingToExport, export_dataset
from training.export.service import describe_left_out
from training.models import DatasetVersion

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NO_DATASET = 4


class Command(BaseCommand):
    """Exit 0: done. 1: nothing may leave, or the disk failed. 2: usage. 4: no such dataset."""

    help = (
        "Write a dataset version as files for other programs: the photos that are still offered "
        "and public, without metadata, with a manifest and the SHA-256 of every file."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("number", metavar="N", type=int, help="the number of the dataset")
        parser.add_argument("--format", required=True, choices=sorted(LAYOUTS), dest="file_format")
        parser.add_argument(
            "--output", required=True, type=Path, metavar="DIR", help="a new or empty folder"
        )
        parser.add_argument(
            "--include-private",
            action="store_true",
            help="photos that only their owners see as well: for copies that nobody else gets",
        )

    def handle(self, *_args: Any, number: int, output: Path, **options: Any) -> None:
        """Export, print what was left out and why, and end with the status that says it."""
        check_output(output)
        dataset = find_dataset(number)
        try:
            with tqdm(unit=" photos", disable=options["verbosity"] == 0) as bar:

                def show(done: int, total: int) -> None:
                    bar.total = total
                    bar.update(done - bar.n)

                report = export_dataset(
                    dataset=dataset,
                    file_format=options["file_format"],
                    output=output,
                    include_private=options["include_private"],
                    progress=show,
                )
        except (NothingToExport, ValueError) as problem:
            raise CommandError(str(problem), returncode=EXIT_FAILED) from problem
        except OSError as problem:
            raise CommandError(
                f"The export stopped, and nothing of it was kept: {problem}.",
                returncode=EXIT_FAILED,
            ) from problem
        except KeyboardInterrupt:
            self.stderr.write("Stopped. Nothing of it was kept.")
            sys.exit(130)
        self.stdout.write(f"{report.photos} photos of dataset {number} are in {output}.")
        if report.left_out:
            self.stdout.write(f"Left out: {describe_left_out(report.left_out)}.")


def check_output(output: Path) -> None:
    """Raise CommandError, before anything is read, for a folder that cannot be written."""
    if output.is_dir():
        problem = f"{output} is not empty." if any(output.iterdir()) else ""
    elif output.exists() or output.is_symlink():
        problem = f"{output} is not a folder."
    else:
        problem = ""
    folder = output.absolute().parent
    if not folder.is_dir():
        problem = f"There is no folder {folder} to write into."
    elif not os.access(folder, os.W_OK | os.X_OK):
        problem = f"The folder {folder} cannot be written to: permission denied."
    if problem:
        raise CommandError(
            f"{problem} --output names a new or empty folder.", returncode=EXIT_USAGE
        )


def find_dataset(number: int) -> DatasetVersion:
    """Return the dataset of this number; raise CommandError that names those there are."""
    dataset = DatasetVersion.objects.filter(pk=number).first()
    if dataset is not None:
        return dataset
    known = ", ".join(str(pk) for pk in DatasetVersion.objects.values_list("pk", flat=True)[:5])
    there_are = f"The newest are {known}." if known else "There is none yet: retrain makes one."
    raise CommandError(f"There is no dataset {number}. {there_are}", returncode=EXIT_NO_DATASET)
