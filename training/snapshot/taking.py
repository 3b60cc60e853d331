"""Taking a snapshot: photos are chosen, dealt out to sides, and frozen."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagging.policy import Policy
from training.decisions import read_decisions
from training.learning.examples import (
    ABSENT,
    PRESENT,
    TEST,
    UNKNOWN,
    VALIDATION,
    Examples,
    Manifest,
    write_manifest,
)
from training.learning.split import Group, assign_sides
from training.one_moment import seeing_one_moment
from training.snapshot.candidates import Candidates, find_candidates, keep_useful_rows
from training.snapshot.learnable import NothingToLearn, learnable_candidates
from training.snapshot.missing import people_missing, what_is_missing


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
class _Deal:
    """Chosen photos with the key of their unit and their side, [n], and the answers that count
    on that side, [n, t]."""

    chosen: Candidates
    keys: tuple[str, ...]
    sides: NDArray[np.str_]
    answers: NDArray[np.int8]


def images_to_embed(policy: Policy) -> list[int]:
    """Return the ids of all photos that may enter the next dataset, one per distinct file.

    Raises NothingToLearn when no tag has enough curated photos.
    """
    with seeing_one_moment():
        names, missing = learnable_candidates(policy)
        if not names:
            raise NothingToLearn(missing)
        return list(read_decisions(names).image_ids)


def take_snapshot(policy: Policy, backbone: str) -> Snapshot:
    """Return what is known now; raises NothingToLearn.

    Everything is read as it stood at one moment, so that a tag that is renamed, merged or blocked
    meanwhile is in it as a whole or not at all. A photo without an embedding of this backbone is
    left out, so embed first. The result does not depend on ids or on the order in which rows came
    to be.
    """
    with seeing_one_moment():
        names, missing = learnable_candidates(policy)
        if not names:
            raise NothingToLearn(missing)
        candidates = find_candidates(read_decisions(names), backbone, policy)
    lonely = people_missing(candidates, policy)
    if lonely:
        raise NothingToLearn(missing | dict.fromkeys(names, lonely))
    while candidates.decisions.tags:
        deal = _deal_out(keep_useful_rows(candidates, policy), policy)
        wanting = what_is_missing(candidates, deal.chosen, deal.answers, deal.sides, policy)
        if not wanting:
            return _freeze(deal, dict(sorted(missing.items())), policy)
        missing |= wanting
        candidates = candidates.without_tags(wanting)
    raise NothingToLearn(missing)


def _deal_out(chosen: Candidates, policy: Policy) -> _Deal:
    """Give every unit a side, and strike out what must not judge.

    Where only moderators' checked answers judge, the sides are balanced for these alone; whoever
    has none of them teaches.
    """
    decisions = chosen.decisions
    judging = decisions.answers
    if policy.judges_double_checked_only:
        judging = np.where(decisions.checked, decisions.answers, UNKNOWN).astype(np.int8)
    units, key_of = _describe_units(chosen, judging)
    side_of = assign_sides(
        units,
        shares={VALIDATION: policy.validation_share, TEST: policy.test_share},
        least_groups={
            VALIDATION: policy.least_validation_groups,
            TEST: policy.least_test_groups,
        },
    )
    keys = tuple(key_of[unit_id] for unit_id in chosen.unit_ids.tolist())
    sides = np.array([side_of[key] for key in keys], dtype="U10")
    answers = np.where((sides == TEST)[:, None], judging, decisions.answers).astype(np.int8)
    return _Deal(chosen, keys, sides, answers)


def _describe_units(
    chosen: Candidates, judging: NDArray[np.int8]
) -> tuple[list[Group], dict[int, str]]:
    """Return the units as the split sees them, and the key of each by its id.

    The key is the smallest SHA-256 among the photos in this dataset: never that of a photo whose
    owner does not offer it.
    """
    decisions = chosen.decisions
    names = np.array(decisions.tags, dtype=object)
    present: dict[int, set[str]] = defaultdict(set)
    absent: dict[int, set[str]] = defaultdict(set)
    keys: dict[int, str] = {}
    for row, unit_id in enumerate(chosen.unit_ids.tolist()):
        keys.setdefault(unit_id, decisions.photos[row])
        present[unit_id].update(names[judging[row] == PRESENT])
        absent[unit_id].update(names[judging[row] == ABSENT])
    units = [
        Group(
            key=key,
            side=chosen.fixed_sides.get(unit_id, ""),
            present=frozenset(present[unit_id]),
            absent=frozenset(absent[unit_id]),
        )
        for unit_id, key in keys.items()
    ]
    return units, keys


def _freeze(deal: _Deal, missing: dict[str, str], policy: Policy) -> Snapshot:
    """Return the snapshot of what was dealt, without test photos that judge nothing."""
    rows = np.flatnonzero((deal.answers != UNKNOWN).any(axis=1))
    chosen = deal.chosen.part(rows)
    examples = Examples(
        photos=chosen.decisions.photos,
        tags=chosen.decisions.tags,
        answers=deal.answers[rows],
        sides=tuple(str(side) for side in deal.sides[rows]),
        groups=tuple(deal.keys[row] for row in rows),
        contests=chosen.decisions.contests,
    )
    sides = zip(chosen.group_ids.tolist(), examples.sides, strict=True)
    return Snapshot(
        examples=examples,
        manifest=write_manifest(examples, unknown_weight=policy.unknown_weight),
        missing=missing,
        sides={group_id: side for group_id, side in sides if group_id not in chosen.sided_groups},
    )
