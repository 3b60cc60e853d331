"""The project: settings, addresses, health, and the program that starts everything."""

import os

# NumPy's products here are small: 0.2 ms on one thread, 1 to 10 ms on two of a busy machine,
# because each waits for the other. It reads this once, when it is first imported.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
