"""Whether a fine-tuning by itself is worth half an hour of this machine."""

from __future__ import annotations

from tagging.policy import Policy
from tagging.registry import live_version
from training.learning.examples import TRAIN, VALIDATION
from training.models import Tuning
from training.snapshot import NothingToLearn, take_snapshot
from training.tuning.lineage import networks_to_redo
from training.tuning.wishes import original_of


def reason_to_fine_tune(policy: Policy) -> str | None:
    """Return in words why the network itself should be taught now, or None where it should not.

    Worth it are a live network that holds photos which were taken back, the first
    `tuning_photos` photos that can teach, and `tuning_growth` more of them than taught the last
    time (also where that was no better: the same photos would be no better again). A network whose
    run failed before it could go live does not count: the next run takes it up.
    """
    live = live_version().serving_backbone
    try:
        snapshot = take_snapshot(policy, live)
    except NothingToLearn:
        return None
    for network in networks_to_redo():
        if network.is_live:
            return network.sentence
    photos = len(snapshot.examples.rows_on(TRAIN, VALIDATION))
    if photos < policy.tuning_photos:
        return None
    last = Tuning.objects.counted(live).filter(base=original_of(live)).first()
    if last is None:
        return f"{photos:,} photos can teach the network itself, and nothing has yet."
    if photos >= last.photos * (1 + policy.tuning_growth):
        return f"{photos:,} photos can teach the network itself, {last.photos:,} did last time."
    return None
