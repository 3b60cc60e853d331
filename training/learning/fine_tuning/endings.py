"""How the process that fine-tunes tells whoever started it how it ended."""

from __future__ import annotations

import signal

REFUSED, NO_BETTER, DISK_FULL = 1, 3, 4
TERMINATED = 128 + signal.SIGTERM

# Says in a sentence with figures why the network as it was stays; in the task's folder.
NO_BETTER_FILE = "no_better.txt"
