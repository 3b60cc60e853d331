"""Asking for the network's word, from wherever a photo comes or changes."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django_q.tasks import async_task

from tagging.chunks import chunks
from tagging.models import TaggingRequest


def request_tagging(*, image_id: int) -> None:
    """Have a worker tag this photo: its request and its job are written together.

    Asking again while it is being tagged has it tagged again. The job leaves no row when it
    succeeds: the queue counts and prunes those after each job, which took longer than tagging.
    """
    with transaction.atomic():
        TaggingRequest.objects.bulk_create(
            [TaggingRequest(image_id=image_id)],
            update_conflicts=True,
            unique_fields=["image"],
            update_fields=["asked_at", "taken_by", "taken_until", "tries", "is_done"],
        )
        async_task("tagging.tasks.tag_image", image_id, save=False)


def request_tagging_of_many(*, image_ids: Sequence[int]) -> None:
    """Have a worker tag these photos, in one job however many they are."""
    with transaction.atomic():
        for some in chunks(image_ids):
            TaggingRequest.objects.bulk_create(
                [TaggingRequest(image_id=image_id) for image_id in some],
                update_conflicts=True,
                unique_fields=["image"],
                update_fields=["asked_at", "taken_by", "taken_until", "tries", "is_done"],
            )
        request_waiting()


def request_waiting() -> None:
    """Have a worker tag all that waits, whatever became of the jobs of those photos."""
    async_task("tagging.tasks.tag_waiting", save=False)
