"""Jobs of this room. Each may run twice without harm and ends quietly on what is gone."""

from __future__ import annotations

import logging

from django_q.tasks import async_task

from gallery.models import Image

logger = logging.getLogger(__name__)


def tag_image(image_id: int) -> str:
    """Embed a new photo and store what the live version says; return it in words for the log."""
    from tagging.services.suggestions import suggest_tags

    if not Image.objects.filter(pk=image_id).exists():
        return f"Photo {image_id} is gone."
    written = suggest_tags(image_ids=[image_id])
    return f"Photo {image_id}: {written} suggestions written."


def retag_library() -> str:
    """Let the live version speak about every photo; return in words what changed."""
    from tagging.services import suggestions

    report = suggestions.retag_library()
    text = (
        f"{report.photos} photos: {report.added} suggestions came, {report.removed} went, "
        f"{report.changed} changed."
    )
    logger.info("Re-tagged the library. %s", text)
    return text


def count_votes_of_age() -> str:
    """Count votes that have waited long enough and settle their tags; for every hour."""
    from tagging.services import settling

    counted, is_more = settling.count_votes_of_age()
    if is_more:
        async_task("tagging.tasks.count_votes_of_age")
    return f"{counted} votes came of age."


def settle_undecided(after: int = 0) -> str:
    """Judge every undecided tag anew, from the photo after this id on; for every day."""
    from tagging.services import settling

    changed, go_on_after = settling.settle_undecided(after=after)
    if go_on_after is not None:
        async_task("tagging.tasks.settle_undecided", go_on_after)
    return f"{changed} tags changed their state."


def forget_old_sightings() -> str:
    """Delete what was noted of networks and devices and is no longer of use; for every day."""
    from tagging import sightings

    return f"{sightings.forget_old_sightings()} sightings forgotten."
