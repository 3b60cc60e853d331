"""Jobs of this room. Each may run twice without harm and ends quietly on what is gone."""

from __future__ import annotations

import logging

from gallery.models import Image
from tagging.models import ModelVersion

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


def prune_versions() -> str:
    """Remove the files of versions that nobody will go back to; return in words which."""
    from tagging.services import pruning

    pruned = pruning.prune_versions()
    if not pruned:
        return "No version had to be pruned."
    return f"Removed the files of version {', '.join(map(str, sorted(pruned)))}."
