"""Whether the photos that come now are like those that came before, as the live version sees them.

A drift is no fault: people may have gone to the seaside. It says that figures measured on older
photos may no longer hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta

import numpy as np
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from numpy.typing import NDArray

from gallery.models import Image, ImageQuerySet
from gallery.notices import tell_moderators
from tagging.chunks import chunks
from tagging.head import Head
from tagging.models import ModelVersion
from tagging.policy import Policy
from tagging.presets import current_policy
from tagging.registry import check_version
from tagging.services.embeddings import embedding_matrix
from training.learning.stability import LEAST_SCORES, stability_index
from training.models import DriftReading

WEEK = timedelta(days=7)
# Enough that their part of the chance vanishes beside that of a week's photos.
MOST_PHOTOS = 10_000
_CHUNK = 1000


class TooFewPhotos(Exception):
    """Raised for a week of which nothing can be said; the message says how many photos came."""

    def __init__(self, week: date, photos: int, where: str) -> None:
        super().__init__(
            f"Of the week of {week:%Y-%m-%d} nothing can be said: {photos} photos came {where}, "
            f"{LEAST_SCORES} are needed."
        )


def read_drift(*, version: ModelVersion, week: date) -> DriftReading:
    """Measure one week's photos against the library as it stood when the version was taught.

    The reference are photos uploaded before the version was published and before the week began,
    at most 10,000, chosen by hash: not the dataset, since curated photos were chosen to show
    something and would differ from any week; and not a moving window, which would get used to a
    slow drift. Scores are those of the head on stored vectors, pooled over tags and tag by tag.
    The reading of a week is written once and replaced by a second one. Moderators are told of an
    alert, once per version and week. Raises TooFewPhotos and DamagedVersion; version 0 was taught
    nothing here and has no reading: ValueError.
    """
    head = check_version(version)
    if head is None:
        raise ValueError("Version 0 was not taught here; its scores are not calibrated.")
    start = _beginning(week)
    came = photos_of_week(week)
    present = _scores(head, version, came)
    if len(present) < LEAST_SCORES:
        raise TooFewPhotos(week, len(present), "in it")
    before = Image.objects.filter(created_at__lt=min(start, version.created_at))
    reference = _scores(head, version, before)
    if len(reference) < LEAST_SCORES:
        raise TooFewPhotos(week, len(reference), "before it")
    with transaction.atomic():
        reading, _ = DriftReading.objects.update_or_create(
            version=version,
            week=week,
            defaults={
                "photos": len(present),
                "stability_index": round(stability_index(reference.ravel(), present.ravel()), 4),
                "per_tag": {
                    tag: round(stability_index(reference[:, place], present[:, place]), 4)
                    for place, tag in enumerate(head.labels)
                },
            },
        )
        _tell_of_alert(reading, current_policy())
    return reading


def photos_of_week(week: date) -> ImageQuerySet:
    """Return the photos uploaded in the week that begins on this Monday."""
    start = _beginning(week)
    return Image.objects.filter(created_at__gte=start, created_at__lt=_beginning(week + WEEK))


def last_full_week() -> date:
    """Return the Monday of the latest week that is over, by the clocks here."""
    today = timezone.localdate()
    return today - timedelta(days=today.weekday()) - WEEK


def level_of(index: float, policy: Policy) -> str:
    """Return `steady`, `warning` or `alert`."""
    if index >= policy.drift_alert:
        return "alert"
    return "warning" if index >= policy.drift_warning else "steady"


def _beginning(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _scores(head: Head, version: ModelVersion, photos: ImageQuerySet) -> NDArray[np.float32]:
    """Return the head's scores [n, t] of those of these photos that have a vector.

    In the order of SHA-256, which is as good as random and cuts the same photos every time.
    """
    ids = list(photos.order_by("sha256", "pk").values_list("pk", flat=True)[:MOST_PHOTOS])
    parts = [_score_some(head, version, part) for part in chunks(ids, _CHUNK)]
    return np.concatenate([np.empty((0, len(head.labels)), np.float32), *parts])


def _score_some(head: Head, version: ModelVersion, ids: Sequence[int]) -> NDArray[np.float32]:
    found, vectors = embedding_matrix(ids, version.serving_backbone)
    return head.scores(vectors) if found else np.empty((0, len(head.labels)), np.float32)


def _tell_of_alert(reading: DriftReading, policy: Policy) -> None:
    if level_of(reading.stability_index, policy) != "alert":
        return
    number = reading.version.number
    tell_moderators(
        text=(
            f"The photos of the week of {reading.week:%Y-%m-%d} are unlike those that version "
            f"{number} was taught among (stability index {reading.stability_index:.2f}, alert "
            f"from {policy.drift_alert:.2f} on). Its figures may no longer hold: have some of "
            "them reviewed."
        ),
        url=f"{reverse('training:model', args=[number])}#drift-{reading.week:%Y-%m-%d}",
    )
