"""What this room does when tagging announces something."""

from __future__ import annotations

from django.dispatch import receiver
from django_q.tasks import async_task

from tagging.signals import library_retagged
from training.services import TRAINING_CLUSTER


@receiver(library_retagged, dispatch_uid="training.refill_review_queue")
def refill_review_queue(sender: object, **_: object) -> None:
    """Ask for new questions: another version is unsure of other photos."""
    async_task(
        "training.tasks.fill_review_queue",
        cluster=TRAINING_CLUSTER,
        task_name="review queue",
    )
