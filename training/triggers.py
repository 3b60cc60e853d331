"""Whether there is enough new to learn that an unattended run is worth it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from gallery.models import Image
from tagging.models import FullyTagged, ImageTag, TagState
from tagging.policy import Policy
from tagging.words import current_words
from training.models import TrainingRun
from training.snapshot import learnable_candidates, was_short_of_photos


def reason_to_retrain(policy: Policy) -> str | None:
    """Return in words what is new since the last run, or None where it is not worth a run.

    Worth it are `EYES_RETRAIN_AFTER` decisions of people, a tag that has just reached the number
    of photos it takes, or anything new at all where the last run is `retrain_after_days` ago.
    Without any learnable tag nothing is. A tag that was left out for another reason than too few
    photos or people (too alike, nothing known against it) would be left out again; new decisions
    are what changes that, and those are counted. A new name alone is nothing to learn.
    """
    learnable, _ = learnable_candidates(policy)
    if not learnable:
        return None
    last = TrainingRun.objects.gave_a_head().first()
    if last is None:
        return "nothing was taught yet."
    words = current_words()
    missing = words.presently(last.report.get("missing", {}))
    tried = set(missing) | set(words.places(last.dataset.tags if last.dataset else ()))
    ready = [
        tag for tag in learnable
        if tag not in tried or was_short_of_photos(missing.get(tag, ""), policy)
    ]  # fmt: skip
    if ready:
        return f"newly learnable: {', '.join(ready)}."
    moment = last.started_at or last.created_at
    since = decisions_since(moment)
    if since >= settings.EYES_RETRAIN_AFTER:
        return f"{since} new decisions of people."
    if since and timezone.now() - moment >= timedelta(days=policy.retrain_after_days):
        plural = "" if since == 1 else "s"
        return (
            f"{since} new decision{plural} of people in {policy.retrain_after_days} days or more."
        )
    return None


def decisions_since(moment: datetime) -> int:
    """Return how many tags were curated or rejected, and photos marked as fully tagged, since then
    on photos offered for teaching."""
    offered = Image.objects.teachable()
    decided = ImageTag.objects.filter(state__in=[TagState.CURATED, TagState.REJECTED])
    marks = FullyTagged.objects.filter(marked_at__gt=moment, image__in=offered)
    return decided.filter(changed_at__gt=moment, image__in=offered).count() + marks.count()
