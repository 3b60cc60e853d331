"""Names of job clusters other than the default one. Pure."""

from __future__ import annotations

from typing import Final

# One worker for what takes long, so that nobody's photos wait for it; the network learns there too.
LONG_JOBS: Final = "training"
