"""Measurements, one command each."""

import eyes  # noqa: F401 - settles NumPy's threads before NumPy is imported, as for every process
