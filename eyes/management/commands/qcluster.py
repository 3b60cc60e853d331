"""`manage.py qcluster`: django-q2's own command, with a cluster that survives kills."""

from __future__ import annotations

import os
import sys
from typing import Any

from django_q.management.commands import qcluster

from eyes.cluster import run_cluster


class Command(qcluster.Command):  # type: ignore[misc]  # django-q2 has no types
    """Takes the place of the package's command, since this app is listed before it."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop; with --run-once exactly what the package does."""
        if options.get("run_once"):
            super().handle(*args, **options)
            return
        if options.get("cluster_name"):
            os.environ["Q_CLUSTER_NAME"] = options["cluster_name"]
        code = run_cluster()
        if code:
            sys.exit(code)
