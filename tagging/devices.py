"""What this machine has for a network: cores, memory, what its CPU can, and NVIDIA GPUs.

Quick where there is no GPU: nothing is imported that was not asked for. GPUs are described by
NVIDIA's own library, which needs no TensorFlow, so that a web process may ask as well.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OLDEST_DRIVER = (525, 60, 13)
"""TensorFlow is built with CUDA 12, and this driver is the oldest that runs all of CUDA 12
(docs.nvidia.com/deploy/cuda-compatibility, minor version compatibility)."""

HOW_TO_INSTALL_GPU = "pip install -r requirements-gpu.txt"

# What makes a network quicker on a CPU, as Linux spells it, and as people do.
_FEATURES = {
    "avx2": "AVX2",
    "avx512f": "AVX-512",
    "avx512_vnni": "AVX-512 VNNI",
    "avx_vnni": "AVX-VNNI",
    "avx512_bf16": "AVX-512 BF16",
    "avx512_fp16": "AVX-512 FP16",
    "amx_bf16": "AMX BF16",
    "amx_int8": "AMX INT8",
    "asimd": "NEON",
    "bf16": "BF16",
    "i8mm": "I8MM",
    "sve": "SVE",
}
# Where a container's memory limit stands: control groups of version 2, then of version 1.
_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


@dataclass(frozen=True)
class Gpu:
    """One NVIDIA GPU: memory in bytes, load in percent of the last moments (None: not told)."""

    name: str
    memory_bytes: int
    used_bytes: int
    load: int | None
    driver: str


@dataclass(frozen=True)
class Processor:
    """The CPU as this process may use it."""

    model: str
    cores: int
    memory_bytes: int
    features: tuple[str, ...]

    @property
    def has_bfloat16(self) -> bool:
        """Return whether it multiplies bfloat16 by itself, which is where OpenVINO gains."""
        return bool({"AVX-512 BF16", "AMX BF16", "BF16"} & set(self.features))


def read_processor(cpuinfo: Path = Path("/proc/cpuinfo")) -> Processor:
    """Return what the system says of the CPU and of the memory that this process may use."""
    try:
        text = cpuinfo.read_text()
    except OSError:
        text = ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    listed = re.search(r"^(?:flags|Features)\s*:\s*(.+)$", text, re.MULTILINE)
    flags = set(listed.group(1).split()) if listed else set()
    return Processor(
        model=named.group(1).strip() if named else os.uname().machine,
        cores=len(os.sched_getaffinity(0)),
        memory_bytes=_memory_in_reach(),
        features=tuple(name for flag, name in _FEATURES.items() if flag in flags),
    )


def read_gpus() -> list[Gpu]:
    """Return the NVIDIA GPUs that the driver knows of; none where driver or package is missing.

    Never raises: it is asked while pages are made.
    """
    try:
        import pynvml
    except ImportError:
        return []
    try:
        pynvml.nvmlInit()
        try:
            found = [_read_gpu(pynvml, number) for number in range(pynvml.nvmlDeviceGetCount())]
            return [gpu for gpu in found if gpu is not None]
        finally:
            pynvml.nvmlShutdown()
    except pynvml.NVMLError:
        return []


def may_have_gpu() -> bool:
    """Return whether there may be an NVIDIA GPU, from the files and commands of its driver."""
    return Path("/dev/nvidia0").exists() or shutil.which("nvidia-smi") is not None


def gpu_is_hidden() -> bool:
    """Return whether CUDA_VISIBLE_DEVICES takes every GPU away from this process."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1")


def gpu_is_usable() -> bool:
    """Return whether TensorFlow sees a GPU, importing it only where there may be one."""
    if gpu_is_hidden() or not may_have_gpu():
        return False
    from tagging.backbones.networks import sees_gpu

    return sees_gpu()


def why_not_used(gpus: list[Gpu]) -> str:
    """Return what to do about a GPU that is there but that TensorFlow does not see."""
    if gpu_is_hidden():
        return "CUDA_VISIBLE_DEVICES hides it from eyes: unset the variable to use it."
    driver = next((gpu.driver for gpu in gpus), "")
    if driver and driver_numbers(driver) < OLDEST_DRIVER:
        oldest = ".".join(map(str, OLDEST_DRIVER))
        return f"Its driver {driver} is older than {oldest}: install a newer one."
    if importlib.util.find_spec("nvidia") is None:
        return f"TensorFlow lacks NVIDIA's libraries: {HOW_TO_INSTALL_GPU}."
    return (
        "TensorFlow could not open it; what it prints says why: "
        "python -c \"import tensorflow; tensorflow.config.list_physical_devices('GPU')\""
    )


def driver_numbers(version: str) -> tuple[int, ...]:
    """Return "535.183.01" as (535, 183, 1), to be compared."""
    return tuple(int(part) for part in re.findall(r"\d+", version))


def _memory_in_reach() -> int:
    """Return the machine's memory in bytes, or the container's limit where that is smaller."""
    found = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    for path in _LIMITS:
        try:
            found = min(found, int(path.read_text()))
        except (OSError, ValueError):  # no such file, or "max"
            continue
    return found


def _read_gpu(library: Any, number: int) -> Gpu | None:
    """Return one GPU by its number, None where it does not answer, as one that fell off its bus;
    a virtual one may keep its load to itself."""
    try:
        handle = library.nvmlDeviceGetHandleByIndex(number)
        memory = library.nvmlDeviceGetMemoryInfo(handle)
    except library.NVMLError:
        return None
    try:
        load = int(library.nvmlDeviceGetUtilizationRates(handle).gpu)
    except library.NVMLError:
        load = None
    return Gpu(
        name=library.nvmlDeviceGetName(handle),
        memory_bytes=int(memory.total),
        used_bytes=int(memory.used),
        load=load,
        driver=library.nvmlSystemGetDriverVersion(),
    )
