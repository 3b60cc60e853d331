"""What this room does when the room of tags announces something."""

from __future__ import annotations

from django.dispatch import receiver
from django_q.tasks import async_task

from tagging.clusters import TRAINING_CLUSTER
from tagging.signals import (
    library_retagged,
    remarks_wanted,
    version_promoted,
    versions_pruned,
)
from training.tuning.lineage import networks_to_redo, prune_networks


@receiver(version_promoted, dispatch_uid="training.tell_contributors")
def tell_contributors(sender: object, promotion_id: int, **_: object) -> None:
    """Have those told who taught the version that is live now."""
    async_task("training.tasks.tell_contributors", promotion_id)


@receiver(library_retagged, dispatch_uid="training.refill_review_queue")
def refill_review_queue(sender: object, **_: object) -> None:
    """Ask for new questions: another version is unsure of other photos."""
    async_task(
        "training.tasks.fill_review_queue",
        cluster=TRAINING_CLUSTER,
        task_name="review queue",
    )


@receiver(versions_pruned, dispatch_uid="training.prune_networks")
def remove_networks_nobody_reads(sender: object, **_: object) -> None:
    """Remove the fine-tuned networks that went with their last version."""
    prune_networks()


@receiver(remarks_wanted, dispatch_uid="training.networks_to_redo")
def say_what_networks_hold(sender: object, **_: object) -> list[str]:
    """Say which fine-tuned networks hold photos that were taken back."""
    return [network.sentence for network in networks_to_redo()]
