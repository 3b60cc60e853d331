"""What is known of each photo, as arrays, and the manifest that freezes it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

PRESENT, ABSENT, UNKNOWN = 1, -1, 0
SIGNS = {PRESENT: "+", ABSENT: "-", UNKNOWN: "?"}

TRAIN, VALIDATION, TEST = "train", "validation", "test"


@dataclass(frozen=True)
class Examples:
    """Photos in ascending order of SHA-256 and, per tag, what people know of them.

    `answers` is int8 [photos, tags] of PRESENT, ABSENT and UNKNOWN. `sides` names the side of the
    split, `groups` the near-duplicate group. `contests` holds per photo the columns of the closed
    worlds it was sorted in: there, and only there, "the right tag of these" has a meaning.
    """

    photos: tuple[str, ...]
    tags: tuple[str, ...]
    answers: NDArray[np.int8]
    sides: tuple[str, ...]
    groups: tuple[str, ...]
    contests: tuple[tuple[int, ...], ...]

    def rows_on(self, *sides: str) -> NDArray[np.intp]:
        """Return the row numbers of the photos on these sides, ascending."""
        return np.flatnonzero(np.isin(np.array(self.sides, dtype="U10"), sides))

    def part(self, rows: NDArray[np.intp]) -> Examples:
        """Return these rows only, with every tag."""
        return Examples(
            photos=tuple(self.photos[row] for row in rows),
            tags=self.tags,
            answers=self.answers[rows],
            sides=tuple(self.sides[row] for row in rows),
            groups=tuple(self.groups[row] for row in rows),
            contests=tuple(self.contests[row] for row in rows),
        )

    def of_tags(self, columns: Sequence[int]) -> Examples:
        """Return every row with these tags only, in this order."""
        moved = {column: place for place, column in enumerate(columns)}
        return Examples(
            photos=self.photos,
            tags=tuple(self.tags[column] for column in columns),
            answers=self.answers[:, columns],
            sides=self.sides,
            groups=self.groups,
            contests=tuple(
                tuple(moved[column] for column in contest if column in moved)
                for contest in self.contests
            ),
        )

    def count(self, answer: int, *sides: str) -> dict[str, int]:
        """Return per tag how many photos on these sides (all when none is named) have it."""
        rows = self.rows_on(*(sides or (TRAIN, VALIDATION, TEST)))
        counts = (self.answers[rows] == answer).sum(axis=0)
        return {tag: int(number) for tag, number in zip(self.tags, counts, strict=True)}


@dataclass(frozen=True)
class Manifest:
    """The frozen form of a dataset: compressed bytes and the hash of the JSON inside.

    The hash is of the uncompressed text, so that another release of zlib does not change it.
    """

    packed: bytes
    sha256: str


def write_manifest(examples: Examples, *, unknown_weight: float) -> Manifest:
    """Return the manifest of these examples: equal examples give equal bytes.

    One entry per photo, sorted by SHA-256, no spaces, no ids, no times. `answers` has one sign per
    tag in the order of `tags`; `weights` says what each sign weighs in the loss.
    """
    worlds = sorted(set(examples.contests))
    world_number = {world: number for number, world in enumerate(worlds)}
    content = {
        "format": 1,
        "tags": list(examples.tags),
        "weights": {"+": 1.0, "-": 1.0, "?": unknown_weight},
        "worlds": [list(world) for world in worlds],
        "photos": [
            {
                "sha256": sha256,
                "answers": "".join(SIGNS[int(sign)] for sign in examples.answers[row]),
                "group": examples.groups[row],
                "split": examples.sides[row],
                "world": world_number[examples.contests[row]],
            }
            for row, sha256 in enumerate(examples.photos)
        ],
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()
    return Manifest(packed=_pack(text), sha256=hashlib.sha256(text).hexdigest())


def read_manifest(packed: bytes) -> Examples:
    """Return the examples a manifest froze; raises ValueError when it is damaged."""
    try:
        content = json.loads(gzip.decompress(packed))
        photos = content["photos"]
        tags = tuple(content["tags"])
        signs = {sign: answer for answer, sign in SIGNS.items()}
        rows = [[signs[sign] for sign in photo["answers"]] for photo in photos]
        return Examples(
            photos=tuple(photo["sha256"] for photo in photos),
            tags=tags,
            answers=np.array(rows, dtype=np.int8).reshape(len(photos), len(tags)),
            sides=tuple(photo["split"] for photo in photos),
            groups=tuple(photo["group"] for photo in photos),
            contests=tuple(tuple(content["worlds"][photo["world"]]) for photo in photos),
        )
    except (
        OSError, EOFError, zlib.error, KeyError, TypeError, IndexError, ValueError
    ) as error:  # fmt: skip
        raise ValueError(f"This manifest is damaged: {error}") from error


def hash_of_manifest(packed: bytes) -> str:
    """Return the SHA-256 that `write_manifest` gave these bytes; raises ValueError for damage."""
    try:
        return hashlib.sha256(gzip.decompress(packed)).hexdigest()
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"This manifest is damaged: {error}") from error


def _pack(text: bytes) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as file:
        file.write(text)
    return buffer.getvalue()
