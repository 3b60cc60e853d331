"""A version's folder: appears whole or not at all, and one changed byte is noticed."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from tagging import version_files
from tagging.version_files import (
    HEAD,
    MANIFEST,
    DamagedVersion,
    publish_files,
    published_numbers,
    read_verified,
    verify_files,
)

FILES = {HEAD: b"numbers", "card.md": b"# Version 3\n"}


def test_published_files_verify_and_can_be_read(tmp_path: Path) -> None:
    sha256 = publish_files(tmp_path, 3, FILES)
    verify_files(tmp_path / "3", sha256)
    assert read_verified(tmp_path / "3", sha256, [HEAD]) == {HEAD: b"numbers"}
    assert published_numbers(tmp_path) == {3}


def test_the_hash_depends_on_nothing_but_the_files(tmp_path: Path) -> None:
    swapped = dict(reversed(FILES.items()))
    assert publish_files(tmp_path / "a", 1, FILES) == publish_files(tmp_path / "b", 9, swapped)


@pytest.mark.parametrize("name", [HEAD, "card.md", MANIFEST])
def test_one_changed_byte_in_any_file_is_refused(tmp_path: Path, name: str) -> None:
    sha256 = publish_files(tmp_path, 1, FILES)
    path = tmp_path / "1" / name
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    with pytest.raises(DamagedVersion, match=name):
        verify_files(tmp_path / "1", sha256)


def test_a_missing_file_and_a_missing_folder_are_refused(tmp_path: Path) -> None:
    sha256 = publish_files(tmp_path, 1, FILES)
    (tmp_path / "1" / HEAD).unlink()
    with pytest.raises(DamagedVersion, match=r"head\.npz is missing"):
        verify_files(tmp_path / "1", sha256)
    with pytest.raises(DamagedVersion, match=r"manifest\.json is missing"):
        verify_files(tmp_path / "2", sha256)


def test_a_file_that_was_never_published_is_not_handed_out(tmp_path: Path) -> None:
    sha256 = publish_files(tmp_path, 1, FILES)
    with pytest.raises(DamagedVersion, match="never published"):
        read_verified(tmp_path / "1", sha256, ["golden.npz"])


def test_a_taken_number_is_refused_and_its_files_stay(tmp_path: Path) -> None:
    sha256 = publish_files(tmp_path, 1, FILES)
    with pytest.raises(FileExistsError):
        publish_files(tmp_path, 1, {HEAD: b"other"})
    verify_files(tmp_path / "1", sha256)


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = version_files._write_through

    def write_until_full(path: Path, data: bytes) -> None:
        if path.name == MANIFEST:
            raise OSError(errno.ENOSPC, "No space left on device")
        write(path, data)

    monkeypatch.setattr(version_files, "_write_through", write_until_full)
    with pytest.raises(OSError, match="No space left"):
        publish_files(tmp_path, 1, FILES)
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_attempt_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    (tmp_path / ".1-abc.unfinished").mkdir()
    (tmp_path / ".1-abc.unfinished" / HEAD).write_bytes(b"half")
    publish_files(tmp_path, 1, FILES)
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


@pytest.mark.parametrize("name", ["../head.npz", "a/b", ".hidden", MANIFEST])
def test_a_name_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name"):
        publish_files(tmp_path, 1, {name: b""})
