"""A dataset version as files that other programs read, with everything that is known of it."""

from training.export.layouts import LAYOUTS
from training.export.service import ExportReport, NothingToExport, export_dataset

__all__ = ["LAYOUTS", "ExportReport", "NothingToExport", "export_dataset"]
