"""What fine-tuned networks have learnt from: it must never judge, whatever became of it since."""

from __future__ import annotations

import logging

from training.learning.examples import TRAIN, VALIDATION, read_manifest
from training.models import Tuning

logger = logging.getLogger(__name__)


def sides_in_networks() -> dict[str, str]:
    """Return, by SHA-256, the side on which photos were when they taught a network that is here.

    Groups remember their side. But bytes that were deleted and come back get a new group, while
    the network still knows them.
    """
    sides: dict[str, str] = {}
    for tuning in Tuning.objects.with_network().select_related("dataset"):
        try:
            examples = read_manifest(bytes(tuning.dataset.manifest))
        except ValueError:
            logger.exception("Nobody can say what taught %s.", tuning.backbone)
            continue
        known = zip(examples.photos, examples.sides, strict=True)
        sides |= {photo: side for photo, side in known if side in (TRAIN, VALIDATION)}
    return sides
