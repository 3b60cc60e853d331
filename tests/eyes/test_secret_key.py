"""The secret key is made once, kept private, and never guessed."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from eyes.secret import keep_secret_key


def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    path = tmp_path / "state" / "secret_key"
    first = keep_secret_key(path)
    assert len(first) >= 50
    assert keep_secret_key(path) == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["secret_key"]


def test_starts_at_the_same_moment_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(keep_secret_key, [tmp_path / "secret_key"] * 8))
    assert len(keys) == 1


def test_a_place_that_cannot_be_written_is_named_with_the_way_out(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(ImproperlyConfigured, match="EYES_STATE_DIR"):
        keep_secret_key(blocked / "secret_key")


def test_a_mutilated_key_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    path.write_text("short")
    with pytest.raises(ImproperlyConfigured, match="too short"):
        keep_secret_key(path)
