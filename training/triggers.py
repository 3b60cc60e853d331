"""Whether there is enough new to learn that an unattended run is worth it."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings

from gallery.models import Image
from tagging.models import FullyTagged, ImageTag, TagState
from tagging.policy import Policy
from training.models import TrainingRun
from training.snapshot import learnable_candidates, was_short_of_photos


def reason_to_retrain(policy: Policy) -> str | None:
    """Return in words what is new since the last run, or None where it is not worth a run.

    Worth it are `EYES_RETRAIN_AFTER` decisions of people, or a tag that has just reached the
    number of photos it takes. Without any learnable tag nothing is.
    """
    learnable, _ = learnable_candidates(policy)
    if not learnable:
        return None
    last = TrainingRun.objects.judged().first()
    if last is None:
        return "nothing was taught yet."
    tried = set(last.report.get("missing", {})) | set(last.dataset.tags if last.dataset else ())
    ready = [tag for tag in learnable if tag not in tried or _was_short(last, tag, policy)]
    if ready:
        return f"newly learnable: {', '.join(ready)}."
    since = decisions_since(last.started_at or last.created_at)
    if since >= settings.EYES_RETRAIN_AFTER:
        return f"{since} new decisions of people."
    return None


def decisions_since(moment: datetime) -> int:
    """Return how many tags were curated or rejected, and photos marked as fully tagged, since then
    on photos offered for teaching."""
    offered = Image.objects.teachable()
    decided = ImageTag.objects.filter(state__in=[TagState.CURATED, TagState.REJECTED])
    marks = FullyTagged.objects.filter(marked_at__gt=moment, image__in=offered)
    return decided.filter(changed_at__gt=moment, image__in=offered).count() + marks.count()


def _was_short(run: TrainingRun, tag: str, policy: Policy) -> bool:
    """Return whether the run left the tag out for its number of photos or people, enough now.

    One that was left out for another reason (too alike, nothing known against it) would be left
    out again; new decisions are what changes that, and those are counted.
    """
    why = str(run.report.get("missing", {}).get(tag, ""))
    return was_short_of_photos(why, policy)
