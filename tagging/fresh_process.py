"""Work that needs a process of its own: started afresh, never forked.

A process forked after its parent ran a network hangs, and only the end of a process gives the
memory of a network back.
"""

from __future__ import annotations

import os
import subprocess
import sys

from django.conf import settings


def run_manage(
    *arguments: str, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `manage.py` to its end and return what it said; `environment` is added to ours."""
    return subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments],
        cwd=settings.BASE_DIR,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
    )
