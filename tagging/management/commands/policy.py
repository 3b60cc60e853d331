"""`manage.py policy`: every number of the loop with its reason, both presets side by side."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from tagging.policy_in_words import as_markdown


class Command(BaseCommand):
    """Print the policy."""

    help = "Print both presets of the policy as Markdown, with the reason of each number."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the page that docs/policy.md holds."""
        self.stdout.write(as_markdown(), ending="")
