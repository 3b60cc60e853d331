"""`manage.py classify PATH... [--json]`: tag files with the live version, without importing."""

from __future__ import annotations

import io
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from PIL import Image as PillowImage

from gallery.imaging import UnreadablePhoto
from tagging.backbones.prepare import BackboneUnavailable
from tagging.classifier import Classifier, current_classifier
from tagging.engine import EngineMismatch
from tagging.speech import ScoredTag

DIGITS = 4


class Command(BaseCommand):
    """Say what the live version sees in photos; nothing is stored."""

    help = "Tag photos with the live version without importing them."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare PATH... and --json."""
        parser.add_argument("paths", metavar="PATH", nargs="+", help="files or folders")
        parser.add_argument(
            "--json", action="store_true", help="nothing on stdout but one JSON object per line"
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Print the tags of every photo, and the speed on standard error at the end."""
        try:
            classifier = current_classifier()
        except (BackboneUnavailable, EngineMismatch) as error:
            raise CommandError(str(error)) from error
        warm_up(classifier)
        photos = unreadable = 0
        started = time.perf_counter()
        for file in files_under(options["paths"]):
            if self._classify(classifier, file, as_json=options["json"]):
                photos += 1
            else:
                unreadable += 1
        seconds = time.perf_counter() - started
        self.stdout.flush()
        speed = photos / seconds if photos else 0.0
        trouble = f", {unreadable} unreadable" if unreadable else ""
        self.stderr.write(f"{photos} photos, {speed:.1f} photos per second{trouble}")

    def _classify(self, classifier: Classifier, file: str, *, as_json: bool) -> bool:
        """Print one line for a file; return whether it was a photo."""
        started = time.perf_counter()
        try:
            (tags,) = classifier.tag(*classifier.embed(Path(file)))
        except UnreadablePhoto as error:
            self._answer(file, {"error": str(error)}, str(error), as_json=as_json)
            return False
        milliseconds = (time.perf_counter() - started) * 1000
        answer = {"tags": [describe(scored) for scored in tags], "ms": round(milliseconds, 2)}
        self._answer(file, answer, in_words(tags), as_json=as_json)
        return True

    def _answer(self, file: str, answer: dict[str, object], words: str, *, as_json: bool) -> None:
        """Print one line, in plain ASCII as JSON, since a file name may be in any encoding."""
        if as_json:
            self.stdout.write(json.dumps({"file": file, **answer}))
        else:
            self.stdout.write(f"{os.fsencode(file).decode(errors='replace')}: {words}")


def warm_up(classifier: Classifier) -> None:
    """Tag a small grey picture, so that no photo pays for what happens only once."""
    grey = io.BytesIO()
    PillowImage.new("RGB", (256, 256), (128, 128, 128)).save(grey, "JPEG")
    classifier.tag(*classifier.embed(grey.getvalue()))


def files_under(paths: Sequence[str]) -> Iterator[str]:
    """Yield files as given and what lies under folders, in alphabetical order, hidden ones aside.

    Each is the given path joined with the relative one. What is no photo comes as well, so that
    nobody has to wonder why a file is missing from the output.
    """
    for path in paths:
        if not Path(path).is_dir():
            yield path
            continue
        for folder, folders, names in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(names):
                if not name.startswith("."):
                    # A Path would drop a leading "./" that the caller gave and looks for.
                    yield os.path.join(folder, name)  # noqa: PTH118


def describe(scored: ScoredTag) -> dict[str, object]:
    """Return one tag as the JSON output names it."""
    return {
        "tag": scored.tag,
        "score": round(scored.score, DIGITS),
        "shown": scored.shown,
        "source": str(scored.source),
    }


def in_words(tags: Sequence[ScoredTag]) -> str:
    """Return for instance `heron 93 %, (bird 41 %)`: in brackets what is only suggested."""
    words = [
        f"{scored.tag} {scored.score:.0%}" if scored.shown else f"({scored.tag} {scored.score:.0%})"
        for scored in tags
        if scored.suggested
    ]
    return ", ".join(words) or "nothing it is sure of"
