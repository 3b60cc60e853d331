"""What fine-tuned networks have learnt from: it must never judge, whatever became of it since."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.learning.examples import TRAIN, VALIDATION, Examples, read_manifest
from training.models import DatasetVersion, Tuning

logger = logging.getLogger(__name__)


def taught_by(dataset: DatasetVersion) -> Examples:
    """Return the photos of a dataset that teach a network or say when to stop, never those that
    judge it; raises ValueError for a damaged manifest."""
    examples = read_manifest(bytes(dataset.manifest))
    return examples.part(examples.rows_on(TRAIN, VALIDATION))


def sides_in_networks(backbone: str | None = None) -> dict[str, str]:
    """Return, by SHA-256, the side on which photos were when they taught a network that is here,
    or this one.

    Groups remember their side. But bytes that were deleted and come back get a new group, while
    the network still knows them.
    """
    networks = Tuning.objects.with_network().select_related("dataset")
    sides: dict[str, str] = {}
    for tuning in networks.filter(backbone=backbone) if backbone else networks:
        try:
            examples = taught_by(tuning.dataset)
        except ValueError:
            logger.exception("Nobody can say what taught %s.", tuning.backbone)
            continue
        sides |= dict(zip(examples.photos, examples.sides, strict=True))
    return sides


def memorised_by(backbone: str, photos: Sequence[str]) -> NDArray[np.bool_]:
    """Return which of these photos this network has learnt from, bool [n]. Those that only said
    when to stop are none of them."""
    sides = sides_in_networks(backbone)
    return np.array([sides.get(photo) == TRAIN for photo in photos], dtype=np.bool_)
