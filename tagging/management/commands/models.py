"""`manage.py models list|preview N|promote N|rollback|prune`: which version speaks, and swaps."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from tagging.models import ModelVersion, Promotion
from tagging.registry import live_version, stand_in
from tagging.remarks import remarks_on_networks
from tagging.services.previews import PreviewRefused, preview_version
from tagging.services.pruning import prune_versions
from tagging.services.versions import (
    PromotionRefused,
    promote_by_hand,
    promoted_sentence,
    roll_back,
)

DEEDS = "list|preview N|promote N|rollback|prune"
MOST_ROWS = 20
COLUMNS = ("number", "live", "state", "backbone", "macro-F1", "tags", "created")


class Command(BaseCommand):
    """List the versions of the network, try one out, make one live, go back, or tidy up."""

    help = "List the versions of the network, preview or promote one, roll back, or prune old ones."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the five deeds."""
        deeds = parser.add_subparsers(dest="deed", metavar=DEEDS, required=True)
        deeds.add_parser("list", help="all versions, the newest first; * marks the live one")
        preview = deeds.add_parser("preview", help="what would change if this version went live")
        preview.add_argument("number", metavar="N", type=int)
        promote = deeds.add_parser("promote", help="make this version the live one")
        promote.add_argument("number", metavar="N", type=int)
        promote.add_argument("--reason", default="", help="why; stands on the version's page")
        deeds.add_parser("rollback", help="return to the version that was live before")
        deeds.add_parser("prune", help="remove the files of versions nobody will go back to")

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do what was asked; a refusal ends with status 1 and its reason."""
        try:
            self._do(options)
        except (PromotionRefused, PreviewRefused) as refusal:
            raise CommandError(str(refusal)) from refusal

    def _do(self, options: dict[str, Any]) -> None:
        match options["deed"]:
            case "list":
                self._list()
            case "preview":
                self._preview(find_version(options["number"]))
            case "promote":
                version = find_version(options["number"])
                self._say(promote_by_hand(version=version, reason=options["reason"]))
            case "rollback":
                self._say(roll_back())
            case "prune":
                self._prune()

    def _preview(self, version: ModelVersion) -> None:
        preview = preview_version(version=version)
        self.stdout.write(f"Version {version.number}: {preview.sentence}")
        if preview.unseen:
            self.stdout.write(f"{preview.unseen} photos must be embedded first.")
        for tag, gained, lost in preview.rows[:MOST_ROWS]:
            self.stdout.write(f"  {tag}: +{gained} / −{lost}")

    def _prune(self) -> None:
        pruned = prune_versions()
        for number in sorted(pruned):
            self.stdout.write(f"Removed the files of version {number}.")
        if not pruned:
            self.stdout.write("No version had to be pruned.")

    def _list(self) -> None:
        live = live_version()
        ModelVersion.objects.bootstrap()
        versions = list(ModelVersion.objects.newest())
        rows = [COLUMNS, *(row_of(version, live) for version in versions)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        for row in rows:
            cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            self.stdout.write("  ".join(cells).rstrip())
        for version in versions:
            if version.pruned_at:
                self.stdout.write(
                    f"Version {version.number}: files removed on {version.pruned_at:%Y-%m-%d}"
                )
            elif version.problem:
                self.stdout.write(f"Version {version.number}: {version.problem}")
        instead = stand_in()
        if instead is not None:
            self.stdout.write(f"Version {instead.number} serves instead of the live one.")
        for sentence in remarks_on_networks():
            self.stdout.write(sentence)

    def _say(self, promotion: Promotion) -> None:
        self.stdout.write(f"{promoted_sentence(promotion)} Workers follow with their next job.")


def find_version(number: int) -> ModelVersion:
    """Return the version with this number; raise CommandError that names those there are."""
    if number == 0:
        return ModelVersion.objects.bootstrap()
    version = ModelVersion.objects.filter(number=number).first()
    if version is None:
        known = ModelVersion.objects.order_by("number").values_list("number", flat=True)
        there = ", ".join(map(str, known)) or "0"
        raise CommandError(f"There is no version {number}. There are: {there}.")
    return version


def row_of(version: ModelVersion, live: ModelVersion) -> tuple[str, ...]:
    """Return the cells of one line of the list, in the order of COLUMNS."""
    macro_f1 = version.metrics.get("macro_f1")
    return (
        str(version.number),
        "*" if version == live else "",
        "pruned" if version.is_pruned else str(version.state),
        version.serving_backbone,
        f"{macro_f1:.3f}" if isinstance(macro_f1, float) else "",
        str(len(version.labels)) if not version.is_bootstrap else "",
        f"{version.created_at:%Y-%m-%d %H:%M}",
    )
