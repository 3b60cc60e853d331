"""What follows from people's decisions along the hierarchy: a curated pug is a dog as well.

A child that is there makes what stands above it true, and a parent that is not there makes what
stands below it false. Nothing follows the other way: who is no pug may be another dog.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tagging.hierarchy import Hierarchy

# How strong a statement is: nothing was said, people said it, a moderator has checked it.
NOTHING, SAID, CHECKED = 0, 1, 2

Strengths = NDArray[np.int8]
# Columns of a tag and of one above it, near or far.
Pairs = list[tuple[int, int]]


@dataclass(frozen=True)
class Statements:
    """What was said of each photo and tag, [n, t] each.

    `present` and `absent` are decisions about the very pair and how strong they are. `assumed` is
    what follows from a closed world or a mark, absent as well. `doubted` are tags that a person
    put there and nobody decided: no ground to learn from, but enough not to assume the contrary.
    """

    present: Strengths
    absent: Strengths
    assumed: Strengths
    doubted: NDArray[np.bool_]


def pairs_among(tags: Sequence[str], hierarchy: Hierarchy) -> Pairs:
    """Return the columns of every two of these tags that stand one below the other."""
    column_of = {tag: column for column, tag in enumerate(tags)}
    return [
        (column, column_of[above])
        for column, tag in enumerate(tags)
        for above in sorted(hierarchy.ancestors(tag) & column_of.keys())
    ]


def spread_up(values: NDArray[np.generic], pairs: Pairs) -> NDArray[np.generic]:
    """Return for each tag the highest value of those below it, [n, t]."""
    spread = np.zeros_like(values)
    for below, above in pairs:
        np.maximum(spread[:, above], values[:, below], out=spread[:, above])
    return spread


def spread_down(values: NDArray[np.generic], pairs: Pairs) -> NDArray[np.generic]:
    """Return for each tag the highest value of those above it, [n, t]."""
    return spread_up(values, [(above, below) for below, above in pairs])


def conclude(said: Statements, pairs: Pairs) -> tuple[Strengths, Strengths]:
    """Return how surely each tag is known to be present, and to be absent, int8 [n, t].

    Decisions that contradict each other (a rejected dog and a curated pug on one photo, or the
    same pair decided both ways) leave both sides unknown, and nothing follows from either. A
    decision about the pair itself outweighs what follows from others, and an undecided tag of a
    person outweighs what would make it absent. Where two conclusions still disagree, nothing is
    known.
    """
    is_present, is_absent = said.present > NOTHING, said.absent > NOTHING
    disputed = is_present & (is_absent | (said.assumed > NOTHING) | spread_down(is_absent, pairs))
    disputed |= is_absent & spread_up(is_present, pairs)
    decided = is_present | is_absent

    there = np.where(disputed, NOTHING, said.present).astype(np.int8)
    gone = np.where(disputed, NOTHING, np.maximum(said.absent, said.assumed)).astype(np.int8)
    implied_there = np.where(decided & (there == NOTHING), NOTHING, spread_up(there, pairs))
    unfit = (decided & (gone == NOTHING)) | said.doubted
    implied_gone = np.where(unfit, NOTHING, spread_down(gone, pairs))

    there, gone = np.maximum(there, implied_there), np.maximum(gone, implied_gone)
    torn = (there > NOTHING) & (gone > NOTHING)
    return (
        np.where(torn, NOTHING, there).astype(np.int8),
        np.where(torn, NOTHING, gone).astype(np.int8),
    )
