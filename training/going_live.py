"""The last step of a run: what has won takes over, and speaks about every photo."""

from __future__ import annotations

from django_q.tasks import async_task

from tagging.models import ModelVersion
from tagging.previews import Preview
from tagging.services.embeddings import photos_without_vector
from tagging.services.previews import PreviewRefused, preview_version
from tagging.services.spaces import FEW
from tagging.services.suggestions import retag_library
from tagging.services.versions import promote_version
from training.classroom import embed_for_run
from training.models import TrainingRun
from training.progress import Progress
from training.services import RETAGGING
from training.tuning.folders import remove_folder


def go_live(
    *, version: ModelVersion, run: TrainingRun, reason: str, progress: Progress
) -> Preview | None:
    """Swap, and let the new version speak about every photo; return what that changes."""
    fill_space(run.backbone, progress)
    preview = _look_ahead(version, progress)
    progress.tell(RETAGGING, 0.90)
    promote_version(version=version, by=run.asked_by, reason=reason, enqueue_retag=False)
    # Killed before this, a fine-tuning that is asked for again goes on at its end.
    remove_folder(run)
    try:
        retag_library(progress=progress.counting(RETAGGING, 0.90, 1.0))
    except BaseException:
        # The version is live whatever happens here; a job finishes what this could not.
        async_task("tagging.tasks.retag_library")
        raise
    return preview


def fill_space(backbone: str, progress: Progress) -> None:
    """Embed the whole library, and what is uploaded meanwhile, until only a few are missing.

    Re-tagging embeds those on its way. What a round cannot read the next one does not try again,
    and a run that is killed has lost no vector.
    """
    tried: set[int] = set()
    while True:
        missing = set(photos_without_vector(backbone).values_list("pk", flat=True)) - tried
        if not missing:
            return
        embed_for_run(sorted(missing), backbone, progress, 0.80, 0.86)
        tried |= missing
        if len(missing) <= FEW:
            return


def _look_ahead(version: ModelVersion, progress: Progress) -> Preview | None:
    counting = progress.counting("Looking at what it changes", 0.86, 0.90)
    try:
        return preview_version(version=version, progress=counting)
    except PreviewRefused:
        return None  # Its files are not as published; the promotion refuses it and says why.
