"""NVIDIA's library as it answers on a machine that has its GPUs, for machines without one."""

from __future__ import annotations

import sys
from collections.abc import Collection
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

GIGABYTE = 1024**3


class NVMLError(Exception):
    """What the library raises for everything."""


def install_gpus(
    monkeypatch: pytest.MonkeyPatch,
    *names: str,
    driver: str = "570.86.15",
    broken: bool = False,
    tells_load: bool = True,
    lost: Collection[int] = (),
) -> None:
    """Put a `pynvml` in place that knows these GPUs: each has 80 GB, 12 of them in use. Those whose
    numbers are `lost` do not answer."""
    library: Any = ModuleType("pynvml")

    def start() -> None:
        if broken:
            raise NVMLError("Driver Not Loaded")

    def load_of(handle: int) -> SimpleNamespace:
        if not tells_load:
            raise NVMLError("Not Supported")
        return SimpleNamespace(gpu=37, memory=9)

    def handle_of(number: int) -> int:
        if number in lost:
            raise NVMLError("GPU is lost")
        return number

    library.NVMLError = NVMLError
    library.nvmlInit = start
    library.nvmlShutdown = lambda: None
    library.nvmlDeviceGetCount = lambda: len(names)
    library.nvmlDeviceGetHandleByIndex = handle_of
    library.nvmlDeviceGetName = lambda handle: names[handle]
    library.nvmlDeviceGetMemoryInfo = lambda handle: SimpleNamespace(
        total=80 * GIGABYTE, used=12 * GIGABYTE
    )
    library.nvmlDeviceGetUtilizationRates = load_of
    library.nvmlSystemGetDriverVersion = lambda: driver
    monkeypatch.setitem(sys.modules, "pynvml", library)
