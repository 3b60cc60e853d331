"""`manage.py fetch_backbone KEY [--from FILE [--sha256 HEX]]`: get a backbone ready to use."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from tqdm import tqdm

from tagging.backbones.cards import CARDS, BackboneCard, UnknownBackbone, get_card
from tagging.backbones.fetch import FetchFailed, fetch_weights
from tagging.backbones.prepare import prepare_backbone, prepared_folder
from tagging.backbones.prepared import HEAD_FILE
from tagging.backbones.weights import BackboneUnavailable, WeightsRecord, read_record


class Command(BaseCommand):
    """Download or copy the weights of a backbone, check their hash, and prepare it."""

    help = "Get the weights of a backbone (checked by hash) and make it ready to use."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare KEY, --from and --sha256."""
        parser.add_argument("key", metavar="KEY", help=f"one of: {', '.join(CARDS)}")
        parser.add_argument(
            "--from", dest="source", metavar="FILE", type=Path, help="copy this file, no download"
        )
        parser.add_argument(
            "--sha256", metavar="HEX", help="accept the file with exactly this fingerprint"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Fetch, prepare, and say what is ready; end with status 1 and one reason otherwise."""
        store: Path = settings.EYES_MODELS_STORE
        try:
            card = get_card(options["key"])
            if card.is_bundled:
                if options["source"] or options["sha256"]:
                    raise FetchFailed(f"{card.key} uses the weights of its package: no options.")
                record = self._prepare_bundled(card, store)
            else:
                record = self._fetch(card, store, options["source"], options["sha256"])
        except (UnknownBackbone, FetchFailed, BackboneUnavailable) as error:
            raise CommandError(str(error)) from error
        self._say_ready(card, store, record)

    def _prepare_bundled(self, card: BackboneCard, store: Path) -> WeightsRecord:
        self.stdout.write(f"The weights of {card.key} came with the package. Preparing it …")
        prepare_backbone(card.key, store)
        return read_record(card, store)

    def _fetch(
        self, card: BackboneCard, store: Path, source: Path | None, sha256: str | None
    ) -> WeightsRecord:
        with tqdm(desc=card.key, unit="B", unit_scale=True, file=sys.stderr, delay=0.1) as bar:

            def count(new_bytes: int, total: int | None) -> None:
                bar.total = total
                bar.update(new_bytes)

            def announce(record: WeightsRecord) -> None:
                bar.close()
                self.stdout.write(f"The file is right ({record.label}). Preparing it …")

            return fetch_weights(
                card, store, source=source, sha256=sha256, on_bytes=count, on_checked=announce
            )

    def _say_ready(self, card: BackboneCard, store: Path, record: WeightsRecord) -> None:
        has_head = (prepared_folder(card.key, store) / HEAD_FILE).is_file()
        first_day = "with" if has_head else "without"
        self.stdout.write(
            self.style.SUCCESS(
                f"{card.title} is ready: {card.dimension} numbers per photo, {first_day} "
                f"first-day tags ({record.label})."
            )
        )
        self.stdout.write(f"Choose it with EYES_BACKBONE={card.key}. Licence: {card.licence}.")
