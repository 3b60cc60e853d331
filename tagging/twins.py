"""Which photos are near-duplicates: two cheap signals that only together can be trusted.

Pure numbers. A perceptual hash survives scaling and recompression but not cropping; the cosine of
two embeddings survives cropping but calls all photos of one texture alike. The thresholds and
their measurement stand in `policy`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tagging.policy import Policy

HASH_BYTES = 32

Bits = NDArray[np.uint8]
Vectors = NDArray[np.floating[Any]]


def pack_hashes(dhashes: Sequence[str]) -> Bits:
    """Return uint8 [n, 32] for hashes of 64 hex digits; raise ValueError for anything else."""
    data = bytes.fromhex("".join(dhashes))
    if len(data) != len(dhashes) * HASH_BYTES:
        raise ValueError("A dHash-16 has exactly 64 hex digits.")
    return np.frombuffer(data, dtype=np.uint8).reshape(-1, HASH_BYTES)


def hash_distances(one: Bits, many: Bits) -> NDArray[np.uint16]:
    """Return the number of different bits, 0 to 256, between one hash [32] and many [n, 32]."""
    words = np.ascontiguousarray(many).view(np.uint64)
    different = np.bitwise_count(words ^ np.ascontiguousarray(one).view(np.uint64))
    distances: NDArray[np.uint16] = different.sum(axis=1, dtype=np.uint16)
    return distances


def cosines(one: Vectors, many: Vectors) -> NDArray[np.float32]:
    """Return the cosine between one vector [d] and many [n, d]; 0 where a vector is all zero."""
    left, right = one.astype(np.float32), many.astype(np.float32)
    lengths = np.linalg.norm(right, axis=1) * np.linalg.norm(left)
    products = right @ left
    result: NDArray[np.float32] = np.divide(
        products, lengths, out=np.zeros_like(products), where=lengths > 0
    )
    return result


def find_twins(
    bits: Bits,
    vector: Vectors,
    other_bits: Bits,
    vectors_of: Callable[[NDArray[np.intp]], tuple[NDArray[np.intp], Vectors]],
    policy: Policy,
) -> NDArray[np.intp]:
    """Return the rows of `other_bits` [n, 32] that are twins of the photo, ascending.

    `bits` [32] and `vector` [d] are the photo's own. `vectors_of(rows)` returns, of these rows,
    those that have an embedding, and the embeddings; it is asked only about rows in the band
    where the hash alone cannot tell, which are few, and not at all when there are none. There the
    nearer the hashes are, the less the embeddings have to agree (`needed_cosine`).
    """
    distances = hash_distances(bits, other_bits)
    sure = np.flatnonzero(distances <= policy.twin_dhash)
    unsure = np.flatnonzero((distances > policy.twin_dhash) & (distances <= policy.twin_dhash_wide))
    if unsure.size:
        rows, vectors = vectors_of(unsure)
        alike = cosines(vector, vectors) >= needed_cosine(distances[rows], policy)
        sure = np.union1d(sure, rows[alike])
    return sure


def needed_cosine(distances: NDArray[np.integer[Any]], policy: Policy) -> NDArray[np.float64]:
    """Return how alike two embeddings must be at these distances in bits, in the band of doubt.

    The further apart the hashes are, the more the embeddings have to say: in a straight line, so
    that one bit more or less never decides everything.
    """
    ends = [policy.twin_dhash, policy.twin_dhash_wide]
    return np.interp(distances, ends, [policy.twin_cosine_near, policy.twin_cosine])
