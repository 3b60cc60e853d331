"""What this room does when the room of tags announces something."""

from __future__ import annotations

from django.dispatch import receiver
from django_q.tasks import async_task

from tagging.signals import version_promoted


@receiver(version_promoted, dispatch_uid="training.tell_contributors")
def tell_contributors(sender: object, promotion_id: int, **_: object) -> None:
    """Have those told who taught the version that is live now."""
    async_task("training.tasks.tell_contributors", promotion_id)
