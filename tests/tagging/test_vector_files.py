"""Vectors in memory-mapped files: searched exactly enough, written without harm to readers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tagging.vector_files import CANDIDATES, VectorFiles, as_single

DIMENSION, COMPARED = 96, 64


def made(rows: int, seed: int = 0) -> NDArray[np.float16]:
    """Return vectors [rows, d] in bundles of twenty that lie close together."""
    random = np.random.default_rng(seed)
    centres = random.normal(size=(rows // 20 + 1, DIMENSION))
    noise = 0.4 * random.normal(size=(rows, DIMENSION))
    return (np.repeat(centres, 20, axis=0)[:rows] + noise).astype(np.float16)


def write(files: VectorFiles, vectors: NDArray[np.float16], first: int = 1) -> None:
    """Append the vectors with ids and content ids from `first` on."""
    ids = np.arange(first, first + len(vectors))
    with files.writing():
        before = files.manifest() or files.start(DIMENSION, COMPARED)
        files.commit(files.append(before, ids, ids, vectors))


def truly_nearest(vectors: NDArray[np.float16], row: int, most: int) -> list[int]:
    """Return content ids by a plain computation of every cosine."""
    part = vectors[:, :COMPARED].astype(np.float64)
    part /= np.linalg.norm(part, axis=1, keepdims=True)
    order = np.argsort(-(part @ part[row]), kind="stable")
    return [int(other) + 1 for other in order[:most]]


def test_the_nearest_of_many_are_found_in_their_true_order(tmp_path: Path) -> None:
    files, vectors = VectorFiles(tmp_path), made(3 * CANDIDATES)
    write(files, vectors)
    stored = files.open()
    assert stored is not None
    for row in (0, 777, len(vectors) - 1):
        contents, cosines = stored.nearest(vectors[row], 15)
        assert contents == truly_nearest(vectors, row, 15)
        assert cosines[0] == pytest.approx(1, abs=1e-3)
        assert list(cosines) == sorted(cosines, reverse=True)


def test_appending_finds_old_and_new_and_readers_of_before_go_on(tmp_path: Path) -> None:
    files, vectors = VectorFiles(tmp_path), made(400)
    write(files, vectors[:200])
    before = files.open()
    write(files, vectors[200:], first=201)
    after = files.open()
    assert before is not None and after is not None
    assert len(before.contents) == 200 and len(after.contents) == 400
    assert before.nearest(vectors[300], 1)[0][0] <= 200
    assert after.nearest(vectors[300], 1)[0] == [301]
    assert after.manifest.last_id == 400


def test_rows_of_a_killed_writer_never_count(tmp_path: Path) -> None:
    files, vectors = VectorFiles(tmp_path), made(60)
    write(files, vectors[:40])
    manifest = files.manifest()
    assert manifest is not None
    with files.writing():
        ids = np.arange(41, 61)
        files.append(manifest, ids, ids, made(20, seed=9))  # never committed
    write(files, vectors[40:], first=41)
    stored = files.open()
    assert stored is not None
    assert np.array_equal(stored.vectors, vectors)


def test_a_forgotten_vector_is_gone_from_the_file_and_from_answers(tmp_path: Path) -> None:
    files, vectors = VectorFiles(tmp_path), made(40)
    write(files, vectors)
    with files.writing():
        assert files.forget(7)
        assert not files.forget(999)
    stored = files.open()
    assert stored is not None
    assert not stored.vectors[6].any()
    contents, _ = stored.nearest(vectors[6], 40)
    assert 7 not in contents and 0 not in contents and len(contents) == 39


def test_files_that_are_missing_or_shortened_count_as_none(tmp_path: Path) -> None:
    files = VectorFiles(tmp_path)
    assert files.open() is None
    write(files, made(40))
    vectors = next(tmp_path.glob("*.vectors"))
    vectors.write_bytes(vectors.read_bytes()[:100])
    assert files.open() is None
    (tmp_path / "manifest.json").write_text("[]")
    assert files.open() is None
    (tmp_path / "manifest.json").write_text(json.dumps({"name": "1"}))
    assert files.open() is None


def test_new_files_replace_old_ones(tmp_path: Path) -> None:
    files, vectors = VectorFiles(tmp_path), made(40)
    write(files, vectors)
    with files.writing():
        ids = np.arange(1, 11)
        files.commit(files.append(files.start(DIMENSION, COMPARED), ids, ids, vectors[:10]))
    assert len(list(tmp_path.glob("*.vectors"))) == 1
    stored = files.open()
    assert stored is not None and len(stored.contents) == 10


def test_a_vector_without_length_is_like_nothing(tmp_path: Path) -> None:
    files = VectorFiles(tmp_path)
    write(files, made(40))
    stored = files.open()
    assert stored is not None
    assert stored.nearest(np.zeros(DIMENSION, np.float16), 5)[0] == []


def test_the_table_gives_what_a_conversion_gives() -> None:
    halves = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(256, 256)
    expected = halves.astype(np.float32)
    assert np.array_equal(as_single(halves), expected, equal_nan=True)
    assert np.array_equal(as_single(halves[:, ::3]), expected[:, ::3], equal_nan=True)


def test_new_files_never_have_the_name_of_some_that_are_read(tmp_path: Path) -> None:
    files, vectors = VectorFiles(tmp_path), made(60)
    write(files, vectors)
    reader = files.open()
    assert reader is not None
    with files.writing():
        files.discard()
        assert files.open() is None
        files.start(DIMENSION, COMPARED)
    assert reader.nearest(vectors[7], 1)[0] == [8]
    write(files, vectors[:20])
    again = files.open()
    assert again is not None and len(again.contents) == 20
    assert reader.nearest(vectors[7], 1)[0] == [8]
    assert len(list(tmp_path.glob("*.vectors"))) == 1
