"""What a tag still needs once the sides are known, in words."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tagging.policy import Policy
from tagging.supply import Supply
from training.learning.examples import ABSENT, PRESENT, TEST, TRAIN, VALIDATION
from training.learning.shares import least_people
from training.snapshot.candidates import Candidates
from training.snapshot.learnable import WITHOUT_NEGATIVES

Sides = NDArray[np.str_]


def people_missing(candidates: Candidates, policy: Policy) -> str:
    """Return in words how many people the whole set lacks; empty where there are enough.

    With fewer somebody has to bring more than the policy allows to anybody.
    """
    needed = least_people(policy.most_of_set)
    people = len(np.unique(candidates.uploaders))
    if policy.most_of_set == 1 or people >= needed:
        return ""
    return f"needs photos of {needed} people in the whole set, which has those of {people}"


def what_is_missing(
    offered: Candidates,
    chosen: Candidates,
    answers: NDArray[np.int8],
    sides: Sides,
    policy: Policy,
) -> dict[str, str]:
    """Return for each tag that cannot be learnt or judged yet what it needs.

    `offered` are the candidates before anything was cut, `chosen` those that are left; `answers`
    [n, t] are theirs as far as they count on their side, `sides` [n] where they stand.
    """
    missing = {}
    for column, tag in enumerate(chosen.decisions.tags):
        why = _photos_missing(offered.present[:, column], chosen, column, policy)
        if not why:
            why = _judging_missing(chosen, column, answers[:, column], sides, policy)
        if why:
            missing[tag] = why
    return missing


def _photos_missing(
    offered: NDArray[np.bool_], chosen: Candidates, column: int, policy: Policy
) -> str:
    rows = chosen.present[:, column]
    people = len(np.unique(chosen.uploaders[rows]))
    supply = Supply(photos=int(rows.sum()), people=people)
    short = supply.what_is_short(policy)
    if not short or not _is_cut(offered, rows):
        return short and f"needs more that can be used: {short}"
    return (
        f"needs more people: {short}, when nobody brings more than {policy.most_of_tag:.0%} of a "
        f"tag or {policy.most_of_set:.0%} of the whole set"
    )


def _is_cut(offered: NDArray[np.bool_], chosen: NDArray[np.bool_]) -> bool:
    return bool(offered.sum() > chosen.sum())


def _judging_missing(
    chosen: Candidates, column: int, answers: NDArray[np.int8], sides: Sides, policy: Policy
) -> str:
    """Return what keeps a tag from being judged: too little on a side, or nothing against it."""

    def showing(on: str) -> int:
        return len(np.unique(chosen.unit_ids[(answers == PRESENT) & (sides == on)]))

    able = chosen.present[:, column]
    if policy.judges_double_checked_only:
        able = able & chosen.decisions.checked[:, column]
    wanted = policy.least_validation_groups + policy.least_test_groups + 1
    lacking = max(0, policy.least_validation_groups - showing(VALIDATION))
    lacking += max(0, policy.least_test_groups - showing(TEST))
    lacking += 0 if showing(TRAIN) else 1
    if lacking:
        why = f"needs {lacking} more {_noun(lacking, policy)} to judge it on"
        if len(np.unique(chosen.unit_ids[able])) >= wanted:
            # A fresh deal would have been enough: sides that were given once are kept for ever.
            why += "; photos it was judged on are gone, and those it learns from never judge"
        return why
    return "" if _is_denied(chosen.group_ids, answers, sides) else WITHOUT_NEGATIVES


def _is_denied(groups: NDArray[np.int64], answers: NDArray[np.int8], sides: Sides) -> bool:
    """Return whether a test photo is known not to show the tag, nor does a near-duplicate of it."""
    judged = sides == TEST
    shown = np.unique(groups[judged & (answers == PRESENT)])
    return bool((~np.isin(groups[judged & (answers == ABSENT)], shown)).any())


def _noun(number: int, policy: Policy) -> str:
    checked = ", checked by moderators," if policy.judges_double_checked_only else ""
    if policy.splits_by_uploader:
        return f"{'person' if number == 1 else 'people'} with photos of it{checked}"
    return f"distinct {'photo' if number == 1 else 'photos'}{checked}"
