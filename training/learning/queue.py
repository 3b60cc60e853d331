"""Which pairs of photo and tag are worth a question. Pure numbers.

Three answers: what lies nearest to its threshold, what is unlike everything asked before, and what
was probably decided wrongly.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from tagging.familiarity import Vectors
from training.learning.split import assign_folds

# With fewer answers of either kind a fold would teach on a handful.
LEAST_ANSWERS = 10
# What separates photos of one tag lies in far fewer directions than an embedding has.
_COMPONENTS = 64
_FOLDS = 5
_SEED = 20_190_611

Key = TypeVar("Key")


@dataclass
class Nearest:
    """The `most` keys with the smallest numbers of everything that was offered, for one tag.

    For a stream: what is kept never grows beyond twice as many.
    """

    most: int
    _kept: list[tuple[float, Any]] = field(default_factory=list)

    def offer(self, distance: float, key: object) -> None:
        """Take one more into account."""
        self._kept.append((distance, key))
        if len(self._kept) > 2 * self.most:
            self._cut()

    def keys(self) -> list[Any]:
        """Return the keys, the nearest first."""
        self._cut()
        return [key for _, key in self._kept]

    def _cut(self) -> None:
        self._kept.sort(key=lambda each: each[0])
        del self._kept[self.most :]


def nearest_rows(
    scores: NDArray[np.float32], threshold: float, eligible: NDArray[np.bool_], most: int
) -> NDArray[np.intp]:
    """Return up to `most` eligible rows of scores [n] that lie nearest to the threshold.

    Uncertainty sampling (Lewis and Gale, 1994), where the line is the tag's own and not a half.
    """
    rows = np.flatnonzero(eligible)
    distances = np.abs(scores[rows] - threshold)
    if len(rows) > most:
        chosen = np.argpartition(distances, most - 1)[:most]
        rows, distances = rows[chosen], distances[chosen]
    result: NDArray[np.intp] = rows[np.argsort(distances, kind="stable")]
    return result


def farthest_first(vectors: Vectors, known: Vectors, most: int) -> list[int]:
    """Return up to `most` rows of unit vectors [n, k], each the farthest from all before it.

    The greedy k-centre of Gonzalez (1985) as Sener and Savarese (2018) use it to choose what to
    label: `known`, unit vectors [m, k], are photos that people have spoken of already, and count as
    chosen. Rows that equal a chosen one are left out.
    """
    nearest = np.full(len(vectors), -1.0, dtype=np.float32)
    # In parts, so that the table of photos by photos never exists as a whole.
    for start in range(0, len(known), 256):
        nearest = np.maximum(nearest, (vectors @ known[start : start + 256].T).max(axis=1))
    rows: list[int] = []
    while len(rows) < min(most, len(vectors)):
        row = int(nearest.argmin())
        if nearest[row] > 1 - 1e-5:
            break
        rows.append(row)
        nearest = np.maximum(nearest, vectors @ vectors[row])
        nearest[row] = np.inf
    return rows


def suspected_errors(
    embeddings: NDArray[np.floating[Any]], present: NDArray[np.bool_], groups: Sequence[str]
) -> list[int]:
    """Return the rows whose answer is probably wrong for one tag, the most suspicious first.

    Confident learning (Northcutt, Jiang and Chuang, 2021; the library cleanlab) on out-of-sample
    probabilities: each photo is scored by a logistic regression that saw neither it nor its
    near-duplicates. `embeddings` is [n, d], `present` bool [n], `groups` names the near-duplicates.
    Too few answers of either kind give none.
    """
    if min(int(present.sum()), int((~present).sum())) < LEAST_ANSWERS:
        return []
    from cleanlab.filter import find_label_issues

    probabilities = _out_of_sample(embeddings, present, groups)
    if probabilities is None:
        return []
    issues = find_label_issues(
        labels=present.astype(np.int64),
        pred_probs=probabilities,
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    return [int(row) for row in issues]


def deal_out(per_tag: Mapping[Any, Sequence[Key]], most: int) -> list[Key]:
    """Return up to `most` keys, dealt out in rounds: the first of each tag, then the second.

    So a tag with thousands of doubtful photos leaves room for one with three.
    """
    rounds: Iterator[tuple[Key | None, ...]] = zip_longest(*per_tag.values())
    dealt = [key for each in rounds for key in each if key is not None]
    return dealt[:most]


def _out_of_sample(
    embeddings: NDArray[np.floating[Any]], present: NDArray[np.bool_], groups: Sequence[str]
) -> NDArray[np.float64] | None:
    """Return probabilities [n, 2] of absent and present, or None where a fold cannot be taught."""
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    # The components look at no answer, so they may be taken from all photos together.
    size = min(_COMPONENTS, len(embeddings) - 1, embeddings.shape[1])
    scaled = StandardScaler().fit_transform(embeddings.astype(np.float32))
    features = PCA(size, svd_solver="randomized", random_state=_SEED).fit_transform(scaled)
    features /= features.std() or 1.0
    fold_of = np.array(assign_folds(groups, folds=_FOLDS))
    probabilities = np.zeros((len(features), 2))
    for fold in np.unique(fold_of):
        held_out = fold_of == fold
        taught = present[~held_out]
        if taught.all() or not taught.any():
            return None
        model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=500)
        model.fit(features[~held_out], taught)
        probabilities[held_out] = model.predict_proba(features[held_out])
    return probabilities
