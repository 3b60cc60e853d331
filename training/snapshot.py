"""What is known at this moment: from rows of people's decisions to an immutable dataset."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from django.db.models import Count
from numpy.typing import NDArray

from gallery.models import Image
from tagging.models import Content, Embedding, ImageTag, Tag, TwinGroup
from tagging.policy import Policy
from tagging.services.embeddings import contents_by_id
from tagging.services.twin_groups import hold_twin_groups
from tagging.vocabulary import load_vocabulary
from training.decisions import Decisions, read_decisions
from training.learning.examples import (
    ABSENT,
    PRESENT,
    TEST,
    TRAIN,
    VALIDATION,
    Examples,
    Manifest,
    write_manifest,
)
from training.learning.split import Group, assign_sides
from training.models import DatasetVersion

# Below the limits of both databases on the number of values in one query.
_BATCH = 500

WITHOUT_NEGATIVES = (
    "needs photos that are known not to show it: rejected there, fully tagged, or of an import"
)

Value = TypeVar("Value")


class NothingToLearn(Exception):
    """Raised when no tag is learnable yet; `missing` says per tag what it still needs."""

    def __init__(self, missing: dict[str, str]) -> None:
        self.missing = missing
        super().__init__(
            "No tag can be learnt yet." if missing else "No curated tag is on any photo yet."
        )


@dataclass(frozen=True)
class Snapshot:
    """A dataset before it is written down.

    `missing` says for every curated tag outside it what it still needs. `sides` is the side of
    each near-duplicate group that had none, by the id of its row.
    """

    examples: Examples
    manifest: Manifest
    missing: dict[str, str]
    sides: dict[int, str]


@dataclass(frozen=True)
class _Candidates:
    """Photos that may enter a dataset, with the row of their near-duplicate group."""

    decisions: Decisions
    group_ids: NDArray[np.int64]
    fixed_sides: dict[int, str]


def learnable_candidates(policy: Policy) -> tuple[list[str], dict[str, str]]:
    """Return the tags with enough curated photos, and what each other curated tag still needs.

    Two small queries: they answer "is there anything to do" before anything large is read.
    """
    counted = (
        ImageTag.objects.curated()
        .filter(image__in=Image.objects.teachable(), tag__is_blocked=False, tag__never_show=False)
        .values_list("tag__name")
        .annotate(photos=Count("image__sha256", distinct=True))
    )
    never = never_shown_names()
    enough, missing = [], {}
    for name, photos in sorted(counted):
        if name in never:
            continue
        if photos >= policy.learnable_photos:
            enough.append(name)
        else:
            missing[name] = f"{photos} of {policy.learnable_photos} curated photos"
    return enough, missing


def never_shown_names() -> frozenset[str]:
    """Return every word that no machine may say: the list of the vocabulary and moderators'."""
    told = Tag.objects.silent().values_list("name", flat=True)
    return load_vocabulary().never_show | frozenset(told)


def images_to_embed(policy: Policy) -> list[int]:
    """Return the ids of all photos that may enter the next dataset, one per distinct file.

    Raises NothingToLearn when no tag has enough curated photos.
    """
    names, missing = learnable_candidates(policy)
    if not names:
        raise NothingToLearn(missing)
    decisions = read_decisions(names)
    return list(decisions.image_ids)


def take_snapshot(policy: Policy, backbone: str) -> Snapshot:
    """Return what is known now; raises NothingToLearn.

    A photo without an embedding of this backbone is left out, so embed first. The result does not
    depend on ids or on the order in which rows came to be.
    """
    names, missing = learnable_candidates(policy)
    if not names:
        raise NothingToLearn(missing)
    candidates = _find_candidates(read_decisions(names), backbone)
    while True:
        chosen = _keep_useful_rows(candidates, policy)
        groups, keys = _describe_groups(chosen)
        side_of = assign_sides(
            groups,
            shares={VALIDATION: policy.validation_share, TEST: policy.test_share},
            least_groups={
                VALIDATION: policy.least_validation_groups,
                TEST: policy.least_test_groups,
            },
        )
        wanting = _what_is_missing(chosen, groups, side_of, policy)
        if not wanting:
            break
        missing |= wanting
        candidates = _without_tags(candidates, wanting)
        if not candidates.decisions.tags:
            raise NothingToLearn(dict(sorted(missing.items())))
    return _freeze(chosen, keys, side_of, dict(sorted(missing.items())), policy)


def store_snapshot(policy: Policy, backbone: str) -> tuple[Snapshot, DatasetVersion]:
    """Take a snapshot and write it down with the sides it gave, in one transaction.

    Equal decisions give the row that is there already. Raises NothingToLearn.
    """
    with hold_twin_groups():
        snapshot = take_snapshot(policy, backbone)
        by_side: dict[str, list[int]] = defaultdict(list)
        for group_id, side in snapshot.sides.items():
            by_side[side].append(group_id)
        for side, ids in by_side.items():
            for batch in _batches(ids):
                TwinGroup.objects.filter(pk__in=batch, side="").update(side=side)
        dataset, _ = DatasetVersion.objects.get_or_create(
            sha256=snapshot.manifest.sha256,
            defaults={
                "manifest": snapshot.manifest.packed,
                "photos": len(snapshot.examples.photos),
                "tags": list(snapshot.examples.tags),
            },
        )
    return snapshot, dataset


def load_embeddings(photos: Sequence[str], backbone: str) -> NDArray[np.float16]:
    """Return the stored vectors of these photos in their order, float16 [n, d].

    Raises LookupError when one is missing: it was deleted in this moment, or never embedded.
    """
    found: dict[str, bytes] = {}
    for batch in _batches(photos):
        contents = contents_by_id(batch)
        rows = Embedding.objects.of_backbone(backbone).filter(content__in=contents)
        for content_id, vector in rows.values_list("content_id", "vector"):
            found[contents[content_id]] = bytes(vector)
    absent = len(photos) - len(found)
    if absent:
        raise LookupError(f"{absent} photos have no embedding of {backbone} any more.")
    return np.stack([np.frombuffer(found[sha256], dtype="<f2") for sha256 in photos])


def _find_candidates(decisions: Decisions, backbone: str) -> _Candidates:
    """Return the embedded photos whose near-duplicates lie on one side only."""
    group_of: dict[str, tuple[int, str]] = {}
    for batch in _batches(decisions.photos):
        rows = Content.objects.filter(
            sha256__in=batch, straddles=False, embeddings__backbone=backbone
        )
        for sha256, group_id, side in rows.values_list("sha256", "group_id", "group__side"):
            group_of[sha256] = (group_id, side)
    kept = np.array(
        [row for row, sha256 in enumerate(decisions.photos) if sha256 in group_of], dtype=np.intp
    )
    part = decisions.part(kept)
    return _Candidates(
        decisions=part,
        group_ids=np.array([group_of[sha256][0] for sha256 in part.photos], dtype=np.int64),
        fixed_sides={group_id: side for group_id, side in group_of.values() if side},
    )


def _keep_useful_rows(candidates: _Candidates, policy: Policy) -> _Candidates:
    """Leave out photos of which nothing is known, and what lies beyond the ceiling of a tag."""
    answers = candidates.decisions.answers
    useful = (answers != 0).any(axis=1)
    present = answers == PRESENT
    if (present.sum(axis=0) > policy.class_ceiling).any():
        useful &= _below_ceiling(present, policy.class_ceiling)
    return _rows(candidates, np.flatnonzero(useful))


def _below_ceiling(present: NDArray[np.bool_], ceiling: int) -> NDArray[np.bool_]:
    """Return which photos stay: those that show a tag still below its ceiling, or none at all.

    In the order of SHA-256, which is as good as random and the same everywhere.
    """
    counts = np.zeros(present.shape[1], dtype=np.int64)
    stays = np.zeros(len(present), dtype=np.bool_)
    for row, tags in enumerate(present):
        if not tags.any() or (counts[tags] < ceiling).any():
            stays[row] = True
            counts += tags
    return stays


def _describe_groups(chosen: _Candidates) -> tuple[list[Group], dict[int, str]]:
    """Return the groups as the split sees them, and the key of each by the id of its row.

    The key is the smallest SHA-256 among the photos in this dataset: never that of a photo whose
    owner does not offer it.
    """
    decisions = chosen.decisions
    names = np.array(decisions.tags, dtype=object)
    present: dict[int, set[str]] = defaultdict(set)
    absent: dict[int, set[str]] = defaultdict(set)
    keys: dict[int, str] = {}
    for row, group_id in enumerate(chosen.group_ids.tolist()):
        keys.setdefault(group_id, decisions.photos[row])
        present[group_id].update(names[decisions.answers[row] == PRESENT])
        absent[group_id].update(names[decisions.answers[row] == ABSENT])
    groups = [
        Group(
            key=key,
            side=chosen.fixed_sides.get(group_id, ""),
            present=frozenset(present[group_id]),
            absent=frozenset(absent[group_id]),
        )
        for group_id, key in keys.items()
    ]
    return groups, keys


def _what_is_missing(
    chosen: _Candidates, groups: list[Group], side_of: dict[str, str], policy: Policy
) -> dict[str, str]:
    """Return for each tag that cannot be learnt or judged yet what it needs."""
    counts: dict[tuple[str, str, bool], int] = defaultdict(int)
    for group in groups:
        for tag, is_present in group.labels():
            counts[tag, side_of[group.key], is_present] += 1
    photos = (chosen.decisions.answers == PRESENT).sum(axis=0)
    missing = {}
    for tag, number in zip(chosen.decisions.tags, photos, strict=True):
        judged = max(0, policy.least_validation_groups - counts[tag, VALIDATION, True])
        judged += max(0, policy.least_test_groups - counts[tag, TEST, True])
        learnt = 0 if counts[tag, TRAIN, True] else 1
        if number < policy.learnable_photos:
            missing[tag] = f"{number} of {policy.learnable_photos} curated photos"
        elif judged + learnt:
            noun = "photo" if judged + learnt == 1 else "photos"
            missing[tag] = f"needs {judged + learnt} more distinct {noun} to judge it on"
        elif not counts[tag, TEST, False]:
            missing[tag] = WITHOUT_NEGATIVES
    return missing


def _freeze(
    chosen: _Candidates,
    keys: dict[int, str],
    side_of: dict[str, str],
    missing: dict[str, str],
    policy: Policy,
) -> Snapshot:
    decisions = chosen.decisions
    groups = tuple(keys[group_id] for group_id in chosen.group_ids.tolist())
    examples = Examples(
        photos=decisions.photos,
        tags=decisions.tags,
        answers=decisions.answers,
        sides=tuple(side_of[key] for key in groups),
        groups=groups,
        contests=decisions.contests,
    )
    return Snapshot(
        examples=examples,
        manifest=write_manifest(examples, unknown_weight=policy.unknown_weight),
        missing=missing,
        sides={
            group_id: side_of[key]
            for group_id, key in keys.items()
            if group_id not in chosen.fixed_sides
        },
    )


def _rows(candidates: _Candidates, rows: NDArray[np.intp]) -> _Candidates:
    return replace(
        candidates,
        decisions=candidates.decisions.part(rows),
        group_ids=candidates.group_ids[rows],
    )


def _without_tags(candidates: _Candidates, tags: Iterable[str]) -> _Candidates:
    return replace(candidates, decisions=candidates.decisions.without(frozenset(tags)))


def _batches(values: Sequence[Value]) -> Iterable[Sequence[Value]]:
    return (values[start : start + _BATCH] for start in range(0, len(values), _BATCH))
