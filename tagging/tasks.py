"""Jobs of this room. Each may run twice without harm and ends quietly on what is gone."""

from __future__ import annotations

import logging

from django_q.tasks import async_task

from tagging.fresh_process import run_manage
from tagging.models import EmbeddingSpace, ModelVersion

logger = logging.getLogger(__name__)

_KEPT_OF_ERRORS = 4000


def tag_image(image_id: int) -> str:
    """Embed a new photo and store what the live version says; return it in words for the log.

    Photos that wait as well are taken along, see `services.batches`.
    """
    from tagging.services.batches import tag_requested
    from tagging.services.tag_figures import count_tags_of_small_site

    tagged = tag_requested(image_id=image_id)
    if tagged is None:
        return f"Photo {image_id} is gone."
    if tagged:
        count_tags_of_small_site()
    return f"Photo {image_id} is tagged; photos tagged by this job: {tagged}."


def add_keyword_tags(image_id: int, person_id: int, keywords: list[str]) -> str:
    """Make the words in a photo's file tags of who uploaded it; return in words how many."""
    from tagging.services import keywords as service

    added = service.add_keyword_tags(image_id=image_id, person_id=person_id, keywords=keywords)
    return f"{added} of {len(keywords)} keywords are tags of photo {image_id}."


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


def fill_space(space_id: int, ticket: str) -> str:
    """Embed the library in another space for a while, in a fresh process, and hand the rest on.

    Only the job with the newest ticket does anything. A killed process hands nothing on; the
    scheduled job does.
    """
    from tagging.services import spaces

    mine = EmbeddingSpace.objects.filter(pk=space_id, ticket=ticket)
    space = mine.unfinished().filter(problem="").first()
    if space is None:
        return f"Embedding space {space_id} is full, forgotten, or another job's."
    ended = run_manage("embed", "--slice", str(space_id), environment=spaces.frugal_environment())
    if ended.returncode:
        raise RuntimeError(f"{space} stopped: {ended.stderr[-_KEPT_OF_ERRORS:]}")
    still = EmbeddingSpace.objects.filter(pk=space_id)
    if mine.exists() or not still.waiting().exists():
        spaces.hand_out_filling()
    return ended.stdout.strip()


def resume_filling() -> str:
    """Go on with embedding spaces whose job was cut short; for every hour."""
    from tagging.services import spaces

    space = spaces.resume_filling()
    return "No embedding space waits to be filled." if space is None else f"Going on with {space}."


def forget_space(backbone: str) -> str:
    """Delete the vectors of a backbone that nobody reads; return in words how many or why not."""
    from tagging.services import spaces

    try:
        deleted = spaces.forget_space(backbone=backbone)
    except spaces.SpaceRefused as refusal:
        return str(refusal)
    return f"{deleted} vectors of {backbone} forgotten."


def count_tags() -> str:
    """Count the photos of every tag and write words nobody announced; return it in words."""
    from tagging.services.photo_words import write_missing_words
    from tagging.services.tag_figures import count_tags as count

    words = write_missing_words()
    return f"{count()} tags count anew, {words} words of photos written."
