"""Teaching twice gives the same bytes, whatever the order in which rows came to be."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

pytestmark = pytest.mark.network


def test_two_processes_on_two_databases_give_the_same_manifest_and_head(
    session_store: Path, tmp_path: Path
) -> None:
    told = []
    for seed in (1, 2):
        home = tmp_path / str(seed)
        shutil.copytree(session_store, home / "store")
        ended = subprocess.run(
            [sys.executable, "-m", "tests.training.same_bytes_process", str(seed)],
            cwd=settings.BASE_DIR,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": "eyes.settings",
                "DATABASE_URL": f"sqlite:///{home / 'eyes.sqlite3'}",
                "EYES_MODELS_STORE": str(home / "store"),
                "EYES_MEDIA_ROOT": str(home / "media"),
                "PYTHONHASHSEED": str(seed),
            },
            capture_output=True,
            text=True,
        )
        assert ended.returncode == 0, ended.stderr
        told.append(ended.stdout.splitlines())
    first, second = told
    assert first[0] != second[0], "the rows must have come in another order"
    assert first[1:] == second[1:]
    assert len(first) == 7
