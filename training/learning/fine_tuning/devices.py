"""Which devices learn together, and in which precision.

Keras' own `keras.distribution` distributes under JAX only; under TensorFlow, Keras trains on
several devices inside `tf.distribute.MirroredStrategy`, whose gradients its optimisers sum up.
"""

from __future__ import annotations

import re
from typing import Any

import keras
import tensorflow as tf

AUTO = "auto"
# From this compute capability on GPUs calculate in bfloat16, which needs no scaling of the loss.
_BFLOAT16_CAPABILITY = (8, 0)


class UnknownDevices(ValueError):
    """Raised for a wish that this machine cannot fulfil; the message says what it has."""


def choose_devices(wish: str) -> list[str]:
    """Return the names of the devices for a wish, as TensorFlow writes them (`/gpu:0`).

    `auto` is every GPU, or the CPU where there is none; `cpu` the CPU; a number so many GPUs;
    otherwise names with commas between them: `gpu:0,gpu:2`. Raises UnknownDevices.
    """
    known = {kind: len(tf.config.list_logical_devices(kind.upper())) for kind in ("cpu", "gpu")}
    names = [f"/{kind}:{number}" for kind in known for number in range(known[kind])]
    gpus = [name for name in names if name.startswith("/gpu")]
    wish = wish.strip().lower()
    if wish == AUTO:
        return gpus or ["/cpu:0"]
    if wish == "cpu":
        return ["/cpu:0"]
    if wish.isdecimal() and 1 <= int(wish) <= len(gpus):
        return gpus[: int(wish)]
    chosen = [f"/{part.strip().lstrip('/')}" for part in wish.split(",")]
    if all(re.fullmatch(r"/[cg]pu:\d+", name) for name in chosen) and set(chosen) <= set(names):
        return list(dict.fromkeys(chosen))
    has = ", ".join(name.lstrip("/") for name in names)
    raise UnknownDevices(f"Cannot learn on {wish!r}: this machine has {has}.")


def strategy_for(devices: list[str]) -> tf.distribute.Strategy:
    """Return how TensorFlow spreads the work; variables are made within its scope."""
    if len(devices) == 1:
        return tf.distribute.OneDeviceStrategy(devices[0])
    # Without a GPU there is no NCCL; the copying reduction works between any devices.
    across = None if devices[0].startswith("/gpu") else tf.distribute.HierarchicalCopyAllReduce()
    return tf.distribute.MirroredStrategy(devices, cross_device_ops=across)


def precision_for(devices: list[str]) -> str:
    """Return the Keras policy: mixed on GPUs that gain by it, plain on a CPU, which does not."""
    numbers = {int(name.rpartition(":")[2]) for name in devices if name.startswith("/gpu")}
    if not numbers:
        return "float32"
    found: list[Any] = tf.config.list_physical_devices("GPU")
    details = [tf.config.experimental.get_device_details(found[number]) for number in numbers]
    able = [one.get("compute_capability", (0, 0)) >= _BFLOAT16_CAPABILITY for one in details]
    return "mixed_bfloat16" if all(able) else "float32"


def prepare_process(devices: str) -> list[str]:
    """Set this process up for one fine-tuning and return its devices; raises UnknownDevices."""
    for gpu in tf.config.list_physical_devices("GPU"):
        tf.config.experimental.set_memory_growth(gpu, True)
    tf.get_logger().setLevel("ERROR")
    chosen = choose_devices(devices)
    keras.config.set_dtype_policy(precision_for(chosen))
    return chosen
