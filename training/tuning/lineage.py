"""Whose photos the fine-tuned networks hold, which of them have to be done anew, which may go."""

from __future__ import annotations

import contextlib
import logging
from dataclasses import dataclass

from django.conf import settings
from django.utils import timezone

from tagging.backbones.cards import UnknownBackbone, get_card
from tagging.models import Embedding, ModelVersion
from tagging.registry import LoadedVersion, live_version
from tagging.services.pruning import remove_network
from training.learning.wording import count
from training.models import TrainingRun, Tuning
from training.snapshot import taught_by
from training.tuning.withdrawals import withdrawn

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class NetworkToRedo:
    """A network that learnt from photos which nobody offers any more, and how many these are."""

    backbone: str
    photos: int
    is_live: bool

    @property
    def sentence(self) -> str:
        """Return what is so, and what will be done about it."""
        told = count(self.photos, "photo")
        was = "was" if self.photos == 1 else "were"
        sentence = (
            f"The network {self.backbone} has learnt from {told} that {was} since taken back."
        )
        if not self.is_live:
            return f"{sentence} It serves no more and goes with the last version that reads it."
        if settings.EYES_FINE_TUNE == "weekly":
            return (
                f"{sentence} It is done anew without {'it' if self.photos == 1 else 'them'} on "
                "Monday night, or now with manage.py retrain --fine-tune."
            )
        return f"{sentence} Do it anew with manage.py retrain --fine-tune."


def networks_to_redo() -> list[NetworkToRedo]:
    """Return the fine-tuned networks still here that hold what was taken back, the live one first.

    Reads the manifest of each, so this costs a few queries per thousand photos.
    """
    live = live_version().serving_backbone
    keys = Tuning.objects.with_network().order_by().values_list("backbone", flat=True).distinct()
    found = [NetworkToRedo(key, len(taken_back_from(key)), key == live) for key in keys]
    redo = [network for network in found if network.photos]
    return sorted(redo, key=lambda network: (not network.is_live, network.backbone))


def taken_back_from(backbone: str) -> set[str]:
    """Return the SHA-256 of photos that taught this network and that nobody offers any more."""
    gone: set[str] = set()
    for tuning in Tuning.objects.filter(backbone=backbone).select_related("dataset"):
        try:
            gone |= withdrawn(taught_by(tuning.dataset).photos)
        except ValueError:
            logger.exception("Nobody can say what taught %s.", backbone)
    return gone


def photos_it_would_forget(live: LoadedVersion, backbone: str) -> int:
    """Return how many photos that were taken back would be out of the network that serves, if
    another backbone took over from the live version's."""
    key = live.engine.card.key
    return 0 if key == backbone else len(taken_back_from(key))


def prune_networks() -> list[str]:
    """Remove the fine-tuned networks that no kept version reads, with their vectors; return their
    keys. One that a run has just made and not yet published stays.

    So go what a killed run had brought into the store, and the vectors that a job wrote while their
    network was being removed. Each is looked at again right before it goes.
    """
    there = set(Tuning.objects.with_network().order_by().values_list("backbone", flat=True))
    removed = []
    for key in sorted(there | _tuned_with_vectors()):
        if _is_needed(key):
            continue
        try:
            remove_network(backbone=key)
        except OSError:
            logger.exception("The network %s could not be removed.", key)
            continue
        Tuning.objects.filter(backbone=key).update(removed_at=timezone.now())
        logger.info("Removed the fine-tuned network %s: no version reads it any more.", key)
        removed.append(key)
    return removed


def _tuned_with_vectors() -> set[str]:
    keys = Embedding.objects.order_by().values_list("backbone", flat=True).distinct()
    tuned = set()
    for key in keys:
        with contextlib.suppress(UnknownBackbone):
            tuned |= {key} if get_card(key).tuned_from else set()
    return tuned


def _is_needed(backbone: str) -> bool:
    """Return whether a version with files reads this network, or a run that goes on made it."""
    open_runs = TrainingRun.objects.open()
    return (
        ModelVersion.objects.filter(backbone=backbone, pruned_at=None).exists()
        or live_version().serving_backbone == backbone
        or open_runs.filter(backbone=backbone).exists()
        or Tuning.objects.filter(backbone=backbone, run__in=open_runs).exists()
    )
