"""The rule of near-duplicates on plain numbers."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from tagging.policy import COMMUNITY
from tagging.twins import cosines, find_twins, hash_distances, pack_hashes

ZERO = "0" * 64


def flipped(count: int) -> str:
    """Return the hash that differs from ZERO in this many bits."""
    return f"{(1 << count) - 1:064x}"


def never_asked(rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """Stand where embeddings must not be read."""
    raise AssertionError(f"Nobody needs the embeddings of {rows}.")


def test_distance_counts_different_bits() -> None:
    many = pack_hashes([ZERO, flipped(1), flipped(60), "f" * 64])
    assert hash_distances(pack_hashes([ZERO])[0], many).tolist() == [0, 1, 60, 256]


def test_a_hash_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="64 hex digits"):
        pack_hashes(["00"])


def test_cosine_of_a_zero_vector_is_zero() -> None:
    many = np.array([[1, 0], [1, 1], [0, 0]], np.float16)
    result = cosines(np.array([2, 0], np.float16), many)
    np.testing.assert_allclose(result, [1, 0.5**0.5, 0], atol=1e-3)


def test_near_hashes_are_twins_without_looking_at_embeddings() -> None:
    others = pack_hashes([flipped(10), flipped(61), ZERO])
    rows = find_twins(pack_hashes([ZERO])[0], np.zeros(2), others, never_asked, COMMUNITY)
    assert rows.tolist() == [0, 2]


@pytest.mark.parametrize(("bits", "cosine", "is_twin"), [
    (10, 0.0, True), (11, 0.33, True), (11, 0.29, False), (35, 0.59, True), (35, 0.56, False),
    (60, 0.86, True), (60, 0.84, False), (61, 0.99, False),
])  # fmt: skip
def test_the_further_apart_the_hashes_the_more_the_embeddings_have_to_agree(
    bits: int, cosine: float, is_twin: bool
) -> None:
    vector = np.array([1.0, 0.0], np.float32)
    other = np.array([[cosine, (1 - cosine**2) ** 0.5]], np.float32)
    rows = find_twins(
        pack_hashes([ZERO])[0],
        vector,
        pack_hashes([flipped(bits)]),
        lambda rows: (rows, other),
        COMMUNITY,
    )
    assert bool(rows.size) is is_twin


def test_a_row_without_an_embedding_is_judged_by_its_hash_alone() -> None:
    rows = find_twins(
        pack_hashes([ZERO])[0],
        np.ones(2),
        pack_hashes([flipped(30), flipped(3)]),
        lambda rows: (np.empty(0, np.intp), np.empty((0, 2), np.float32)),
        COMMUNITY,
    )
    assert rows.tolist() == [1]
