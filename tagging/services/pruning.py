"""Removing the files of versions that nobody will go back to. Their rows and figures stay."""

from __future__ import annotations

import logging
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from tagging.backbones.cards import get_card
from tagging.backbones.tuned import remove_tuned
from tagging.models import Embedding, EmbeddingSpace, ModelVersion, VersionState
from tagging.models.network import BOOTSTRAP_NUMBER
from tagging.presets import current_policy
from tagging.registry import standing_versions
from tagging.services.versions import hold_promotions
from tagging.signals import versions_pruned
from tagging.version_files import remove_files

logger = logging.getLogger(__name__)

_VECTORS_AT_ONCE = 500


def prune_versions() -> list[int]:
    """Remove the files of older versions; return the numbers of those that lost theirs now.

    Kept are the newest `versions_kept` versions with files, whatever the gate said of them, the
    live one, and the one that a roll-back would return to. Further steps back lead to what is
    left, in the end to version 0, which has no files. A version is marked as pruned before its
    files go: killed in between, the next call finishes, and nobody promotes it meanwhile.
    """
    older = _with_files()[current_policy().versions_kept :]
    pruned = [version.number for version in older if _mark_pruned(version)]
    _remove_marked_files()
    versions_pruned.send_robust(sender=ModelVersion)
    return pruned


def remove_network(*, backbone: str) -> None:
    """Remove a fine-tuned network: its vectors, the wish for more of them, then its files.

    Called twice, or after a kill half-way, it removes what is left. Raises ValueError for a network
    that was not fine-tuned here, and OSError.
    """
    if not get_card(backbone).tuned_from:
        raise ValueError(f"{backbone} was not fine-tuned here.")
    EmbeddingSpace.objects.filter(backbone=backbone).delete()
    vectors = Embedding.objects.of_backbone(backbone).order_by("pk")
    # In parts, so that nobody who writes meanwhile waits for long.
    while ids := list(vectors.values_list("pk", flat=True)[:_VECTORS_AT_ONCE]):
        Embedding.objects.filter(pk__in=ids).delete()
    remove_tuned(backbone, Path(settings.EYES_MODELS_STORE))


def _with_files() -> list[ModelVersion]:
    """Return every version that was published here and not pruned, the newest first."""
    published = ModelVersion.objects.exclude(number=BOOTSTRAP_NUMBER).filter(pruned_at=None)
    return list(published.newest())


def _mark_pruned(version: ModelVersion) -> bool:
    """Write down that the files go, unless the version is needed; return whether they do.

    What is needed is looked up again for each, while no promotion can come in between.
    """
    with transaction.atomic():
        hold_promotions()
        kept = {kept.pk for kept in _with_files()[: current_policy().versions_kept]}
        if version.pk in kept | _needed():
            return False
        marked = ModelVersion.objects.filter(pk=version.pk, pruned_at=None)
        return bool(marked.update(pruned_at=timezone.now()))


def _needed() -> set[int]:
    """Return the ids of the live version and of the nearest sound one below it."""
    live, *earlier = standing_versions()
    sound = [version.pk for version in earlier if version.state != VersionState.DAMAGED]
    return {live.pk, *sound[:1]}


def _remove_marked_files() -> None:
    """Remove what is marked and still there, also from calls that were killed half-way."""
    store = Path(settings.EYES_MODELS_STORE)
    for version in ModelVersion.objects.exclude(pruned_at=None):
        try:
            if remove_files(store, version.number):
                logger.info("Removed the files of version %s.", version.number)
        except OSError:
            logger.exception("The files of version %s could not be removed.", version.number)
