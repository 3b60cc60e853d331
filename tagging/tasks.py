"""Jobs of this room. Each may run twice without harm and ends quietly on what is gone."""

from __future__ import annotations

import logging

from django_q.tasks import async_task

from tagging.models import ModelVersion

logger = logging.getLogger(__name__)


def tag_image(image_id: int) -> str:
    """Embed a new photo and store what the live version says; return it in words for the log.

    Photos that wait as well are taken along, see `services.batches`.
    """
    from tagging.services.batches import tag_requested

    tagged = tag_requested(image_id=image_id)
    if tagged is None:
        return f"Photo {image_id} is gone."
    return f"Photo {image_id} is tagged; photos tagged by this job: {tagged}."


def tag_waiting() -> str:
    """Tag photos whose own jobs were lost or failed; for every hour and after a worker's death."""
    from tagging.services import batches

    return f"{batches.tag_waiting()} photos had been waiting."


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


def preview_version(version_id: int) -> str:
    """Compute what a version would change; return that, or why it cannot be said, in words."""
    from tagging.services import previews

    version = ModelVersion.objects.filter(pk=version_id).first()
    if version is None:
        return f"Version with id {version_id} is gone."
    try:
        return previews.preview_version(version=version).sentence
    except previews.PreviewRefused as refusal:
        return str(refusal)


def tend_vectors() -> str:
    """Bring the files of vectors in line with the database; for every day."""
    from tagging.services import vectors

    written = vectors.tend_vectors()
    return f"{sum(written.values())} vectors written to files."


def prune_versions() -> str:
    """Remove the files of versions that nobody will go back to; return in words which."""
    from tagging.services import pruning

    pruned = pruning.prune_versions()
    if not pruned:
        return "No version had to be pruned."
    return f"Removed the files of version {', '.join(map(str, sorted(pruned)))}."
