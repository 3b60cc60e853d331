"""The canaries that moderators chose, as the gate judges them: what both networks show there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tagging.head import Head
from tagging.models import Tag
from tagging.registry import LoadedVersion, open_backbone
from tagging.services.embeddings import embed_images, embedding_matrices
from training.learning.canaries import CanaryCheck
from training.live import ask_live
from training.models import Canary

# What a network shows, by the id of the photo and the name of the tag.
Shown = dict[tuple[int, str], bool]


def check_canaries(live: LoadedVersion, head: Head, backbone: str) -> list[CanaryCheck]:
    """Return each canary with what the live version shows on its photo, and what this head on
    this backbone would, the first day's words included where the head does not speak.

    A canary whose photo cannot be read, or whose tag cannot be shown whatever the network says,
    is passed over with the reason; one whose photo is in the trash is asleep. One whose tag became
    another name asks for what it means now.
    """
    present = Canary.objects.filter(image__deleted_at=None)
    canaries = list(present.select_related("tag__alias_of").order_by("pk"))
    if not canaries:
        return []
    candidate = replace(live, head=head, engine=open_backbone(backbone))
    now, then = (_read(speaker, canaries) for speaker in (live, candidate))
    return [_check(canary, head, now, then) for canary in canaries]


def _check(canary: Canary, head: Head, now: Shown, then: Shown) -> CanaryCheck:
    tag = _meant(canary)
    check = CanaryCheck(canary.pk, tag.name, canary.is_expected)
    pair = (canary.image_id, tag.name)
    if tag.is_blocked:
        return replace(check, passed_over=f"{tag.name} is blocked")
    if tag.never_show and canary.is_expected:
        return replace(check, passed_over=f"no machine may say {tag.name}")
    if pair not in now or pair not in then:
        return replace(check, passed_over="its photo cannot be read")
    learnt = tag.name in head.labels
    return replace(check, is_shown=then[pair], was_shown=now[pair], is_learnt=learnt)


def _meant(canary: Canary) -> Tag:
    return canary.tag.alias_of or canary.tag


def _read(speaker: LoadedVersion, canaries: Sequence[Canary]) -> Shown:
    """Return what the version shows on these photos; nothing of those that cannot be read."""
    photos = {canary.image_id for canary in canaries}
    for backbone in speaker.spaces:
        embed_images(image_ids=photos, backbone=backbone)
    found, (embeddings, *others) = embedding_matrices(photos, speaker.spaces)
    if not found:
        return {}
    tags = tuple(sorted({_meant(canary).name for canary in canaries}))
    first_day = others[0] if others else None
    shown = ask_live(speaker, embeddings, tags, first_day=first_day).answers.shown
    return {
        (photo, tag): bool(shown[row, column])
        for row, photo in enumerate(found)
        for column, tag in enumerate(tags)
    }
