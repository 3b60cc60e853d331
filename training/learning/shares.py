"""Nobody teaches everybody: how many photos one person may bring to a tag and to the whole set."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# A share such as 0.2 of 5 photos is one photo, whatever the last bit of the product says.
_ROUNDING = 1e-9


def least_people(share: float) -> int:
    """Return how many people it takes until nobody has to bring more than this share."""
    return math.ceil(1 / share - _ROUNDING)


def fair_level(counts: Sequence[int] | NDArray[np.integer], share: float) -> int:
    """Return the most photos that one person may bring, given how many each person has.

    Cutting the largest makes the total smaller, and with it everybody's share. So the answer is
    the largest number c for which, everybody cut down to c, nobody has more than `share` of what
    is left. That is one number: as c falls, those who stay below it weigh more. 0 where too few
    people bring anything (`least_people`).
    """
    numbers = np.asarray(counts, dtype=np.int64)
    fits, fails = 0, int(numbers.max(initial=0)) + 1
    while fails - fits > 1:
        level = (fits + fails) // 2
        if level <= share * int(np.minimum(numbers, level).sum()) + _ROUNDING:
            fits = level
        else:
            fails = level
    return fits


def within_shares(
    uploaders: NDArray[np.integer],
    present: NDArray[np.bool_],
    *,
    most_of_tag: float,
    most_of_set: float,
) -> NDArray[np.bool_]:
    """Return which photos stay, bool [n], so that nobody brings more than either share.

    `uploaders` [n] names who brought each photo, `present` [n, t] what it shows. Each tag is cut
    to its fair level and, once all tags keep it, the whole set; what is cut from one may unsettle
    another, so this goes on until nobody is above a share. It ends, since photos only leave. Of
    one person's photos those stay that come first, so order them by something that means nothing.
    """
    stays = np.ones(len(uploaders), dtype=np.bool_)
    while True:
        leaves = np.zeros_like(stays)
        if most_of_tag < 1:
            for column in range(present.shape[1]):
                leaves |= _above_level(uploaders, stays & present[:, column], most_of_tag)
        if not leaves.any() and most_of_set < 1:
            leaves = _above_level(uploaders, stays, most_of_set)
        if not leaves.any():
            return stays
        stays &= ~leaves


def _above_level(
    uploaders: NDArray[np.integer], counted: NDArray[np.bool_], share: float
) -> NDArray[np.bool_]:
    """Return which of the counted photos lie beyond the level of their uploader, bool [n]."""
    rows = np.flatnonzero(counted)
    _, person, numbers = np.unique(uploaders[rows], return_inverse=True, return_counts=True)
    level = fair_level(numbers, share)
    above = np.zeros_like(counted)
    if numbers.max(initial=0) > level:
        by_person = np.argsort(person, kind="stable")
        starts = np.cumsum(numbers) - numbers
        place = np.empty(len(rows), dtype=np.int64)
        place[by_person] = np.arange(len(rows)) - np.repeat(starts, numbers)
        above[rows[place >= level]] = True
    return above
