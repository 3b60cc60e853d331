"""Contact sheets hold copies of photos: shown while all of these are offered, and not for ever."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q
from django.utils import timezone

from tagging.presets import current_policy
from training.models import Tuning
from training.snapshot import taught_by
from training.tuning.withdrawals import withdrawn


def sheet_of(tuning: Tuning) -> bytes | None:
    """Return the contact sheet, or None where there is none, or none to be shown any more: once a
    photo that taught is no longer offered, it may be one of those on it."""
    if not tuning.contact_sheet or _shows_too_much(tuning):
        return None
    return bytes(tuning.contact_sheet)


def forget_sheets() -> int:
    """Remove the sheets that may not be shown any more, and those of runs that were over
    `tuning_kept_days` ago; return how many that were."""
    limit = timezone.now() - timedelta(days=current_policy().tuning_kept_days)
    with_sheet = Tuning.objects.exclude(Q(contact_sheet=None) | Q(contact_sheet=b""))
    gone = [
        tuning.pk
        for tuning in with_sheet.select_related("run", "dataset")
        if (tuning.run.is_over and tuning.created_at < limit) or _shows_too_much(tuning)
    ]
    return Tuning.objects.filter(pk__in=gone).update(contact_sheet=None)


def _shows_too_much(tuning: Tuning) -> bool:
    try:
        return bool(withdrawn(taught_by(tuning.dataset).photos))
    except ValueError:
        return True  # Nobody can say whose photos are on it.
