"""A worker is replaced when it grew, but never because its network is a large one."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings


@pytest.mark.parametrize(("engine", "limit"), [("onnx", "700000"), ("keras", "None")])
def test_tensorflow_is_not_loaded_again_for_every_photo(engine: str, limit: str) -> None:
    code = "from django_q.conf import Conf; print(Conf.MAX_RSS)"
    environment = {**os.environ, "EYES_ENGINE": engine, "DJANGO_SETTINGS_MODULE": "eyes.settings"}
    told = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert told.stdout.strip() == limit
