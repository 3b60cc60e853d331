"""Which photos may enter a dataset: embedded, on one side, nobody's copy, and within all shares."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tagging.chunks import chunks
from tagging.models import Content, Embedding
from tagging.policy import Policy
from training.decisions import Decisions
from training.learning.examples import PRESENT, TEST
from training.learning.shares import within_shares
from training.snapshot.people import counts_people, read_people
from training.snapshot.taught import sides_in_networks


@dataclass(frozen=True)
class Candidates:
    """Photos that may enter a dataset, in ascending order of SHA-256.

    `group_ids` [n] are their near-duplicate groups and `unit_ids` [n] what is split as a whole:
    the group, or everything of one person, negative numbers then, so that the two never meet.
    `uploaders` [n] are those who brought them, all zero where nobody counts. `fixed_sides` holds
    the side of each unit that has one.
    """

    decisions: Decisions
    group_ids: NDArray[np.int64]
    unit_ids: NDArray[np.int64]
    uploaders: NDArray[np.int64]
    fixed_sides: dict[int, str]
    sided_groups: frozenset[int]

    @property
    def present(self) -> NDArray[np.bool_]:
        """Return which photos show which tag, bool [n, t]."""
        shown: NDArray[np.bool_] = self.decisions.answers == PRESENT
        return shown

    def part(self, rows: NDArray[np.intp]) -> Candidates:
        """Return these rows only."""
        return replace(
            self,
            decisions=self.decisions.part(rows),
            group_ids=self.group_ids[rows],
            unit_ids=self.unit_ids[rows],
            uploaders=self.uploaders[rows],
        )

    def without_tags(self, tags: Iterable[str]) -> Candidates:
        """Return the same photos without these tags."""
        return replace(self, decisions=self.decisions.without(frozenset(tags)))


def find_candidates(decisions: Decisions, backbone: str, policy: Policy) -> Candidates:
    """Return the embedded photos whose near-duplicates lie on one side only, nobody's copies."""
    group_of: dict[str, tuple[int, str]] = {}
    for batch in chunks(decisions.photos):
        rows = Content.objects.filter(sha256__in=batch, straddles=False)
        described = rows.values_list("pk", "sha256", "group_id", "group__side")
        known = {pk: (sha256, (group_id, side)) for pk, sha256, group_id, side in described}
        # By id, and not in the same query: see `contents_by_id`.
        embedded = Embedding.objects.of_backbone(backbone).filter(content__in=known)
        for content_id in embedded.values_list("content_id", flat=True):
            sha256, group = known[content_id]
            group_of[sha256] = group
    sided = frozenset(group_id for group_id, side in group_of.values() if side)
    group_of = _as_networks_know_them(group_of)
    kept = [row for row, sha256 in enumerate(decisions.photos) if sha256 in group_of]
    part = decisions.part(np.array(kept, dtype=np.intp))
    group_ids = np.array([group_of[sha256][0] for sha256 in part.photos], dtype=np.int64)
    side_of = dict(group_of.values())
    found = Candidates(
        decisions=part,
        group_ids=group_ids,
        unit_ids=group_ids,
        uploaders=np.zeros_like(group_ids),
        fixed_sides={group_id: side for group_id, side in side_of.items() if side},
        sided_groups=sided,
    )
    return _of_people(found, side_of, policy) if counts_people(policy) else found


def _as_networks_know_them(group_of: dict[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """Return (group, side) by SHA-256 such that nothing that taught a network judges: a group
    without a side takes that of the photo that taught, and one that judges does without it."""
    taught = sides_in_networks()
    if not taught:
        return group_of
    given = {
        group_id: taught[sha256]
        for sha256, (group_id, side) in sorted(group_of.items())
        if not side and sha256 in taught
    }
    return {
        sha256: (group_id, side or given.get(group_id, ""))
        for sha256, (group_id, side) in group_of.items()
        if not (side == TEST and sha256 in taught)
    }


def _of_people(found: Candidates, side_of: dict[int, str], policy: Policy) -> Candidates:
    """Return the candidates that their own first uploader offers, on that person's side."""
    people = read_people()
    owners = [people.owner_of_group.get(group_id, 0) for group_id in found.group_ids.tolist()]
    kept = [
        row
        for row, (group_id, owner_id) in enumerate(
            zip(found.group_ids.tolist(), owners, strict=True)
        )
        if owner_id in found.decisions.owner_ids[row]
        and (
            not policy.splits_by_uploader
            or side_of[group_id] in ("", people.side_of_owner.get(owner_id, ""))
        )
    ]
    named = replace(found, uploaders=np.array(owners, dtype=np.int64))
    part = named.part(np.array(kept, dtype=np.intp))
    if not policy.splits_by_uploader:
        return part
    sides = {-owner_id: side for owner_id, side in people.side_of_owner.items()}
    return replace(part, unit_ids=-part.uploaders, fixed_sides=sides)


def keep_useful_rows(candidates: Candidates, policy: Policy) -> Candidates:
    """Leave out photos of which nothing is known, and what lies beyond a share or a ceiling.

    Shares come first, so that a flood fills no ceiling, and again afterwards, as the ceiling
    changes the totals.
    """
    known = (candidates.decisions.answers != 0).any(axis=1)
    chosen = candidates.part(np.flatnonzero(known))
    chosen = _within_shares(chosen, policy)
    if (chosen.present.sum(axis=0) > policy.class_ceiling).any():
        below = _below_ceiling(chosen.present, policy.class_ceiling)
        chosen = _within_shares(chosen.part(np.flatnonzero(below)), policy)
    return chosen


def _within_shares(candidates: Candidates, policy: Policy) -> Candidates:
    stays = within_shares(
        candidates.uploaders,
        candidates.present,
        most_of_tag=policy.most_of_tag,
        most_of_set=policy.most_of_set,
    )
    return candidates.part(np.flatnonzero(stays))


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
