"""What this room announces. It knows nobody who listens; sent after the commit."""

from __future__ import annotations

from django.dispatch import Signal

# The live version has spoken about every photo. No arguments.
library_retagged = Signal()
