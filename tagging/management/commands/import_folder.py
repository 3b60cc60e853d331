"""Import a folder of photos."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from gallery.models import User, Visibility
from tagging.backbones.prepare import BackboneUnavailable
from tagging.engine import EngineMismatch
from tagging.folder_tree import look_through
from tagging.importing import ImportOptions, ImportReport, import_tree
from tagging.registry import serving_version


class Command(BaseCommand):
    help = (
        "Import a folder tree of photos. Run it again after an interruption: it goes on where it "
        "stopped and skips what is there. Photos that are there keep their visibility. Hidden "
        "files are left out; every other file that does not come in is listed with its reason."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument(
            "--owner", required=True, metavar="NAME", help="made, without a log-in, if missing"
        )
        parser.add_argument(
            "--tags-from-folders",
            action="store_true",
            help="the name of a photo's own folder becomes its tag (right in DIR: DIR's name)",
        )
        parser.add_argument(
            "--curated",
            action="store_true",
            help="these tags are checked: learn from them, and take each photo as not showing the "
            "other folders' tags",
        )
        parser.add_argument(
            "--visibility", choices=Visibility.values, default=str(Visibility.PUBLIC)
        )
        parser.add_argument(
            "--no-teach", action="store_true", help="the network never learns from these photos"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write the outcome here")

    def handle(self, *args: Any, folder: Path, owner: str, **options: Any) -> None:
        target: Path | None = options["json"]
        check_arguments(folder, target, options)
        open_network()
        chosen = ImportOptions(
            owner=find_or_create_owner(owner),
            visibility=options["visibility"],
            teaches=not options["no_teach"],
            tags_from_folders=options["tags_from_folders"],
            curated=options["curated"],
        )
        tree = look_through(folder)
        # Shown on terminals and in logs alike; `--verbosity 0` is for programs.
        quiet = options["verbosity"] == 0
        try:
            with tqdm(total=len(tree.files), unit=" photos", disable=quiet) as bar:
                report = import_tree(tree, root=folder, options=chosen, advance=bar.update)
        except OSError as problem:
            raise CommandError(
                f"The import stopped: {problem}. Run it again to go on."
            ) from problem
        except KeyboardInterrupt:
            self.stderr.write("Stopped. Run the same command again to go on.")
            sys.exit(130)
        self.describe(report)
        if target is not None:
            write_report(report, target)

    def describe(self, report: ImportReport) -> None:
        """Print the skipped files with their reasons, then the counts."""
        for skipped in report.skipped:
            self.stderr.write(printable(f"Skipped {skipped.file}: {skipped.reason}"))
        self.stdout.write(
            f"{report.imported} imported, {report.already} already here, "
            f"{len(report.skipped)} skipped."
        )


def check_arguments(folder: Path, target: Path | None, options: dict[str, Any]) -> None:
    """Raise CommandError, before anything is written, for what cannot work."""
    if not folder.exists():
        raise CommandError(f"There is no folder {folder}.")
    if not folder.is_dir():
        raise CommandError(f"{folder} is not a folder.")
    if not os.access(folder, os.R_OK | os.X_OK):
        raise CommandError(f"The folder {folder} cannot be read: permission denied.")
    if options["curated"] and not options["tags_from_folders"]:
        raise CommandError("--curated says that folder names are right: add --tags-from-folders.")
    if target is not None and (target.is_dir() or not os.access(target.parent, os.W_OK)):
        raise CommandError(f"The outcome cannot be written to {target}.")


def open_network() -> None:
    """Open the network before the first photo is stored; raise CommandError if it cannot be."""
    try:
        serving_version()
    except (BackboneUnavailable, EngineMismatch) as problem:
        raise CommandError(str(problem)) from problem


def find_or_create_owner(name: str) -> User:
    """Return the person of this name, made without a usable password if there is none."""
    known = User.objects.filter(username=name).first()
    if known is not None:
        return known
    person = User(username=name)
    person.set_unusable_password()
    try:
        person.full_clean()
    except ValidationError as problem:
        reasons = " ".join(problem.messages)
        raise CommandError(f"“{name}” cannot be the name of an owner: {reasons}") from None
    person.save()
    return person


def write_report(report: ImportReport, target: Path) -> None:
    """Write the outcome as JSON in one step, so that a reader never finds half of it."""
    outcome = {
        "imported": report.imported,
        "already": report.already,
        "skipped": [{"file": entry.file, "reason": entry.reason} for entry in report.skipped],
    }
    half = target.with_name(f".{target.name}.{os.getpid()}")
    half.write_text(json.dumps(outcome, indent=2) + "\n", encoding="utf-8")
    os.replace(half, target)  # noqa: PTH105 - the name says that it is atomic


def printable(text: str) -> str:
    """Return the text with the undecodable bytes of file names escaped, as terminals need it."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
