"""Names of job clusters other than the default one. Pure."""

from __future__ import annotations

from typing import Final

# One worker for what takes long, so that it never delays photos.
TRAINING_CLUSTER: Final = "training"
